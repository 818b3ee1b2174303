using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Evm;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class AdmissionTests
{
    private static readonly Policy Policy = new();
    private static readonly TimestampMs Now = new(Start);

    private static AdmissionRejection? Opaquely(ulong validUntil, int bytes, ulong atMs = 0) => Admission
        .Check(Policy, OrderingBench.Opaque(5), new NamespaceId(5), validUntil, new byte[bytes], new TimestampMs(Start + atMs)).Rejection;

    private static AdmissionVerdict Signed(ulong chain, ReadOnlyMemory<byte> raw, ulong validUntil = 0) =>
        Admission.Check(Policy, EvmNs(6) with { EvmChainId = chain }, new NamespaceId(6), validUntil, raw, Now);

    [Theory]
    [InlineData(0, AdmissionRejection.Empty)]
    [InlineData(1, null)]
    [InlineData(BatchBody.MaxPayloadBytes, null)]
    [InlineData(BatchBody.MaxPayloadBytes + 1, AdmissionRejection.TooLarge)]
    public void Payloads_have_one_byte_at_least_and_the_limit_at_most(int bytes, AdmissionRejection? expected) =>
        Assert.Equal(expected, Opaquely(StartSecond + 10, bytes));

    [Theory]
    [InlineData(0UL, 0UL, AdmissionRejection.ValidUntilRequired)]
    [InlineData(1_700_000_000UL, 0UL, null)]
    [InlineData(1_700_000_000UL, 1UL, AdmissionRejection.Expired)]
    [InlineData(1_700_000_060UL, 0UL, null)]
    [InlineData(1_700_000_061UL, 0UL, AdmissionRejection.TooFarAhead)]
    [InlineData(ulong.MaxValue, 0UL, AdmissionRejection.TooFarAhead)]
    public void ValidUntil_is_judged_by_committed_time(ulong validUntil, ulong atMs, AdmissionRejection? expected) =>
        Assert.Equal(expected, Opaquely(validUntil, 5, atMs));

    [Fact]
    public void Namespace_0_and_unknown_ones_take_nothing()
    {
        Assert.Equal(
            AdmissionRejection.SystemNamespace, Admission.Check(Policy, null, NamespaceId.System, 0, new byte[1], Now).Rejection);
        Assert.Equal(
            AdmissionRejection.UnknownNamespace, Admission.Check(Policy, null, new NamespaceId(4), 0, new byte[1], Now).Rejection);
    }

    [Fact]
    public void Signed_transactions_are_admitted_for_their_own_chain_only_with_their_sender()
    {
        foreach (ValidTransaction vector in EvmVectors.Transactions.Valid)
        {
            byte[] raw = EvmVectors.Bytes(vector.Raw);
            Assert.True(EvmTransaction.TryDecode(raw, out EvmTransaction? transaction, out _));
            if (transaction.ChainId is not { } chain)
            {
                Assert.Equal((AdmissionRejection.WrongChainId, EvmRejection.NoChainId), (Signed(1, raw).Rejection, Signed(1, raw).EvmReason));
                continue;
            }

            AdmissionVerdict verdict = Signed(chain, raw);
            Assert.True(verdict.IsAdmitted);
            Assert.Equal(transaction.Sender, verdict.Transaction!.Sender);
            Assert.Equal(AdmissionRejection.WrongChainId, Signed(chain + 1, raw).Rejection);
            Assert.Equal(AdmissionRejection.ValidUntilNotAllowed, Signed(chain, raw, StartSecond + 1).Rejection);
        }
    }

    [Fact]
    public void Refused_transactions_say_whether_form_or_signature_is_wrong()
    {
        foreach (RefusedTransaction vector in EvmVectors.Transactions.Refused)
        {
            byte[] raw = EvmVectors.Bytes(vector.Raw);
            AdmissionVerdict verdict = Signed(1, raw);
            if (raw.Length > 0) Assert.Equal(vector.Rejection, verdict.EvmReason.ToString());
            AdmissionRejection expected = verdict.EvmReason switch
            {
                EvmRejection.BadParity or EvmRejection.SignatureOutOfRange or EvmRejection.HighS or EvmRejection.NotRecoverable =>
                    AdmissionRejection.BadSignature,
                _ => raw.Length == 0 ? AdmissionRejection.Empty : AdmissionRejection.Malformed,
            };
            Assert.Equal(expected, verdict.Rejection);
        }
    }

    [Fact]
    public void What_is_admitted_is_taken_by_ordering_at_any_later_time_until_it_expires()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var random = new Prng(seed);
            ulong admittedAt = (ulong)random.Between(0, 5_000);
            ulong validUntil = StartSecond + (ulong)random.Between(0, 70);
            if (Opaquely(validUntil, 5, admittedAt) is not null) continue;
            var bench = new OrderingBench(null, OrderingBench.Opaque(5));
            ulong orderedAt = admittedAt + (ulong)random.Between(0, 70_000);
            OrderingResult result = bench.Apply(orderedAt, Tx(5, validUntil, 1, 2, 3, 4, 5));
            RejectionReason[] expected = Start + orderedAt > validUntil * 1000 ? [RejectionReason.Expired] : [];
            Assert.Equal(expected, result.Rejections.Select(r => r.Reason));
        }
    }
}

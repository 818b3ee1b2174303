using System.Text.Json;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>Proof files as sharedseq_getProof serves them, checked with the genesis alone.</summary>
public sealed class ProofServingTests : IAsyncLifetime
{
    private static readonly ulong Soon = StartSecond + 30;
    private readonly ServedNetwork _network = new(Opaque(5), Opaque(9, 60_000));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task A_transaction_of_a_block_that_is_still_open_is_proved_in_the_open_block()
    {
        TestTransaction wanted = Tx(9, Soon, 1, 2);
        await _network.ApplyAsync(10, Tx(9, Soon, 1, 0), Tx(5, Soon, 7), Tx(9, Soon, 1, 1));
        await _network.ApplyAsync(20, wanted, Tx(9, Soon, 1, 3));
        await _network.ApplyAsync(30);
        _network.Certify(await _network.ApplyAsync(60, Tx(9, Soon, 1, 4)));

        byte[] file = await _network.ProofAsync("transaction", wanted.Id.ToString());
        ProofVerdict verdict = _network.Committee.Verifier.Verify(file, out Proof? proof);

        Assert.True(verdict.IsValid, verdict.ToString());
        TransactionProof transaction = Assert.IsType<TransactionProof>(proof);
        Assert.Null(transaction.Block);
        Assert.Equal(wanted.Id, transaction.Id);
        Assert.Equal(2UL, (ulong)transaction.Path.Index);
        Assert.Equal(1UL, transaction.Number);
        AssertNoFlippedByteVerifies(file);
    }

    [Fact]
    public async Task A_transaction_of_a_closed_block_is_proved_in_it_also_when_it_was_open_at_its_own_height()
    {
        TestTransaction wanted = Tx(9, Soon, 1, 0);
        await _network.ApplyAsync(10, wanted);
        _network.Certify(await _network.ApplyAsync(60_010));

        ProofVerdict verdict = _network.Committee.Verifier.Verify(await _network.ProofAsync("transaction", wanted.Id.ToString()), out Proof? proof);

        Assert.True(verdict.IsValid, verdict.ToString());
        Assert.NotNull(Assert.IsType<TransactionProof>(proof).Block);
    }

    [Fact]
    public async Task A_transaction_left_out_is_proved_rejected_with_its_reason()
    {
        TestTransaction unknown = Tx(66, Soon, 1), expired = Tx(5, StartSecond - 1, 3);
        await _network.ApplyAsync(10, Tx(5, Soon, 1), unknown, Tx(67, Soon, 2), expired);
        await _network.ApplyAsync(20, Tx(5, Soon, 2), Tx(66, Soon, 9));
        _network.Certify(await _network.ApplyAsync(60));

        foreach ((TestTransaction transaction, RejectionReason reason) in (IReadOnlyList<(TestTransaction, RejectionReason)>)
            [(unknown, RejectionReason.UnknownNamespace), (expired, RejectionReason.Expired)])
        {
            byte[] file = await _network.ProofAsync("rejection", transaction.Id.ToString());
            ProofVerdict verdict = _network.Committee.Verifier.Verify(file, out Proof? proof);
            Assert.True(verdict.IsValid, verdict.ToString());
            RejectionProof rejection = Assert.IsType<RejectionProof>(proof);
            Assert.Equal(new Rejection(transaction.Id, new NamespaceId(transaction.Namespace), reason), rejection.Rejection);
            Assert.Equal(2, rejection.Later.Count);
            AssertNoFlippedByteVerifies(file);
        }
    }

    [Fact]
    public async Task A_status_carries_its_proof_once_it_is_certified()
    {
        TestTransaction placed = Tx(9, Soon, 1), rejected = Tx(66, Soon, 1);
        await _network.ApplyAsync(10, placed, rejected);
        object[] options = [new { proof = true }];
        Assert.Equal(JsonValueKind.Null, (await StatusAsync(placed, options)).GetProperty("proof").ValueKind);
        _network.Certify(await _network.ApplyAsync(60));
        foreach ((TestTransaction transaction, ProofKind kind) in (IReadOnlyList<(TestTransaction, ProofKind)>)
            [(placed, ProofKind.Transaction), (rejected, ProofKind.Rejection)])
        {
            JsonElement status = await StatusAsync(transaction, options);
            byte[] file = Convert.FromHexString(status.GetProperty("proof").GetString()![2..]);
            Assert.True(_network.Committee.Verifier.Verify(file, out Proof? proof).IsValid);
            Assert.Equal(kind, proof!.Kind);
            Assert.Equal(JsonValueKind.Null, (await StatusAsync(transaction)).GetProperty("proof").ValueKind);
        }
    }

    [Fact]
    public async Task What_can_not_be_proved_yet_or_at_all_is_refused_as_not_found()
    {
        TestTransaction placed = Tx(5, Soon, 1), rejected = Tx(66, Soon, 1);
        await _network.ApplyAsync(10, placed, rejected);
        foreach ((string kind, TestTransaction transaction) in (IReadOnlyList<(string, TestTransaction)>)
            [("transaction", placed), ("rejection", rejected), ("rejection", placed), ("transaction", rejected)])
        {
            JsonElement answer = await _network.CallAsync("sharedseq_getProof", kind, transaction.Id.ToString());
            Assert.Equal(RpcError.NotFound.Code, answer.GetProperty("error").GetProperty("code").GetInt32());
        }
    }

    private async Task<JsonElement> StatusAsync(TestTransaction transaction, params object[] options) =>
        (await _network.CallAsync("sharedseq_getTransaction", [transaction.Id.ToString(), .. options])).GetProperty("result");

    private void AssertNoFlippedByteVerifies(byte[] file)
    {
        for (int at = 0; at < file.Length; at++)
        {
            file[at] ^= 1;
            Assert.False(_network.Committee.Verifier.Verify(file, out _).IsValid, $"byte {at}");
            file[at] ^= 1;
        }
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Contract;

public sealed class ExecutionOutcomeTests
{
    private static readonly SkippedTransaction[] Some =
        [new(0, SkipReason.NonceTooLow), new(7, SkipReason.InsufficientFunds), new(300, SkipReason.Undecodable)];

    [Fact]
    public void The_bytes_of_skips_and_attestations_are_pinned()
    {
        var writer = new CanonicalWriter();
        Outcome(Some).WriteSkipped(writer);
        Assert.Equal("00000003" + "0000000003" + "0000000705" + "0000012C01", Convert.ToHexString(writer.Written));
        Assert.Equal(
            "0x2364e288bb8f9d0ec73efe6b202b0fa7786067ab24a2341517b75d7c60958fc2", Outcome(Some).SkippedRoot.ToString());
        Assert.Equal(
            "0xeaadd2cb017dd82e96fa71157be72faeda0d4eb8c2c5f7ff2df52738583380d0", Outcome([]).SkippedRoot.ToString());

        writer.Reset();
        Outcome([]).ToAttestation().WriteSigningText(writer);
        Assert.Equal(
            Convert.ToHexString("SharedSeq.attestation"u8) + "0000000000001B59" + "0000000000000002" +
            Convert.ToHexString(Sha.Of([1]).ToArray()) + Convert.ToHexString(Sha.Of([2]).ToArray()) +
            Convert.ToHexString(Outcome([]).SkippedRoot.ToArray()),
            Convert.ToHexString(writer.Written));
    }

    [Fact]
    public void Skips_are_read_back_and_every_other_encoding_is_refused()
    {
        var writer = new CanonicalWriter();
        Outcome(Some).WriteSkipped(writer);
        byte[] bytes = writer.ToArray();
        var reader = new CanonicalReader(bytes);
        Assert.Equal(Some, ExecutionOutcome.ReadSkipped(ref reader));
        Assert.Equal(0, reader.Remaining);

        Assert.Equal(DecodeRejection.Truncated, Rejection("00000003" + "0000000003"));
        Assert.Equal(DecodeRejection.Truncated, Rejection("FFFFFFFF" + "0000000003"));
        Assert.Equal(DecodeRejection.NotCanonical, Rejection("00000002" + "0000000103" + "0000000103"));
        Assert.Equal(DecodeRejection.NotCanonical, Rejection("00000002" + "0000000203" + "0000000103"));
        Assert.Equal(DecodeRejection.OverLimit, Rejection("00000001" + "8000000003"));
        Assert.Equal(DecodeRejection.UnknownValue, Rejection("00000001" + "0000000000"));
        Assert.Equal(DecodeRejection.UnknownValue, Rejection("00000001" + "000000000A"));
    }

    [Fact]
    public void An_attestation_is_read_back()
    {
        Attestation attestation = Outcome(Some).ToAttestation();
        var writer = new CanonicalWriter();
        attestation.Write(writer);
        Assert.Equal(Attestation.Size, writer.Length);
        var reader = new CanonicalReader(writer.Written);
        Assert.Equal(attestation, Attestation.Read(ref reader));
    }

    [Fact]
    public void Numbers_of_reasons_and_rejections_are_pinned()
    {
        Assert.Equal(
            "Undecodable=1 WrongChainId=2 NonceTooLow=3 NonceTooHigh=4 InsufficientFunds=5 FeeBelowBaseFee=6 " +
            "GasLimitAboveBlock=7 BlockGasExhausted=8 RefusedByClient=9",
            string.Join(' ', Enum.GetValues<SkipReason>().Select(r => $"{r}={(byte)r}")));
        Assert.Equal(
            "WrongParent=1 OutOfRange=2 UnknownBlock=3 StaleSession=4 ClientSyncing=5 ClientInvalid=6 " +
            "ClientUnreachable=7 Divergence=8 BadBlock=9",
            string.Join(' ', Enum.GetValues<AdapterRejection>().Select(r => $"{r}={(byte)r}")));
        Assert.Equal(
            "Recorded=1 Duplicate=2 Replaced=3 Contradicts=4 NotAnAttester=5 WrongNamespace=6 TooOld=7",
            string.Join(' ', Enum.GetValues<AttestationVerdict>().Select(r => $"{r}={(byte)r}")));
    }

    private static ExecutionOutcome Outcome(SkippedTransaction[] skipped) =>
        new(new NamespaceId(7001), 2, Sha.Of([1]), Sha.Of([2]), skipped);

    private static DecodeRejection Rejection(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        return Assert.Throws<DecodeException>(() =>
        {
            var reader = new CanonicalReader(bytes);
            ExecutionOutcome.ReadSkipped(ref reader);
        }).Reason;
    }
}

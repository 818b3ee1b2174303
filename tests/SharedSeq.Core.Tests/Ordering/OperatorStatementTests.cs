using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>What operators sign, and the one encoding of it.</summary>
public sealed class OperatorStatementTests
{
    private static readonly TestOperators Network = new();

    internal static OperatorStatement[] OneOfEach()
    {
        PublicKey64 candidate = TestOperators.KeysOf(4).VoteKey;
        return
        [
            Network.Join(4, 0, 1, 2),
            Network.Signer.Ready(TestOperators.Later, candidate, new OperatorCheckpoint(new Height(9), Sha.Of([9])), new FakeSigner(candidate)),
            Network.Exit(1),
            Network.Rotate(1, 5),
        ];
    }

    [Fact]
    public void Statements_and_what_is_signed_are_as_pinned()
    {
        VectorFile pins = new("operator-statements");
        foreach (OperatorStatement statement in OneOfEach())
        {
            pins.Pin($"{statement.Kind}", statement.Write);
            foreach (StatementRole role in Enum.GetValues<StatementRole>())
                pins.Pin($"{statement.Kind}, signed as {role}", w => statement.WriteSignedText(w, Network.Bench.Genesis.Domain, role));
        }

        pins.Check();
        Assert.Equal("Join=1 Ready=2 Exit=3 Rotate=4", Numbers<OperatorStatementKind>());
        Assert.Equal("Operator=1 VoteKey=2 NodeKey=3 Approval=4", Numbers<StatementRole>());
        Assert.Equal("Candidate=1 Ready=2 Member=3 Leaving=4 Offender=5", Numbers<OperatorState>());
    }

    [Fact]
    public void Each_statement_has_one_encoding_and_every_shorter_or_longer_one_is_refused()
    {
        foreach (OperatorStatement statement in OneOfEach())
        {
            byte[] bytes = statement.Encode();
            Assert.Equal(bytes, OperatorStatement.Decode(bytes).Encode());
            for (int length = 0; length < bytes.Length; length++) Assert.Throws<DecodeException>(() => OperatorStatement.Decode(bytes.AsSpan(0, length)));
            Assert.Throws<DecodeException>(() => OperatorStatement.Decode([.. bytes, 0]));
        }
    }

    [Fact]
    public void The_largest_join_fits_its_limit()
    {
        var endpoints = new OperatorEndpoints(
            new string('n', OperatorEndpoints.MaxNameBytes), new string('h', OperatorEndpoints.MaxPeerBytes - 6) + ":65535",
            "https://" + new string('u', OperatorEndpoints.MaxRpcBytes - 8));
        Assert.Null(endpoints.Fault());
        OperatorStatement.Join join = Network.Join(300) with { Endpoints = endpoints };
        for (int i = 0; i < QuorumParameters.MaxMembers; i++) join = join.With(new OperatorApproval(TestOperators.KeysOf(i).NodeKey, default));
        Assert.InRange(join.Encode().Length, 17 * 1024 - 512, OperatorStatement.MaxBytes);
        Assert.Equal(QuorumParameters.MaxMembers, Assert.IsType<OperatorStatement.Join>(OperatorStatement.Decode(join.Encode())).Approvals.Count);
        Assert.Throws<DecodeException>(() => OperatorStatement.Decode(join.With(new OperatorApproval(TestOperators.KeysOf(200).NodeKey, default)).Encode()));
    }

    [Fact]
    public void Approvals_are_kept_in_order_and_one_for_each_member()
    {
        OperatorStatement.Join join = Network.Join(4, 2, 0, 1, 0);
        Assert.Equal(3, join.Approvals.Count);
        Assert.Equal(Network.Join(4, 0, 1, 2).Encode(), join.Encode());
        OperatorStatement.Join reversed = join with { Approvals = [.. join.Approvals.Reverse()] };
        Assert.Equal(DecodeRejection.NotCanonical, Assert.Throws<DecodeException>(() => OperatorStatement.Decode(reversed.Encode())).Reason);
    }

    [Theory]
    [InlineData("", "h:1", null)]
    [InlineData("n\u00e9", "h:1", null)]
    [InlineData("n", "h", null)]
    [InlineData("n", ":1", null)]
    [InlineData("n", "h:0", null)]
    [InlineData("n", "h:01", null)]
    [InlineData("n", "h:65536", null)]
    [InlineData("n", "h h:1", null)]
    [InlineData("n", "h:1", "ftp://h")]
    [InlineData("n", "h:1", "http://")]
    [InlineData("n", "h:1", "http://h\"")]
    public void Endpoints_that_nobody_could_use_are_refused(string name, string peer, string? rpc)
    {
        var endpoints = new OperatorEndpoints(name, peer, rpc);
        Assert.NotNull(endpoints.Fault());
        Assert.Throws<DecodeException>(() => OperatorStatement.Decode((Network.Join(4) with { Endpoints = endpoints }).Encode()));
    }

    [Fact]
    public void Keys_that_are_none_or_one_for_both_purposes_are_refused()
    {
        CommitteeMember keys = TestOperators.KeysOf(4);
        CommitteeMember[] all =
        [
            CommitteeMember.Empty, keys with { VoteKey = keys.NodeKey }, keys with { NodeKey = default },
            keys with { NodeKey = keys.NodeKey with { X = keys.VoteKey.X } }, // the mirror image of a key is made by the same secret
        ];
        foreach (CommitteeMember bad in all)
        {
            Assert.Throws<DecodeException>(() => OperatorStatement.Decode((Network.Join(4) with { Keys = bad }).Encode()));
            Assert.Throws<DecodeException>(() => OperatorStatement.Decode(Network.Rotate(1, bad).Encode()));
        }
    }

    [Fact]
    public void A_time_whose_milliseconds_are_no_number_is_refused()
    {
        OperatorStatement exit = Network.Exit(1) with { ValidUntil = OperatorStatement.LatestValidUntil + 1 };
        Assert.Equal(DecodeRejection.OverLimit, Assert.Throws<DecodeException>(() => OperatorStatement.Decode(exit.Encode())).Reason);
    }

    private static string Numbers<T>()
        where T : struct, Enum =>
        string.Join(' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToInt32(v, System.Globalization.CultureInfo.InvariantCulture)}"));
}

using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Operators of a network with stand-in signatures, and a machine that takes what they say.</summary>
internal sealed class TestOperators
{
    private readonly OperatorStatementSigner _signer;
    private ulong _at;
    private ulong _payloads;

    /// <param name="n">Members of genesis.</param>
    /// <param name="quorum">Their thresholds; null for the default ones.</param>
    /// <param name="boundaryLead">Heights from the end of an epoch to its boundary.</param>
    public TestOperators(int n = 4, QuorumParameters? quorum = null, uint boundaryLead = 4)
    {
        CommitteeMember[] members = [.. Enumerable.Range(0, n).Select(KeysOf)];
        var policy = new Policy { EpochSeconds = 1, BoundaryLead = boundaryLead, CheckpointInterval = 2, ReceiptDeadlineHeights = 12 };
        Bench = new OrderingBench(Genesis.Create(
            new ChainId(7), new TimestampMs(OrderingBench.Start), quorum ?? QuorumParameters.ForMembers(n), members, policy, []), new FakeScheme());
        _signer = new OperatorStatementSigner(Bench.Genesis.Domain);
    }

    public OrderingBench Bench { get; }

    public OperatorRegistry Registry => Bench.Machine.Operators;

    public OperatorStatementSigner Signer => _signer;

    /// <summary>validUntil of statements here: an hour after genesis.</summary>
    public static ulong Later => OrderingBench.StartSecond + 3_600;

    /// <summary>The keys of operator number i; any number is somebody.</summary>
    public static CommitteeMember KeysOf(int i) => new(Key(i, 1), Key(i, 2));

    public static OperatorEndpoints EndpointsOf(int i) => new($"operator-{i}", $"127.0.0.1:{7000 + i}", $"http://127.0.0.1:{8000 + i}");

    public OperatorStatement.Join Join(int who, params int[] approvers)
    {
        CommitteeMember keys = KeysOf(who);
        OperatorStatement.Join join = _signer.Join(Later, keys, EndpointsOf(who), new FakeSigner(keys.VoteKey), new FakeSigner(keys.NodeKey));
        foreach (int approver in approvers) join = _signer.Approve(join, KeysOf(approver).NodeKey, new FakeSigner(KeysOf(approver).NodeKey));
        return join;
    }

    public OperatorStatement.Ready Ready(int who) => _signer.Ready(Later, KeysOf(who).VoteKey, Registry.Checkpoints[^1], new FakeSigner(KeysOf(who).VoteKey));

    public OperatorStatement.Exit Exit(int who) => _signer.Exit(Later, KeysOf(who).VoteKey, new FakeSigner(KeysOf(who).VoteKey));

    /// <summary>The operator with the keys of one number takes those of another.</summary>
    public OperatorStatement.Rotate Rotate(int who, int to) => Rotate(who, KeysOf(to));

    public OperatorStatement.Rotate Rotate(int who, CommitteeMember to) => _signer.Rotate(
        Later, KeysOf(who).VoteKey, new FakeSigner(KeysOf(who).VoteKey), to, new FakeSigner(to.VoteKey), new FakeSigner(to.NodeKey));

    /// <summary>One height with statements, each by a lane of its own.</summary>
    public OrderingResult Apply(params OperatorStatement[] statements) => ApplyBytes([.. statements.Select(s => s.Encode())]);

    public OrderingResult ApplyBytes(params byte[][] payloads)
    {
        _at++;
        return Bench.ApplyBatches(_at, [.. payloads.Select(payload => new[] { Transaction(payload) })]);
    }

    /// <summary>A record of namespace 0; each has another validUntil, so that none is a duplicate.</summary>
    public TestTransaction Transaction(byte[] payload) =>
        OrderingBench.Tx(0, OrderingBench.StartSecond + (_at / 1_000) + 1 + (_payloads++ % 50), payload);

    /// <summary>Applies one statement and says why it was left out; null when it took effect.</summary>
    public RejectionReason? Outcome(OperatorStatement statement)
    {
        OrderingResult result = Apply(statement);
        Assert.Equal(1, result.Statements.Count + result.Rejections.Count);
        return result.Rejections.Count == 0 ? null : result.Rejections[0].Reason;
    }

    /// <summary>Applies heights until the next epoch's first one, which is the last applied.</summary>
    public OrderingResult ToNextEpoch(params OperatorStatement[] atItsFirstHeight)
    {
        Epoch epoch = Bench.Machine.Epoch;
        _at += 1_000;
        while (Bench.Machine.Boundary != Bench.Machine.Height) Apply();
        OrderingResult first = Apply(atItsFirstHeight);
        Assert.Equal(epoch.Next(), Bench.Machine.Epoch);
        return first;
    }

    /// <summary>A height whose block carries evidence against seats of an epoch.</summary>
    public OrderingResult Accuse(Epoch epoch, params int[] seats)
    {
        _at++;
        Evidence[] evidence = [.. seats.Select(seat => new Evidence(
            EvidenceKind.TwoFinals, epoch, new ReplicaId((ushort)seat), Statement(1), Statement(2)))];
        return Bench.Machine.Apply(Bench.HeightWith(OrderingBench.Start + _at, new Payload(L1View.None, evidence)), Bench);

        static SignedStatement Statement(byte mark) => new(SignedKind.FinalVote, new byte[] { mark }, default);
    }

    /// <summary>Numbers of the operators by seat, -1 for an empty one.</summary>
    public static int[] Seats(CommitteeSeats? seats) => [.. seats!.Operators.Select(id => id is { } seated ? (int)seated.Value : -1)];

    private static PublicKey64 Key(int i, byte kind) => new(Sha.Of([(byte)i, (byte)(i >> 8), kind]), Sha.Of([kind]));
}

using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.TestOperators;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Which statements take effect, and why the others do not.</summary>
public sealed class OperatorRegistryTests
{
    private readonly TestOperators _network = new();

    public OperatorRegistryTests()
    {
        // The first checkpoint.
        _network.Apply();
        _network.Apply();
    }

    [Fact]
    public void A_join_that_a_quorum_approved_makes_a_candidate_which_is_ready_with_a_checkpoint_it_names()
    {
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 3)));
        Operator candidate = _network.Registry.Find(KeysOf(4).VoteKey)!;
        Assert.Equal((new OperatorId(4), OperatorState.Candidate), (candidate.Id, candidate.State));
        Assert.Equal((KeysOf(4), EndpointsOf(4)), (candidate.Keys, candidate.Endpoints));
        Assert.Null(_network.Outcome(_network.Ready(4)));
        Assert.Equal(OperatorState.Ready, _network.Registry.Find(KeysOf(4).VoteKey)!.State);
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Ready(4)));
    }

    [Fact]
    public void A_join_needs_a_quorum_of_present_members_and_no_others_count()
    {
        Assert.Equal(RejectionReason.TooFewApprovals, _network.Outcome(_network.Join(4)));
        Assert.Equal(RejectionReason.TooFewApprovals, _network.Outcome(_network.Join(4, 0, 1)));
        Assert.Equal(RejectionReason.TooFewApprovals, _network.Outcome(_network.Join(4, 0, 1, 4, 5, 6)));
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 2, 5)));
    }

    [Fact]
    public void Every_signature_of_every_statement_is_checked_with_its_text_and_its_role()
    {
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 2)));
        OperatorStatement.Join join = _network.Join(5, 0, 1, 2);
        OperatorStatement.Rotate rotate = _network.Rotate(1, 6);
        OperatorStatement.Exit exit = _network.Exit(1);
        OperatorStatement.Ready ready = _network.Ready(4);
        var approval = new OperatorApproval(KeysOf(2).NodeKey, default);
        var elsewhere = new OperatorStatementSigner(_network.Bench.Genesis.Domain with { Chain = new ChainId(8) });
        OperatorStatement[] forged =
        [
            join with { VoteKeySignature = default },
            join with { NodeKeySignature = default },
            join.With(approval),
            join with { VoteKeySignature = join.NodeKeySignature },
            join with { Endpoints = EndpointsOf(6) },
            join with { ValidUntil = Later + 1 },
            rotate with { Signature = default },
            rotate with { VoteKeySignature = default },
            rotate with { NodeKeySignature = default },
            rotate with { ValidUntil = Later + 1 },
            exit with { Signature = default },
            exit with { Signature = rotate.Signature },
            exit with { ValidUntil = Later + 1 },
            ready with { Signature = default },
            elsewhere.Exit(Later, KeysOf(1).VoteKey, new FakeSigner(KeysOf(1).VoteKey)),
        ];
        Hash32 before = _network.Bench.Machine.StateRoot();
        foreach (OperatorStatement statement in forged) Assert.Equal(RejectionReason.BadStatementSignature, Rejected(statement));
        Assert.NotEqual(before, _network.Bench.Machine.StateRoot());
        Assert.Equal(5, _network.Registry.Operators.Count);
        Assert.All(new OperatorStatement[] { join, _network.Ready(4), rotate }, statement => Assert.Null(_network.Outcome(statement)));
    }

    [Fact]
    public void A_statement_is_void_above_its_own_time()
    {
        ulong second = OrderingBench.StartSecond;
        OperatorStatement.Exit exit = _network.Signer.Exit(second, KeysOf(1).VoteKey, new FakeSigner(KeysOf(1).VoteKey));
        Assert.Equal(RejectionReason.Expired, _network.Outcome(exit));
        Assert.Null(_network.Registry.Check(exit, new TimestampMs(second * 1_000), _network.Bench.Scheme));
        Assert.Equal(RejectionReason.Expired, _network.Registry.Check(exit, new TimestampMs((second * 1_000) + 1), _network.Bench.Scheme));
    }

    [Fact]
    public void No_key_serves_twice()
    {
        CommitteeMember fresh = KeysOf(9);
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 2)));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Join(4, 0, 1, 2)));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Join(1, 0, 1, 2)));
        Assert.Null(_network.Outcome(_network.Rotate(1, 5)));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Join(5, 0, 1, 2)));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Rotate(2, 5)));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Rotate(2, fresh with { NodeKey = KeysOf(3).NodeKey })));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Rotate(2, new CommitteeMember(KeysOf(2).NodeKey, KeysOf(2).VoteKey))));

        // A candidate that withdrew does not come back with its keys.
        Assert.Null(_network.Outcome(_network.Exit(4)));
        Assert.Null(_network.Registry.Find(KeysOf(4).VoteKey));
        Assert.Equal(RejectionReason.KeyUsed, _network.Outcome(_network.Join(4, 0, 1, 2)));
    }

    [Fact]
    public void A_member_may_keep_one_of_its_keys_but_not_both()
    {
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Rotate(1, KeysOf(1))));
        Assert.Null(_network.Outcome(_network.Rotate(1, KeysOf(1) with { NodeKey = KeysOf(5).NodeKey })));
        Assert.Null(_network.Outcome(_network.Rotate(2, KeysOf(2) with { VoteKey = KeysOf(5).VoteKey })));
    }

    [Fact]
    public void What_is_under_way_is_not_asked_for_twice()
    {
        Assert.Null(_network.Outcome(_network.Rotate(1, 5)));
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Rotate(1, 6)));
        Assert.Null(_network.Outcome(_network.Exit(1)));
        Assert.Null(_network.Registry.Find(KeysOf(1).VoteKey)!.NewKeys);
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Exit(1)));
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Rotate(1, 6)));
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Ready(2)));
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 2)));
        Assert.Equal(RejectionReason.OutOfTurn, _network.Outcome(_network.Rotate(4, 6)));
    }

    [Fact]
    public void Strangers_say_nothing()
    {
        Assert.Equal(RejectionReason.UnknownOperator, _network.Outcome(_network.Exit(7)));
        Assert.Equal(RejectionReason.UnknownOperator, _network.Outcome(_network.Rotate(7, 8)));
        Assert.Equal(RejectionReason.UnknownOperator, _network.Outcome(_network.Ready(7)));
    }

    [Fact]
    public void Ready_names_one_of_the_newest_checkpoints()
    {
        Assert.Null(_network.Outcome(_network.Join(4, 0, 1, 2)));
        OperatorCheckpoint known = _network.Registry.Checkpoints[0];
        OperatorCheckpoint[] unknown =
        [
            known with { EffectsRoot = Sha.Of([1]) }, known with { Height = known.Height.Next() }, known with { Height = known.Height.Plus(100) },
        ];
        foreach (OperatorCheckpoint checkpoint in unknown) Assert.Equal(RejectionReason.UnknownCheckpoint, Rejected(Ready(checkpoint)));
        while (_network.Registry.Checkpoints[0] == known) _network.Apply();
        Assert.Equal(OperatorRegistry.CheckpointsMax, _network.Registry.Checkpoints.Count);
        Assert.Equal(RejectionReason.UnknownCheckpoint, Rejected(Ready(known)));
        Assert.Null(_network.Outcome(Ready(_network.Registry.Checkpoints[0])));

        OperatorStatement Ready(OperatorCheckpoint checkpoint) =>
            _network.Signer.Ready(Later, KeysOf(4).VoteKey, checkpoint, new FakeSigner(KeysOf(4).VoteKey));
    }

    [Fact]
    public void A_checkpoint_that_may_be_named_is_one_that_its_result_certifies()
    {
        OrderingResult result = _network.Apply();
        while (!result.IsCheckpoint) result = _network.Apply();
        Assert.Equal(new OperatorCheckpoint(result.Height, result.Result.EffectsRoot), _network.Registry.Checkpoints[^1]);
        Assert.Equal(result.Result.StateRoot, _network.Bench.Machine.StateRoot());
    }

    [Fact]
    public void Candidates_keys_and_rotations_are_bounded()
    {
        for (int i = 0; i < OperatorRegistry.CandidatesMax; i++) Assert.Null(_network.Outcome(_network.Join(100 + i, 0, 1, 2)));
        Assert.Equal(RejectionReason.RegistryFull, _network.Outcome(_network.Join(99, 0, 1, 2)));
        OperatorRegistry registry = _network.Registry;
        for (int i = 0; registry.KeyCount + 2 <= OperatorRegistry.KeysMax; i++)
            registry = registry.With(_network.Join(100 + i, 0, 1, 2)).With(_network.Exit(100 + i));
        registry = registry.With(_network.Exit(100));
        Assert.Equal(RejectionReason.RegistryFull, registry.Check(_network.Join(9_999, 0, 1, 2), default, _network.Bench.Scheme));
        Assert.Equal(RejectionReason.RegistryFull, registry.Check(_network.Rotate(1, 9_999), default, _network.Bench.Scheme));
    }

    [Fact]
    public void One_operator_can_not_use_up_the_keys_of_all()
    {
        int keys = 1;
        for (int i = 0; i < OperatorRegistry.RotationsMax; i++)
        {
            Assert.Null(_network.Outcome(_network.Rotate(keys, 1_000 + i)));
            keys = 1_000 + i;
            _network.ToNextEpoch();
        }

        Assert.Equal(RejectionReason.RegistryFull, _network.Outcome(_network.Rotate(keys, 2_000)));
        Assert.Null(_network.Outcome(_network.Rotate(2, 2_000)));
    }

    [Fact]
    public void One_record_of_each_lane_is_looked_at_in_a_height()
    {
        byte[] exit = _network.Exit(1).Encode();
        OrderingResult result = _network.Bench.Apply(10, _network.Transaction([1]), _network.Transaction(exit), _network.Transaction(exit));
        Assert.Equal(
            [RejectionReason.BadStatement, RejectionReason.Congested, RejectionReason.Congested], result.Rejections.Select(r => r.Reason));
        OrderingResult others = _network.Bench.ApplyBatches(11, [_network.Transaction([2])], [_network.Transaction(exit)]);
        Assert.Equal(RejectionReason.BadStatement, others.Rejections.Single().Reason);
        Assert.Single(others.Statements);
    }

    [Fact]
    public void A_statement_sent_again_as_it_was_is_a_duplicate()
    {
        TestTransaction exit = _network.Transaction(_network.Exit(1).Encode());
        Assert.Equal(exit.Id, _network.Bench.Apply(10, exit).Statements.Single().Id);
        OrderingResult again = _network.Bench.Apply(11, exit);
        Assert.Equal((0, 0, 1U), (again.Statements.Count, again.Rejections.Count, again.Effects.Duplicates));
    }

    [Fact]
    public void Statements_of_two_operators_in_any_order_end_alike()
    {
        OperatorStatement[] statements =
            [_network.Join(4, 0, 1, 2), _network.Exit(0), _network.Rotate(1, 5), _network.Rotate(2, KeysOf(2) with { NodeKey = KeysOf(6).NodeKey })];
        var ends = new HashSet<string>();
        foreach (int[] order in Orders(statements.Length))
        {
            var network = new TestOperators();
            foreach (int i in order) Assert.Null(network.Outcome(statements[i]));
            for (int epoch = 0; epoch < 3; epoch++) network.ToNextEpoch();
            ends.Add(string.Join(',', network.Registry.Operators.Select(o => $"{o.Id}:{o.State}:{o.Keys.VoteKey}:{o.Keys.NodeKey}")));
        }

        Assert.Single(ends);
    }

    /// <summary>The statement was left out, and nothing but the order of heights changed.</summary>
    private RejectionReason Rejected(OperatorStatement statement)
    {
        IReadOnlyList<Operator> before = _network.Registry.Operators;
        int keys = _network.Registry.KeyCount;
        RejectionReason? reason = _network.Outcome(statement);
        Assert.Equal((before.Count, keys), (_network.Registry.Operators.Count, _network.Registry.KeyCount));
        Assert.Equal(before, _network.Registry.Operators);
        return Assert.NotNull(reason);
    }

    private static IEnumerable<int[]> Orders(int n) => n == 0
        ? [[]]
        : Orders(n - 1).SelectMany(order => Enumerable.Range(0, n).Select(at => (int[])[.. order[..at], n - 1, .. order[at..]]));
}

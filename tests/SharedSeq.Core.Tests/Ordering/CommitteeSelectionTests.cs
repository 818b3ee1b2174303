using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.TestOperators;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Who serves the next epoch.</summary>
public sealed class CommitteeSelectionTests
{
    [Fact]
    public void Thresholds_by_size_are_as_pinned()
    {
        string table = string.Join(' ', Enumerable.Range(4, 37).Select(n => QuorumParameters.ForMembers(n)).Select(q => $"{q.N}:{q.F},{q.P}"));
        Assert.Equal(
            "4:1,0 5:1,0 6:1,0 7:1,1 8:1,1 9:1,1 10:2,1 11:2,1 12:2,1 13:2,2 14:2,2 15:2,2 16:4,1 17:4,1 18:4,1 19:5,1 20:5,1 21:5,1 22:6,1 23:6,1 24:6,1 "
            + "25:7,1 26:7,1 27:7,1 28:8,1 29:8,1 30:8,1 31:9,1 32:9,1 33:9,1 34:10,1 35:10,1 36:10,1 37:11,1 38:11,1 39:11,1 40:12,1",
            table);
    }

    [Fact]
    public void The_first_height_of_an_epoch_fixes_the_next_committee_and_its_boundary_names_it()
    {
        var network = new TestOperators();
        Assert.Null(network.Registry.Next);
        OrderingResult first = network.Apply();
        Assert.Equal(new Epoch(1), first.FixedCommittee!.Epoch);
        Assert.Null(network.Apply().FixedCommittee);
        OrderingResult second = network.ToNextEpoch();
        Assert.Equal((new Epoch(2), new Epoch(1)), (second.FixedCommittee!.Epoch, network.Registry.Present.Plan.Epoch));
    }

    [Fact]
    public void A_fifth_operator_joins_the_first_one_leaves_and_a_third_rotates_one_change_an_epoch()
    {
        var network = new TestOperators();
        network.Apply();
        network.Apply();
        foreach (OperatorStatement statement in new OperatorStatement[] { network.Join(4, 0, 1, 2), network.Exit(0), network.Rotate(2, 6) })
            Assert.Null(network.Outcome(statement));
        Assert.Null(network.Outcome(network.Ready(4)));

        // Four must stay, so the rotation is first, then there is room to join, then to leave.
        (CommitteeMember Keys, CommitteeMember? NewKeys) ThirdServes()
        {
            OperatorOutlook third = network.Registry.Outlook()[2];
            return (third.Keys, third.NewKeys);
        }

        Assert.Equal((KeysOf(2), KeysOf(6)), ThirdServes());
        CommitteeSeats rotated = NextOf(network);
        Assert.Equal((KeysOf(2), KeysOf(6)), ThirdServes());
        Assert.Equal([0, 1, 2, 3], Seats(rotated));
        Assert.Equal((KeysOf(6), KeysOf(2)), (rotated.Plan.Members[2], network.Registry.Present.Plan.Members[2]));
        Assert.Null(network.Outcome(network.Ready(4)));
        Assert.Equal([0, 1, 2, 3, 4], Seats(NextOf(network)));
        Assert.Equal((KeysOf(6), null), ThirdServes());
        Assert.Equal(KeysOf(6), network.Registry.Present.Plan.Members[2]);
        Assert.Equal([1, 2, 3, 4], Seats(NextOf(network)));
        Assert.NotNull(network.Registry.Find(new OperatorId(0)));
        Assert.Equal([1, 2, 3, 4], Seats(NextOf(network)));
        Assert.Null(network.Registry.Find(new OperatorId(0)));
        Assert.Equal(QuorumParameters.ForMembers(4), network.Registry.Present.Plan.Quorum);
    }

    [Fact]
    public void Statements_of_an_epochs_first_height_count_for_the_committee_it_fixes_and_later_ones_for_the_one_after()
    {
        var network = new TestOperators(5);
        network.Apply();
        network.ToNextEpoch(network.Exit(3));
        Assert.Equal([0, 1, 2, 4], Seats(network.Registry.Next));
        var later = new TestOperators(5);
        later.Apply();
        later.ToNextEpoch();
        Assert.Null(later.Outcome(later.Exit(3)));
        Assert.Equal([0, 1, 2, 3, 4], Seats(later.Registry.Next));
        Assert.Equal([0, 1, 2, 4], Seats(NextOf(later)));
    }

    [Fact]
    public void Candidates_wait_until_they_are_ready_and_join_by_number()
    {
        var network = new TestOperators(10);
        network.Apply();
        network.Apply();
        for (int i = 10; i < 14; i++) Assert.Null(network.Outcome(network.Join(i, 0, 1, 2, 3, 4, 5, 6)));
        foreach (int ready in new[] { 13, 10, 12 }) Assert.Null(network.Outcome(network.Ready(ready)));

        // f = 2 of ten members, and two of the three that are ready.
        Assert.Equal([.. Enumerable.Range(0, 10), 10, 12], Seats(NextOf(network)));
        Assert.Equal(OperatorState.Candidate, network.Registry.Find(KeysOf(11).VoteKey)!.State);

        // The third may have stopped since: it is seated when it says again that it is in step, and not before.
        Assert.Equal(OperatorState.Candidate, network.Registry.Find(KeysOf(13).VoteKey)!.State);
        Assert.Equal([.. Enumerable.Range(0, 10), 10, 12], Seats(NextOf(network)));
        Assert.Null(network.Outcome(network.Ready(13)));
        Assert.Equal([.. Enumerable.Range(0, 10), 10, 12, 13], Seats(NextOf(network)));
    }

    [Fact]
    public void More_than_f_that_want_to_leave_leave_in_turn_and_never_below_four()
    {
        var network = new TestOperators(7);
        network.Apply();
        for (int i = 0; i < 7; i++) Assert.Null(network.Outcome(network.Exit(i)));
        Assert.Equal([1, 2, 3, 4, 5, 6], Seats(NextOf(network)));
        Assert.Equal([2, 3, 4, 5, 6], Seats(NextOf(network)));
        Assert.Equal([3, 4, 5, 6], Seats(NextOf(network)));
        Assert.Equal([3, 4, 5, 6], Seats(NextOf(network)));
    }

    [Fact]
    public void An_offender_leaves_its_seat_empty_at_once_and_the_seat_is_dropped_or_taken_later()
    {
        var network = new TestOperators(5);
        network.Apply();
        Assert.Equal([0, 1, -1, 3, 4], Seats(SeatsOf(network.Accuse(Epoch.Zero, 2).FixedCommittee, network)));
        CommitteePlan plan = network.Registry.Next!.Plan;
        Assert.Equal((CommitteeMember.Empty, QuorumParameters.ForMembers(5)), (plan.Members[2], plan.Quorum));
        Assert.Equal(OperatorState.Offender, network.Registry.Find(new OperatorId(2))!.State);
        Assert.Equal(RejectionReason.OutOfTurn, network.Outcome(network.Exit(2)));
        Assert.Equal(RejectionReason.OutOfTurn, network.Outcome(network.Rotate(2, 8)));
        OrderingResult first = network.ToNextEpoch();
        Assert.Equal([0, 1, 3, 4], Seats(network.Registry.Next));
        Assert.Equal(first.FixedCommittee, network.Registry.Next!.Plan);
        Assert.Null(network.Registry.Find(new OperatorId(2)));
        Assert.Equal(RejectionReason.KeyUsed, network.Outcome(network.Join(2, 0, 1, 3, 4)));
    }

    [Fact]
    public void At_most_f_seats_are_empty_and_the_last_four_are_not_dropped()
    {
        var network = new TestOperators();
        network.Apply();
        network.Accuse(Epoch.Zero, 3, 1);
        Assert.Equal([0, 1, 2, -1], Seats(network.Registry.Next));
        Assert.Equal([0, 1, 2, -1], Seats(NextOf(network)));
        Assert.Equal(OperatorState.Offender, network.Registry.Find(new OperatorId(1))!.State);

        // A newcomer takes the empty seat; then the other offender loses its own.
        Assert.Null(network.Outcome(network.Join(4, 0, 1, 2)));
        Assert.Null(network.Outcome(network.Ready(4)));
        Assert.Equal([0, 1, 2, 4], Seats(NextOf(network)));
        Assert.Equal([0, -1, 2, 4], Seats(NextOf(network)));
    }

    [Fact]
    public void Evidence_of_an_ended_epoch_finds_the_operator_in_the_seat_it_has_now_as_long_as_its_lanes_are_open()
    {
        var network = new TestOperators(6);
        network.Apply();
        network.ToNextEpoch(network.Exit(0));
        network.ToNextEpoch();
        Assert.Equal([1, 2, 3, 4, 5], Seats(network.Registry.Present));
        ulong boundary = network.Bench.Machine.Height.Value - 1;
        network.Accuse(new Epoch(1), 3);
        Assert.Equal([1, 2, -1, 4, 5], Seats(network.Registry.Next));

        // Who has left is out already, and an epoch that is long over is not looked up any more.
        network.Accuse(new Epoch(1), 0);
        while (network.Bench.Machine.Height.Value < boundary + 12) network.Apply();
        OperatorRegistry before = network.Registry;
        network.Accuse(new Epoch(1), 4);
        Assert.Equal(before.Operators, network.Registry.Operators);
    }

    [Fact]
    public void A_network_whose_thresholds_forgive_nobody_keeps_its_members()
    {
        var network = new TestOperators(3);
        network.Apply();
        Assert.Null(network.Outcome(network.Exit(0)));
        Assert.Null(network.Outcome(network.Rotate(1, 5)));
        Assert.Equal([0, 1, 2], Seats(NextOf(network)));
        Assert.Equal(KeysOf(1), network.Registry.Next!.Plan.Members[1]);
    }

    [Fact]
    public void Thresholds_of_genesis_hold_for_committees_of_its_size()
    {
        var chosen = new QuorumParameters(7, 2, 0);
        var network = new TestOperators(7, chosen);
        network.Apply();
        Assert.Null(network.Outcome(network.Exit(0)));
        Assert.Equal(QuorumParameters.ForMembers(6), NextOf(network).Plan.Quorum);
        Assert.Null(network.Outcome(network.Join(7, 1, 2, 3, 4, 5, 6)));
        Assert.Null(network.Outcome(network.Ready(7)));
        NextOf(network);
        Assert.Equal(chosen, network.Registry.Next!.Plan.Quorum);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_operators_say_committees_keep_their_rules(ulong seed)
    {
        var random = new Prng(seed);
        var network = new TestOperators((int)random.Between(4, 12));
        network.Apply();
        network.Apply();
        int fresh = 20;
        var accused = new HashSet<OperatorId>();
        CommitteeSeats present = network.Registry.Present;
        for (int height = 0; height < 120; height++)
        {
            OperatorStatement[] said = [.. Enumerable.Range(0, random.Below(3)).Select(_ => Something(network, random, ref fresh))];
            if (random.Chance(60)) Accuse(network, random, accused);
            if (random.Chance(150)) network.Bench.SnapshotAndRestore();
            if (random.Chance(100)) network.ToNextEpoch(said);
            else network.Apply(said);
            if (network.Registry.Present.Plan.Epoch == present.Plan.Epoch) continue;
            CheckChange(present, network.Registry.Present, accused);
            present = network.Registry.Present;
        }

        Assert.True(network.Bench.Machine.Epoch.Value > 2);
    }

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 25).Select(i => (ulong)i)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_foretold_comes_true_if_nobody_says_anything_more(ulong seed)
    {
        var random = new Prng(seed);
        var network = new TestOperators((int)random.Between(4, 12));
        network.Apply();
        network.Apply();
        int fresh = 20;
        for (int height = 0; height < 40; height++) network.Apply(Something(network, random, ref fresh));
        network.ToNextEpoch();
        OperatorOutlook[] foretold = network.Registry.Outlook();
        CommitteeSeats present = network.Registry.Present;
        network.ToNextEpoch();
        CommitteeSeats next = network.Registry.Present;
        network.ToNextEpoch();
        CommitteeSeats after = network.Registry.Present;
        foreach (OperatorOutlook outlook in foretold)
        {
            OperatorId id = outlook.Operator.Id;
            Assert.Equal((present.SeatOf(id), next.SeatOf(id)), (outlook.Seat, outlook.NextSeat));
            Assert.Equal(outlook.Step == OperatorStep.NextEpoch, Keys(present, id) != Keys(next, id));
            if (outlook.Step != OperatorStep.NextEpoch) Assert.Equal(outlook.Step == OperatorStep.EpochAfterNext, Keys(next, id) != Keys(after, id));
        }

        static CommitteeMember? Keys(CommitteeSeats seats, OperatorId id) => seats.SeatOf(id) is { } seat ? seats.Plan.Members[seat.Value] : null;
    }

    [Fact]
    public void A_candidate_names_the_newest_certified_checkpoint_once_it_is_in_step()
    {
        var network = new TestOperators();
        for (int i = 0; i < 5; i++) network.Apply();
        PublicKey64 candidate = KeysOf(4).VoteKey;
        Assert.Null(Named(5, 5));
        Assert.Null(network.Outcome(network.Join(4, 0, 1, 2)));
        Assert.Equal(new Height(4), Named(4, 6)?.Height);
        Assert.Equal(new Height(2), Named(3, 6)?.Height);
        Assert.Null(Named(1, 6));
        Assert.NotNull(Named(6, 6 + OperatorReadiness.LagHeightsMax));
        Assert.Null(Named(6, 7 + OperatorReadiness.LagHeightsMax));
        Assert.Null(network.Outcome(network.Ready(4)));
        Assert.Null(Named(6, 7));

        OperatorCheckpoint? Named(ulong certified, ulong newest) => OperatorReadiness.CheckpointToName(
            network.Registry, candidate, network.Bench.Machine.Height, new Height(certified), new Height(newest));
    }

    [Fact]
    public void A_snapshot_has_the_registry_and_restores_its_state_root_at_every_height()
    {
        var network = new TestOperators();
        network.Apply();
        network.Apply();
        network.Apply(network.Join(4, 0, 1, 2), network.Rotate(1, 5));
        network.Apply(network.Ready(4));
        for (int i = 0; i < 12; i++)
        {
            Hash32 root = network.Bench.Machine.StateRoot();
            byte[] snapshot = network.Bench.SnapshotBytes();
            network.Bench.SnapshotAndRestore();
            Assert.Equal(root, network.Bench.Machine.StateRoot());
            Assert.Equal(snapshot, network.Bench.SnapshotBytes());
            if (i % 4 == 3) network.ToNextEpoch();
            else if (i == 5) network.Apply(network.Ready(4));
            else network.Apply();
        }

        Assert.Equal([0, 1, 2, 3, 4], Seats(network.Registry.Present));
    }

    /// <summary>The rules that hold from one committee to the next.</summary>
    private static void CheckChange(CommitteeSeats before, CommitteeSeats after, HashSet<OperatorId> accused)
    {
        QuorumParameters quorum = after.Plan.Quorum;
        Assert.True(quorum.N >= 4 && after.EmptyCount <= quorum.F, $"{after.EmptyCount} of {quorum.N} seats are empty");
        OperatorId[] seated = [.. after.Operators.OfType<OperatorId>()];
        Assert.Equal(seated.Length, seated.Distinct().Count());
        PublicKey64[] keys = [.. after.Plan.Members.Where(m => !m.IsEmpty).SelectMany(m => new[] { m.VoteKey, m.NodeKey })];
        Assert.Equal(keys.Length, keys.Distinct().Count());

        // At most f changes besides the seats that evidence emptied.
        OperatorId[] gone = [.. before.Operators.OfType<OperatorId>().Where(id => after.SeatOf(id) is null && !accused.Contains(id))];
        OperatorId[] come = [.. seated.Where(id => before.SeatOf(id) is null)];
        int rotated = seated.Count(id => before.SeatOf(id) is { } seat
            && before.Plan.Members[seat.Value] != after.Plan.Members[after.SeatOf(id)!.Value.Value]);
        int f = before.Plan.Quorum.F;
        Assert.True(gone.Length + come.Length + rotated <= f, $"{gone.Length} gone, {come.Length} come, {rotated} rotated, f {f}");

        // Who stays, stays in order.
        OperatorId[] stayed = [.. before.Operators.OfType<OperatorId>().Where(id => after.SeatOf(id) is not null)];
        Assert.Equal(stayed, stayed.OrderBy(id => after.SeatOf(id)!.Value.Value));
    }

    private static void Accuse(TestOperators network, Prng random, HashSet<OperatorId> accused)
    {
        int seat = random.Below(network.Registry.Present.Plan.Quorum.N);
        Epoch epoch = network.Bench.Machine.Epoch;
        OperatorId? before = network.Registry.Present.Operators[seat];
        network.Accuse(epoch, seat);

        // The height may have been the first of another epoch, whose predecessor the evidence is of.
        if (before is { } id && network.Registry.Find(id) is { State: OperatorState.Offender }) accused.Add(id);
    }

    private static OperatorStatement Something(TestOperators network, Prng random, ref int fresh)
    {
        int who = random.Chance(500) ? random.Below(12) : (int)random.Between(20, fresh);
        switch (random.Below(5))
        {
            case 0: return network.Join(random.Chance(800) ? fresh++ : who, [.. Enumerable.Range(0, 12)]);
            case 1:
            case 2: return network.Ready((int)random.Between(20, fresh));
            case 3: return network.Exit(who);
            default: return network.Rotate(who, random.Chance(800) ? fresh++ : who);
        }
    }

    private static CommitteeSeats NextOf(TestOperators network)
    {
        network.ToNextEpoch();
        return network.Registry.Next!;
    }

    private static CommitteeSeats SeatsOf(CommitteePlan? plan, TestOperators network)
    {
        Assert.Equal(plan, network.Registry.Next!.Plan);
        return network.Registry.Next;
    }
}

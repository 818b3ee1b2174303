using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Watch;

/// <summary>What a watch-tower makes of sightings, with a clock of the test's own.</summary>
public sealed class WatchTowerTests
{
    private static readonly Genesis Genesis = OrderingBench.MakeGenesis(new Policy(), OrderingBench.Opaque(5));

    private static readonly Uri[] Operators = [new("http://a:1"), new("http://b:2"), new("http://c:3")];

    private static readonly WatchOptions Options = new()
    {
        SlotTimeout = TimeSpan.FromMilliseconds(300),
        Patience = TimeSpan.FromSeconds(5),
        LeadSpan = TimeSpan.FromSeconds(60),
    };

    private readonly WatchTower _tower;
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private ulong _height;

    public WatchTowerTests() => _tower = new WatchTower(Genesis, Operators, Options, _now);

    [Fact]
    public void No_progress_for_two_slot_timeouts_is_an_alert_when_an_operator_answers_and_ends_with_the_next_height()
    {
        Move(1);
        Pass(0.6);
        See(0, new OperatorSighting());
        Assert.Empty(_tower.TakeChanges());
        Pass(0.1);
        See(0, Seen(_height));
        WatchAlert alert = Assert.Single(_tower.TakeChanges());
        Assert.Equal((WatchAlertKind.NoProgress, "network"), (alert.Kind, alert.Subject));
        Assert.Equal(_now - TimeSpan.FromSeconds(0.7), alert.Start);
        Assert.Contains("no height above 1 was proved for 600 ms", alert.Detail, StringComparison.Ordinal);
        Pass(2);
        See(1, Seen(_height));
        Assert.Empty(_tower.TakeChanges());
        Move(1);
        WatchAlert end = Assert.Single(_tower.TakeChanges());
        Assert.Equal((alert.Id, _now), (end.Id, end.End));
        Assert.Empty(_tower.Open);
    }

    [Fact]
    public void When_nobody_answers_it_is_the_way_to_them_that_is_told_and_not_the_network()
    {
        Move(1);
        foreach (int index in (int[])[0, 1, 2]) See(index, new OperatorSighting { Fault = "connection\nrefused\u001b[2J" });
        Pass(5.1);
        _tower.Tick(_now);
        IReadOnlyList<WatchAlert> changes = _tower.TakeChanges();
        Assert.Equal(["http://a:1/", "http://b:2/", "http://c:3/"], changes.Select(alert => alert.Subject));
        Assert.All(changes, alert => Assert.Equal((WatchAlertKind.Unreachable, "connection refused [2J"), (alert.Kind, alert.Detail)));
        See(1, new OperatorSighting());
        Assert.Equal([WatchAlertKind.NoProgress, WatchAlertKind.Unreachable], _tower.TakeChanges().Select(alert => alert.Kind).Order());
        Assert.Equal(3, _tower.Open.Count);
    }

    [Fact]
    public void Who_joins_is_watched_and_who_leaves_owes_nothing_any_more()
    {
        Move(1);
        See(2, new OperatorSighting { Fault = "gone" });
        Pass(5.1);
        See(0, new OperatorSighting { Certified = [Proven(10, "right")] });
        Assert.Contains(_tower.TakeChanges(), alert => (alert.Kind, alert.Subject) == (WatchAlertKind.Unreachable, "http://c:3/"));
        int fourth = _tower.Watch(new Uri("http://d:4"), _now);
        _tower.Drop(2, _now);
        Assert.Contains(_tower.TakeChanges(), alert => alert.Subject == "http://c:3/" && alert.End == _now);
        See(2, new OperatorSighting { InvalidProof = "whatever it says now" });
        Assert.DoesNotContain(_tower.Open, alert => alert.Subject == "http://c:3/");

        // It has its patience to catch up, and is judged like the others then.
        See(fourth, new OperatorSighting());
        Pass(4.9);
        _tower.Tick(_now);
        Assert.DoesNotContain(_tower.Open, alert => alert.Subject == "http://d:4/");
        Pass(0.3);
        See(fourth, new OperatorSighting());
        Assert.Contains(_tower.Open, alert => (alert.Kind, alert.Subject) == (WatchAlertKind.Behind, "http://d:4/"));
        Pass(5.1);
        _tower.Tick(_now);
        Assert.Contains(_tower.Open, alert => (alert.Kind, alert.Subject) == (WatchAlertKind.Unreachable, "http://d:4/"));
    }

    [Fact]
    public void A_watch_goes_on_with_whoever_joins_and_not_with_who_leaves()
    {
        Uri a = new("http://a:1"), b = new("http://b:2"), c = new("http://c:3"), d = new("http://d:4"), own = new("http://own-way-to-b:9");
        var watched = new WatchedMembers([a, own], [a, b, c]);

        // Who was there and is not watched was not wanted; who joins is, and at the same address only once.
        Assert.Equal("+ -", Both(watched.Tell(a, new Epoch(1), 2, [a, b, c])));
        Assert.Equal("+ -", Both(watched.Tell(a, new Epoch(2), 2, [a, b, c, d])));
        Assert.Equal("+d -", Both(watched.Tell(own, new Epoch(2), 2, [a, b, c, d])));
        Assert.Equal("+ -", Both(watched.Tell(d, new Epoch(2), 2, [a, b, c, d])));
        Assert.Equal("+ -", Both(watched.Tell(own, new Epoch(3), 2, [b, c, d])));
        Assert.Equal("+ -", Both(watched.Tell(d, new Epoch(3), 2, [])));

        // Of an epoch that is over nothing is taken.
        Assert.Equal("+ -", Both(watched.Tell(d, new Epoch(2), 2, [b, c, d])));
        Assert.Equal("+ -a", Both(watched.Tell(d, new Epoch(3), 2, [b, c, d])));
        Assert.Equal("+ -", Both(watched.Tell(d, new Epoch(4), 2, [a, b, c])));
        Assert.Equal("+a -d", Both(watched.Tell(own, new Epoch(4), 2, [a, b, c])));
    }

    [Fact]
    public void One_operator_that_lies_about_the_members_changes_nothing_of_what_is_watched()
    {
        Uri a = new("http://a:1"), b = new("http://b:2"), c = new("http://c:3"), liar = new("http://liar:4"), evil = new("http://evil:5");
        var watched = new WatchedMembers([a, b, c, liar], [a, b, c, liar]);
        for (ulong epoch = 1; epoch < 4; epoch++)
        {
            Assert.Equal("+ -", Both(watched.Tell(liar, new Epoch(epoch), 2, [liar])));
            Assert.Equal("+ -", Both(watched.Tell(liar, new Epoch(epoch), 2, [liar, evil])));
            Assert.Equal("+ -", Both(watched.Tell(evil, new Epoch(epoch), 2, [liar, evil])));
            foreach (Uri honest in (Uri[])[a, b, c]) Assert.Equal("+ -", Both(watched.Tell(honest, new Epoch(epoch), 2, [a, b, c, liar])));
        }
    }

    [Fact]
    public void Where_fewer_are_watched_than_one_honest_operator_is_among_all_of_them_must_say_so()
    {
        Uri a = new("http://a:1"), b = new("http://b:2"), c = new("http://c:3");
        var watched = new WatchedMembers([a, b], [a, b]);
        Assert.Equal("+ -", Both(watched.Tell(b, new Epoch(1), 3, [b, c])));
        Assert.Equal("+c -a", Both(watched.Tell(a, new Epoch(1), 3, [b, c])));
    }

    private static string Both((IReadOnlyList<Uri> Joined, IReadOnlyList<Uri> Left) change) => $"+{Hosts(change.Joined)} -{Hosts(change.Left)}";

    private static string Hosts(IEnumerable<Uri> addresses) => string.Concat(addresses.Select(address => address.Host));

    [Fact]
    public void A_result_that_is_not_the_certified_one_is_told_until_the_operator_gives_the_certified_one()
    {
        See(0, new OperatorSighting { Certified = [Proven(10, "right")] });
        See(1, new OperatorSighting { OwnResult = (new Height(10), Named("right")) });
        See(2, new OperatorSighting { OwnResult = (new Height(10), Named("wrong")) });
        WatchAlert alert = Assert.Single(_tower.TakeChanges());
        Assert.Equal((WatchAlertKind.ResultsDiffer, "http://c:3/"), (alert.Kind, alert.Subject));
        Assert.Contains(Named("wrong").ToString(), alert.Detail, StringComparison.Ordinal);
        See(2, new OperatorSighting { OwnResult = (new Height(11), Named("of no certified height")) });
        See(2, new OperatorSighting { IsDiverged = true });
        Assert.Empty(_tower.TakeChanges());
        See(2, new OperatorSighting { OwnResult = (new Height(10), Named("right")) });
        Assert.Equal(alert.Id, Assert.Single(_tower.TakeChanges()).Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_proofs_of_one_height_that_verify_and_differ_are_told_with_both_and_never_taken_back(bool isResult)
    {
        ProvenHeight one = Proven(10, "one");
        ProvenHeight other = Proven(10, "other");
        See(0, isResult ? new OperatorSighting { Certified = [one] } : new OperatorSighting { Committed = [one] });
        See(1, isResult ? new OperatorSighting { Certified = [other] } : new OperatorSighting { Committed = [other] });
        WatchAlert alert = Assert.Single(_tower.TakeChanges());
        Assert.Equal((WatchAlertKind.Contradiction, isResult ? "result 10" : "header 10"), (alert.Kind, alert.Subject));
        Assert.Equal([one.File, other.File], alert.Proofs);
        See(1, isResult ? new OperatorSighting { Certified = [one] } : new OperatorSighting { Committed = [one] });
        Assert.Empty(_tower.TakeChanges());
        Assert.Equal(WatchAlertKind.Contradiction, Assert.Single(_tower.Open).Kind);
    }

    [Fact]
    public void A_network_that_contradicts_itself_at_every_height_does_not_fill_memory()
    {
        for (ulong height = 1; height <= 1_000; height++)
        {
            See(0, new OperatorSighting { Committed = [Proven(height, "one")] });
            See(1, new OperatorSighting { Committed = [Proven(height, "other")] });
        }

        Assert.Equal(16, _tower.Open.Count(alert => alert.Kind == WatchAlertKind.Contradiction));
        Assert.Null(_tower.CommittedToCompare(1, new Height(700)));
        Assert.Equal(new Height(1_000), _tower.CommittedToCompare(1, new Height(2_000)));
        Assert.Null(_tower.CommittedToCompare(0, new Height(2_000)));
    }

    [Fact]
    public void A_member_that_leads_nothing_is_told_by_the_time_in_which_the_network_moves()
    {
        ReplicaId idle = new(2);
        for (int i = 0; i < 58 * 4; i++) Move(0.25, idle);
        Assert.DoesNotContain(_tower.Open, alert => alert.Kind == WatchAlertKind.LeadsNothing);

        // A stop is nobody's failure to lead.
        Pass(0.7);
        See(0, new OperatorSighting());
        Pass(100);
        See(0, new OperatorSighting());
        Assert.DoesNotContain(_tower.Open, alert => alert.Kind == WatchAlertKind.LeadsNothing);
        for (int i = 0; i < 3 * 4; i++) Move(0.25, idle);
        WatchAlert alert = Assert.Single(_tower.Open, alert => alert.Kind == WatchAlertKind.LeadsNothing);
        Assert.StartsWith("member 2", alert.Subject, StringComparison.Ordinal);
        See(0, new OperatorSighting { Slots = [SeenIn(SlotOf(idle))] });
        Assert.DoesNotContain(_tower.Open, open => open.Kind == WatchAlertKind.LeadsNothing);
    }

    [Fact]
    public void Old_blocks_of_a_member_shown_again_do_not_hide_that_it_leads_nothing_now()
    {
        ReplicaId idle = new(2);
        Slot last = SlotOf(idle, 2 * (ulong)Genesis.Quorum.N);
        See(0, new OperatorSighting { Slots = [SeenIn(last)] });
        for (int i = 0; i < 61 * 4; i++)
        {
            See(0, new OperatorSighting { Slots = [SeenIn(SlotOf(idle)), SeenIn(last)] });
            Move(0.25, idle);
        }

        See(0, new OperatorSighting { Slots = [SeenIn(SlotOf(idle)), SeenIn(last)] });
        Assert.StartsWith("member 2", Assert.Single(_tower.Open, alert => alert.Kind == WatchAlertKind.LeadsNothing).Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_come_and_go_with_epochs_and_an_idle_one_that_stays_is_still_told()
    {
        ReplicaId idle = new(2);
        for (int i = 0; i < 61; i++) Move(1, idle);
        Assert.StartsWith("member 2", Assert.Single(_tower.Open).Subject, StringComparison.Ordinal);
        CommitteeMember Changed(int seat, byte votes, byte nodes)
        {
            static PublicKey64 Key(byte mark) => new(Sha.Of([mark]), Sha.Of([mark, mark]));
            CommitteeMember before = Genesis.Members[seat];
            return new CommitteeMember(votes == 0 ? before.VoteKey : Key(votes), nodes == 0 ? before.NodeKey : Key(nodes));
        }

        // The idle one leaves, one that was third in line moves up with a new node key, and one joins.
        var next = new Committee(
            new Epoch(1), Genesis.Quorum, [Genesis.Members[0], Genesis.Members[1], Changed(3, 0, 7), Changed(0, 8, 9)], Sha.Of([1]));
        for (int i = 0; i < 30; i++) Lead(next, 0, 1, 2);
        Assert.Empty(_tower.Open);
        for (int i = 0; i < 31; i++) Lead(next, 0, 1, 2);
        Assert.StartsWith("member 3", Assert.Single(_tower.Open).Subject, StringComparison.Ordinal);

        // What led in the epoch before says nothing of this one, and a shorter committee leaves no alert behind.
        See(0, new OperatorSighting { Slots = [SeenIn(SlotOf(new ReplicaId(3), _height * 8))] });
        Assert.Single(_tower.Open);
        Lead(new Committee(new Epoch(2), QuorumParameters.ForMembers(3), [.. Genesis.Members.Take(3)], Sha.Of([2])), 0);
        Assert.Empty(_tower.Open);

        void Lead(Committee committee, params int[] seats)
        {
            Pass(1);
            _height++;
            SightedSlot[] slots = [.. Enumerable.Range(1, 64).Select(i => new Slot((_height * 100) + (ulong)i))
                .Where(slot => seats.Contains(committee.LeaderOf(slot).Value)).Select(slot => new SightedSlot(committee, slot))];
            for (int i = 0; i < Operators.Length; i++)
                See(i, new OperatorSighting { Committed = [Proven(_height, "b")], Certified = [Proven(_height, "r")], Slots = slots });
        }
    }

    [Fact]
    public void An_operator_that_proves_less_than_was_certified_a_while_ago_is_behind_until_it_catches_up()
    {
        for (ulong height = 1; height <= 60; height++)
        {
            Pass(0.1);
            See(0, new OperatorSighting { Committed = [Proven(height, "b")], Certified = [Proven(height, "r")] });
            See(1, new OperatorSighting { Certified = [Proven(height > 20 ? height - 20 : 1, "r")] });
            See(2, new OperatorSighting { Certified = [Proven(1, "r")] });
        }

        WatchAlert alert = Assert.Single(_tower.TakeChanges());
        Assert.Equal((WatchAlertKind.Behind, "http://c:3/"), (alert.Kind, alert.Subject));
        See(2, new OperatorSighting { Certified = [Proven(60, "r")] });
        Assert.NotNull(Assert.Single(_tower.TakeChanges()).End);
    }

    [Fact]
    public void A_proof_that_does_not_verify_is_told_until_one_does()
    {
        See(1, new OperatorSighting { InvalidProof = "BadSignature: commit proof" });
        See(1, new OperatorSighting());
        WatchAlert alert = Assert.Single(_tower.TakeChanges());
        Assert.Equal((WatchAlertKind.InvalidProof, "BadSignature: commit proof"), (alert.Kind, alert.Detail));
        See(1, Seen(1));
        Assert.Equal(alert.Id, Assert.Single(_tower.TakeChanges()).Id);
    }

    [Fact]
    public void Without_a_proof_nothing_that_operators_say_is_progress()
    {
        Move(1);
        for (int i = 0; i < 10; i++)
        {
            Pass(0.1);
            See(0, Seen(1));
        }

        Assert.Equal(WatchAlertKind.NoProgress, Assert.Single(_tower.Open).Kind);
    }

    private static Hash32 Named(string name) => Sha.Of(System.Text.Encoding.UTF8.GetBytes(name));

    private static ProvenHeight Proven(ulong height, string name) => new(new Height(height), Named(name), [(byte)height, (byte)name.Length]);

    private static OperatorSighting Seen(ulong height) => new() { Committed = [Proven(height, "b")] };

    private static SightedSlot SeenIn(Slot slot) => new(Genesis.Committee, slot);

    /// <summary>The first slot that a member leads from a slot on.</summary>
    private static Slot SlotOf(ReplicaId leader, ulong from = 1)
    {
        var slot = new Slot(from);
        while (Genesis.Committee.LeaderOf(slot) != leader) slot = slot.Next();
        return slot;
    }

    private void Pass(double seconds) => _now += TimeSpan.FromSeconds(seconds);

    private void See(int index, OperatorSighting sighting) => _tower.Observe(index, sighting, _now);

    /// <summary>Time passes and the network is one height further, as every operator proves; all members lead but one.</summary>
    private void Move(double seconds, ReplicaId? idle = null)
    {
        Pass(seconds);
        _height++;
        Slot[] slots = [.. Enumerable.Range(0, Genesis.Quorum.N).Select(i => new ReplicaId((ushort)i)).Where(id => id != idle)
            .Select(id => SlotOf(id, _height * (ulong)Genesis.Quorum.N))];
        for (int i = 0; i < Operators.Length; i++)
            See(i, new OperatorSighting { Committed = [Proven(_height, "b")], Certified = [Proven(_height, "r")], Slots = [.. slots.Select(SeenIn)] });
    }
}

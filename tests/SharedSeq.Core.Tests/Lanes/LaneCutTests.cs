using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class LaneCutTests
{
    private static readonly IReadOnlyList<Verified<ProofOfAvailability>> NoProofs = [];

    [Fact]
    public void A_cut_takes_the_highest_PoA_within_maxBatchesPerLane_of_the_parent()
    {
        var net = new LaneNet(options: new ReplicaOptions { MaxBatchesPerLane = 4 });
        for (int i = 0; i < 10; i++) net[0].Seal($"{i}");
        net.Run();

        CutCandidate first = net[1].Book.BuildCut([], Height.Zero);
        Assert.Equal(3UL, Assert.Single(first.Cut).Seq.Value);
        CutCandidate second = net[1].Book.BuildCut(first.Cut, Height.Zero);
        Assert.Equal(7UL, Assert.Single(second.Cut).Seq.Value);
        CutCandidate third = net[1].Book.BuildCut(second.Cut, Height.Zero);
        Assert.Equal(9UL, Assert.Single(third.Cut).Seq.Value);
        Assert.False(net[1].Book.HasNews(third.Cut, Height.Zero));
        Assert.Empty(net[1].Book.BuildCut(third.Cut, Height.Zero).Proofs);
    }

    [Fact]
    public void A_lane_whose_PoAs_all_lie_further_above_advances_to_the_lowest_of_them()
    {
        var net = new LaneNet(options: new ReplicaOptions { MaxBatchesPerLane = 4 });
        net.Loses = (_, _, message) => message is ProofOfAvailability p && p.Tip.Seq.Value < 6;
        for (int i = 0; i < 10; i++) net[0].Seal($"{i}");
        net.Run();
        CutCandidate candidate = net[1].Book.BuildCut([], Height.Zero);
        Assert.Equal(6UL, Assert.Single(candidate.Cut).Seq.Value);
        Assert.Equal(CutVerdict.Valid, net[2].Book.CheckCut(HeaderOf(candidate.Cut), [], Verified(net, candidate)));
    }

    [Fact]
    public void A_cut_lists_lanes_in_order_and_keeps_the_parents_tips()
    {
        var net = new LaneNet();
        Batch third = net[3].Seal("x");
        Batch first = net[1].Seal("y");
        net.Run();
        net.CommitBy(net[0]);
        Batch zeroth = net[0].Seal("z");
        net.Run();
        CutCandidate candidate = net[2].Book.BuildCut(net.Cut, Height.Zero);
        Assert.Equal([zeroth.Tip, first.Tip, third.Tip], candidate.Cut);
        Assert.Equal(zeroth.Tip, Assert.Single(candidate.Proofs).Tip);
    }

    [Fact]
    public void A_valid_cut_needs_a_PoA_for_each_advanced_lane_with_it_or_held_here()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is ProofOfAvailability && to == net[3].Id;
        net[0].Seal("a");
        net.Run();
        CutCandidate candidate = net[1].Book.BuildCut([], Height.Zero);
        Header header = HeaderOf(candidate.Cut);

        Assert.Equal(CutVerdict.ProofMissing, net[3].Book.CheckCut(header, [], NoProofs));
        Assert.False(CutVerdict.ProofMissing.IsObjective());
        Assert.Equal(CutVerdict.Valid, net[3].Book.CheckCut(header, [], Verified(net, candidate)));
        Assert.Equal(CutVerdict.Valid, net[2].Book.CheckCut(header, [], NoProofs));
    }

    [Fact]
    public void A_cut_below_its_parents_is_objectively_wrong()
    {
        var net = new LaneNet();
        Batch low = net[0].Seal("a");
        Batch high = net[0].Seal("b");
        net.Run();
        LaneTip other = high.Tip with { Digest = Sha.Of("other"u8) };

        Assert.Equal(CutVerdict.BelowParent, net[1].Book.CheckCut(HeaderOf([low.Tip]), [high.Tip], NoProofs));
        Assert.Equal(CutVerdict.BelowParent, net[1].Book.CheckCut(HeaderOf([]), [high.Tip], NoProofs));
        Assert.Equal(CutVerdict.BelowParent, net[1].Book.CheckCut(HeaderOf([other]), [high.Tip], NoProofs));
        Assert.Equal(CutVerdict.Valid, net[1].Book.CheckCut(HeaderOf([high.Tip]), [high.Tip], NoProofs));
        Assert.True(CutVerdict.BelowParent.IsObjective());
    }

    [Theory]
    [InlineData(0UL, 1, 0)]
    [InlineData(1UL, 0, 0)]
    [InlineData(0UL, 0, 4)]
    public void A_cut_that_names_a_lane_that_does_not_exist_is_objectively_wrong(ulong epoch, ushort worker, ushort author)
    {
        var net = new LaneNet();
        var tip = new LaneTip(new LaneId(new Epoch(epoch), new ReplicaId(author), worker), BatchSeq.Zero, Sha.Of("x"u8));
        Assert.Equal(CutVerdict.UnknownLane, net[1].Book.CheckCut(HeaderOf([tip]), [], NoProofs));
    }

    [Fact]
    public void A_carry_header_needs_no_cut()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();
        var carry = new Header(
            Epoch.Zero, new Slot(2), new Height(2), new Slot(1), Sha.Of("parent"u8), default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
        Assert.Equal(CutVerdict.Valid, net[1].Book.CheckCut(carry, [batch.Tip], NoProofs));
    }

    [Fact]
    public void Freshness_is_violated_exactly_when_the_PoA_was_sent_to_the_leader_long_enough_before_the_slot()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        net[0].Seal("a");
        net.Run();
        long sent = net.NowMs;
        long bound = sent + net.Options.FreshnessMs;
        Header empty = HeaderOf([]);
        ReplicaId leader = net[1].Id;

        Assert.False(net[0].Book.IsFreshnessViolated(leader, bound - 1, empty, []));
        Assert.True(net[0].Book.IsFreshnessViolated(leader, bound, empty, []));
        Assert.False(net[0].Book.IsFreshnessViolated(net[0].Id, bound, empty, []));

        // Others never held it.
        Assert.False(net[2].Book.IsFreshnessViolated(leader, bound, empty, []));
    }

    [Fact]
    public void Freshness_does_not_concern_a_leader_that_includes_the_PoA_or_a_carry_or_tail_block()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();
        long late = net.NowMs + net.Options.FreshnessMs;
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([batch.Tip]), []));
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([], HeaderFlags.Carry), []));
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([], HeaderFlags.Carry | HeaderFlags.Tail), []));
        Assert.True(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([]), []));
    }

    [Fact]
    public void Freshness_counts_from_the_first_send_within_the_leaders_present_session()
    {
        var net = new LaneNet();
        net[0].Seal("a");
        net.Run();
        net.Pass(500);
        net.Disconnect(net[0], net[1]);
        long long1 = net.NowMs + (10 * net.Options.FreshnessMs);
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, long1, HeaderOf([]), []));
        Assert.True(net[0].Book.IsFreshnessViolated(net[2].Id, long1, HeaderOf([]), []));

        net.Reconnect(net[0], net[1]);
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, net.NowMs + net.Options.FreshnessMs - 1, HeaderOf([]), []));
        Assert.True(net[0].Book.IsFreshnessViolated(net[1].Id, net.NowMs + net.Options.FreshnessMs, HeaderOf([]), []));
    }

    [Fact]
    public void Freshness_asks_for_no_more_than_the_highest_PoA_within_reach_of_the_parent()
    {
        var net = new LaneNet(options: new ReplicaOptions { MaxBatchesPerLane = 4 });
        for (int i = 0; i < 10; i++) net[0].Seal($"{i}");
        net.Run();
        long late = net.NowMs + net.Options.FreshnessMs;
        LaneTip Tip(ulong seq) => net[0].Disk.Values.Single(d => d.Batch.Header.Seq.Value == seq).Batch.Tip;

        Assert.True(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([Tip(2)]), []));
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([Tip(3)]), []));
        Assert.False(net[0].Book.IsFreshnessViolated(net[1].Id, late, HeaderOf([Tip(7)]), [Tip(3)]));
    }

    [Fact]
    public void Freshness_asks_for_some_advance_when_all_PoAs_lie_above_reach()
    {
        var net = new LaneNet(options: new ReplicaOptions { MaxBatchesPerLane = 4 });
        net.Loses = (_, _, message) => message is ProofOfAvailability p && p.Tip.Seq.Value < 6;
        for (int i = 0; i < 10; i++) net[0].Seal($"{i}");
        net.Run();
        net.Pass(net.Options.FreshnessMs / 2);
        long late = net.NowMs + net.Options.FreshnessMs;
        CutCandidate candidate = net[2].Book.BuildCut([], Height.Zero);
        Assert.True(net[1].Book.IsFreshnessViolated(net[2].Id, late, HeaderOf([]), []));
        Assert.False(net[1].Book.IsFreshnessViolated(net[2].Id, late, HeaderOf(candidate.Cut), []));
    }

    [Fact]
    public void An_uncommitted_PoA_is_sent_again_after_half_of_freshness_and_then_every_R_until_it_is_committed()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();
        int Count() => net[2].Sent.Count(s => s.Message is ProofOfAvailability);
        Assert.Equal(0, Count());
        net.Pass((net.Options.FreshnessMs / 2) - 1);
        Assert.Equal(0, Count());
        net.Pass(1);
        Assert.Equal(1, Count());
        net.Pass(3 * net.Options.ResendMs);
        Assert.Equal(4, Count());
        net.Commit([batch.Tip]);
        net.Pass(10 * net.Options.ResendMs);
        Assert.Equal(4, Count());
    }

    [Fact]
    public void Many_uncommitted_PoAs_of_a_lane_cost_two_sends_per_member_and_R()
    {
        var net = new LaneNet(options: new ReplicaOptions { MaxBatchesPerLane = 4 });
        for (int i = 0; i < 50; i++) net[0].Seal($"{i}");
        net.Run();
        net.Pass(net.Options.FreshnessMs / 2);
        Assert.Equal(2, net[2].Sent.Count(s => s.Message is ProofOfAvailability));
    }

    internal static Header HeaderOf(IReadOnlyList<LaneTip> cut, HeaderFlags flags = HeaderFlags.None) => new(
        Epoch.Zero, new Slot(2), new Height(2), new Slot(1), Sha.Of("parent"u8), new TimestampMs(1), flags, Payload.Empty.Commitment, cut);

    private static List<Verified<ProofOfAvailability>> Verified(LaneNet net, CutCandidate candidate) => [.. candidate.Proofs.Select(net.Verify)];
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class OwnLaneTests
{
    [Fact]
    public void Batches_that_are_not_acked_go_again_after_R_to_those_that_did_not_ack()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is Batch && to != net[1].Id;
        Batch batch = net[0].Seal("a");
        net.Run();
        Assert.Empty(net[0].Certified);
        net.Loses = (_, _, _) => false;

        net.Pass((2 * net.Options.ResendMs) - 1);
        Assert.Equal(batch.Tip, Assert.Single(net[0].Certified).Tip);
        ReplicaSet again = net[0].Sent.Where(s => s.Message is Batch).Skip(1).Aggregate(ReplicaSet.Empty, (all, s) => new(all.Bits | s.To.Bits));
        Assert.False(again.Has(net[1].Id));
    }

    [Fact]
    public void Certified_batches_are_not_pushed_again()
    {
        var net = new LaneNet();
        net.Loses = (_, to, _) => to == net[3].Id;
        net[0].Seal("a");
        net.Run();
        net.Pass(10 * net.Options.ResendMs);
        Assert.Single(net[0].Sent, s => s.Message is Batch);
    }

    [Fact]
    public void A_member_that_reconnects_gets_what_it_has_not_acked()
    {
        var net = new LaneNet();
        net.Loses = (from, to, _) => from == net[3].Id || to == net[3].Id;
        for (int i = 0; i < 5; i++) net[0].Seal($"{i}");
        net.Run();
        net.Loses = (_, _, _) => false;
        net.Reconnect(net[0], net[3]);
        Assert.Equal(5, net[3].Disk.Count);
    }

    [Fact]
    public void What_is_under_way_to_a_member_that_does_not_ack_is_bounded_and_moves_on_as_acks_come()
    {
        var net = new LaneNet(options: new ReplicaOptions { LaneWindowBytes = 256L * 1024 * 1024 });
        net.Loses = (_, _, message) => message is Ack;
        string large = new('x', 120_000);
        for (int i = 0; i < 100; i++) net[0].Seal($"{i}" + large, large, large, large);
        net.Run();
        Assert.InRange(net[0].Sent.Count(s => s.Message is Batch && s.To.Has(net[1].Id)), 30, 40);

        net.Loses = (_, _, _) => false;
        net.Pass(2 * net.Options.ResendMs);
        Assert.Equal(99UL, net[0].Certified[^1].Tip.Seq.Value);
    }

    [Fact]
    public void Acks_stop_at_the_window_and_go_on_with_the_next_commit()
    {
        var net = new LaneNet(options: new ReplicaOptions { LaneWindowBatches = 8 });
        for (int i = 0; i < 12; i++) net[0].Seal($"{i}");
        net.Run();
        Assert.Equal(7UL, net[1].SignedAcks[^1].Tip.Seq.Value);
        Assert.Equal(new LaneRoom(0, net[0].Book.OwnLaneRoom.Bytes), net[0].Book.OwnLaneRoom);

        net.CommitBy(net[1]);
        Assert.Equal(11UL, net[1].SignedAcks[^1].Tip.Seq.Value);
        Assert.Equal(4, net[0].Book.OwnLaneRoom.Batches);
    }

    [Fact]
    public void Acks_stop_at_the_window_in_bytes()
    {
        var net = new LaneNet(options: new ReplicaOptions { LaneWindowBytes = 10_000 });
        for (int i = 0; i < 4; i++) net[0].Seal(new string('x', 3_000));
        net.Run();
        Assert.Equal(2UL, net[1].SignedAcks[^1].Tip.Seq.Value);
        net.CommitBy(net[1]);
        Assert.Equal(3UL, net[1].SignedAcks[^1].Tip.Seq.Value);
    }

    [Fact]
    public void The_window_follows_a_final_cut_whose_heights_are_not_here_yet()
    {
        var net = new LaneNet(options: new ReplicaOptions { LaneWindowBatches = 8 });
        for (int i = 0; i < 12; i++) net[0].Seal($"{i}");
        net.Run();
        CutCandidate cut = net[1].Book.BuildCut([], Height.Zero);
        net[1].Do((book, effects) => book.OnFinal(new Height(5), cut.Cut, net.NowMs, effects));
        Assert.Equal(11UL, net[1].SignedAcks[^1].Tip.Seq.Value);
        Assert.Equal(5UL, net[1].SignedAcks[^1].Height.Value);
    }

    [Fact]
    public void A_member_that_was_away_acks_on_top_of_a_PoA()
    {
        var net = new LaneNet();
        net.Loses = (_, to, _) => to == net[3].Id;
        for (int i = 0; i < 5; i++) net[0].Seal($"{i}");
        net.Run();
        net.Loses = (_, _, message) => message is BatchRequest;
        net[3].Do((book, effects) => book.OnProofReceived(net.Verify(net[0].Certified[^1]), net.NowMs, effects));
        Batch next = net[0].Make(new BatchSeq(5), net[0].Book.OwnNewestDigest, "next").Value;
        net.Arrive(net[0].Id, net[3], next);
        Assert.Equal(next.Tip, Assert.Single(net[3].SignedAcks).Tip);
    }

    [Fact]
    public void A_restarted_author_sends_its_uncommitted_batches_again_and_continues_from_the_highest_durable_one()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is Batch;
        net[0].Seal("a");
        Batch second = net[0].Seal("b");
        net.Run();
        net[0].Crash();
        net.Loses = (_, _, _) => false;
        net[0].Restart();
        Assert.Equal(new BatchSeq(2), net[0].Book.NextOwnSeq);
        Assert.Equal(second.Header.Digest, net[0].Book.OwnNewestDigest);
        net.Run();
        Assert.Equal(second.Tip, net[0].Certified[^1].Tip);

        net.CommitBy(net[1]);
        net[0].Restart();
        Assert.Equal(new BatchSeq(2), net[0].Book.NextOwnSeq);
        Batch third = net[0].Seal("c");
        net.Run();
        Assert.Equal(third.Tip, net[0].Certified[^1].Tip);
    }

    [Fact]
    public void A_restarted_member_acks_again_what_it_may_ack_and_nothing_else_at_that_place()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is Ack;
        Batch batch = net[0].Seal("a");
        Verified<Batch> twin = net[0].Make(BatchSeq.Zero, Hash32.Zero, "twin");
        net.Run();
        net.Loses = (_, _, _) => false;
        foreach (LaneNode node in net.Nodes.Skip(1)) node.Restart();
        net.Run();
        Assert.Equal(batch.Tip, Assert.Single(net[0].Certified).Tip);

        net.Arrive(net[0].Id, net[1], twin.Value);
        Assert.All(net[1].SignedAcks, a => Assert.Equal(batch.Tip, a.Tip));
        Assert.Single(net[1].Evidence);
    }

    [Fact]
    public void An_author_whose_log_was_lost_retires_its_lane_when_it_hears_of_its_own_certified_batches()
    {
        var net = new LaneNet();
        net[0].Seal("a");
        net.Run();
        net[0].Disk.Clear();
        net[0].Restart();
        Assert.False(net[0].Book.IsOwnLaneRetired);
        net.Pass(net.Options.FreshnessMs);
        Assert.True(net[0].Book.IsOwnLaneRetired);
        Assert.Equal(default, net[0].Book.OwnLaneRoom);
    }

    [Fact]
    public void An_author_whose_log_was_lost_retires_its_lane_when_its_batches_are_committed()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();
        net[0].Disk.Clear();
        net[0].Restart();
        net.Commit([batch.Tip]);
        Assert.True(net[0].Book.IsOwnLaneRetired);
        net.Pass(1_000);
        Assert.Single(net[0].Delivered);
    }

    [Fact]
    public void One_faulty_ack_or_PoA_of_too_few_does_not_retire_a_lane()
    {
        var net = new LaneNet();
        Verified<Ack> ack = net[3].Signer.Ack(new LaneTip(net[0].Lane, new BatchSeq(9), Sha.Of("x"u8)), Height.Zero);
        net.Arrive(net[3].Id, net[0], ack.Value);
        Assert.False(net[0].Book.IsOwnLaneRetired);
    }

    [Fact]
    public void A_PoA_of_a_later_batch_certifies_those_below_once()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is Ack a && to == net[0].Id && a.Tip.Seq.Value < 2;
        net[0].Seal("a");
        net[0].Seal("b");
        Batch third = net[0].Seal("c");
        net.Run();
        Assert.Equal(third.Tip, Assert.Single(net[0].Certified).Tip);

        net.Loses = (_, _, _) => false;
        foreach (LaneNode node in net.Nodes.Skip(1))
        {
            foreach (Ack ack in node.SignedAcks) net.Arrive(node.Id, net[0], ack);
        }

        Assert.Single(net[0].Certified);
    }

    [Fact]
    public void A_PoA_that_another_member_built_releases_the_authors_receipts_after_it_was_sent_to_all()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is Ack && to == net[0].Id;
        Batch batch = net[0].Seal("a");
        net.Run();
        Assert.Empty(net[0].Certified);
        net.Pass(net.Options.FreshnessMs + net.Options.ResendMs);
        Assert.Equal(batch.Tip, Assert.Single(net[0].Certified).Tip);
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class LaneExchangeTests
{
    [Fact]
    public void The_author_dies_right_after_the_receipt_and_the_others_build_the_PoA_from_exchanged_acks()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        Batch batch = net[0].Seal("promised");
        net.Run();
        Assert.Single(net[0].Certified);
        net[0].Crash();
        net.Loses = (_, _, _) => false;
        Assert.False(net[1].Book.HasNews([], Height.Zero));

        net.Pass(net.Options.FreshnessMs + 1);
        foreach (LaneNode node in net.Nodes.Skip(1))
        {
            CutCandidate candidate = node.Book.BuildCut([], Height.Zero);
            Assert.Equal(batch.Tip, Assert.Single(candidate.Cut));
            net.Verify(Assert.Single(candidate.Proofs));
        }
    }

    [Fact]
    public void Members_whose_tips_differ_meet_at_the_place_that_a_quorum_holds()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        Batch common = net[0].Seal("a");
        net.Run();
        net.Loses = (_, to, message) => message is ProofOfAvailability || (message is Batch && to != net[1].Id);
        net[0].Seal("b");
        net[0].Seal("c");
        net.Run();
        net[0].Crash();
        net.Loses = (_, _, message) => message is BatchRequest or BatchResponse;

        net.Pass(net.Options.FreshnessMs + net.Options.ResendMs);
        Assert.Equal(common.Tip, Assert.Single(net[3].Book.BuildCut([], Height.Zero).Cut));
    }

    [Fact]
    public void Members_without_the_batch_fetch_it_and_ack_it_when_some_of_its_ackers_are_gone_with_the_author()
    {
        // n=7, f=1, p=1, q=5: the PoA is of the author and members 1 to 4; the author and member 4 die.
        var net = new LaneNet(7);
        net.Loses = (_, to, message) => message is ProofOfAvailability || (message is Batch && to.Value >= 5);
        Batch first = net[0].Seal("a");
        Batch batch = net[0].Seal("promised");
        net.Run();
        Assert.Equal(batch.Tip, net[0].Certified[^1].Tip);
        net[0].Crash();
        net[4].Crash();
        net.Loses = (_, _, _) => false;

        net.Pass(net.Options.FreshnessMs + (3 * net.Options.ResendMs));
        foreach (LaneNode node in net.Nodes.Where(x => x.IsUp))
        {
            Assert.Equal(batch.Tip, Assert.Single(node.Book.BuildCut([], Height.Zero).Cut));
            Assert.True(node.Disk.ContainsKey(first.Header.Digest));
        }

        Assert.Equal(default, net[6].Disk[batch.Header.Digest].Batch.Signature);
        net[6].Restart();
        net.Pass(net.Options.FreshnessMs);
        Assert.True(net[6].Book.HasNews([], Height.Zero));
    }

    [Fact]
    public void What_is_fetched_for_an_exchange_and_does_not_fit_one_answer_is_placed_from_below()
    {
        var net = new LaneNet(7);
        string large = new('x', 120_000);
        net.Loses = (_, to, message) => message is ProofOfAvailability || (message is Batch && to.Value >= 5);
        for (int i = 0; i < 7; i++) net[0].Seal($"{i}" + large, large, large, large);
        net.Run();
        net[0].Crash();
        net[4].Crash();
        net.Loses = (_, _, _) => false;
        net.Pass(net.Options.FreshnessMs + (10 * net.Options.ResendMs));
        Assert.Equal(6UL, Assert.Single(net[6].Book.BuildCut([], Height.Zero).Cut).Seq.Value);
    }

    [Fact]
    public void One_faulty_member_makes_nobody_fetch_a_batch_by_its_word()
    {
        var net = new LaneNet();
        var tip = new LaneTip(net[0].Lane, BatchSeq.Zero, Sha.Of("invented"u8));
        net.Arrive(net[3].Id, net[1], net[3].Signer.Ack(tip, Height.Zero).Value);
        Assert.DoesNotContain(net[1].Sent, s => s.Message is BatchRequest);
        net.Arrive(net[2].Id, net[1], net[2].Signer.Ack(tip, Height.Zero).Value);
        Assert.Contains(net[1].Sent, s => s.Message is BatchRequest);
    }

    [Fact]
    public void A_whole_committee_that_restarts_without_the_author_still_certifies_what_it_acked()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("promised");
        net.Run();
        Assert.Single(net[0].Certified);
        foreach (LaneNode node in net.Nodes) node.Crash();
        foreach (LaneNode node in net.Nodes.Skip(1)) node.Restart();
        net.Run();

        net.Pass(net.Options.FreshnessMs + net.Options.ResendMs);
        Assert.Equal(batch.Tip, Assert.Single(net[2].Book.BuildCut([], Height.Zero).Cut));
    }

    [Fact]
    public void Nothing_is_exchanged_while_the_author_shows_its_PoAs()
    {
        var net = new LaneNet();
        net[0].Seal("a");
        net.Run();
        int acks = net.Nodes.Sum(n => n.Sent.Count(s => s.Message is Ack));
        net.Pass(5 * net.Options.FreshnessMs);
        Assert.Equal(acks, net.Nodes.Sum(n => n.Sent.Count(s => s.Message is Ack)));
    }

    [Fact]
    public void The_exchange_ends_when_the_batch_is_committed()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is ProofOfAvailability or Ack;
        Batch batch = net[0].Seal("a");
        net.Run();
        net.Commit([batch.Tip]);
        int acks = net.Nodes.Sum(n => n.Sent.Count(s => s.Message is Ack));
        net.Pass(5 * net.Options.FreshnessMs);
        Assert.Equal(acks, net.Nodes.Sum(n => n.Sent.Count(s => s.Message is Ack)));
    }

    [Fact]
    public void A_PoA_shown_to_one_member_reaches_all_by_that_member()
    {
        var net = new LaneNet();
        net.Loses = (from, to, message) => message is ProofOfAvailability && from == net[0].Id && to != net[2].Id;
        Batch batch = net[0].Seal("a");
        net.Run();
        Assert.True(net[2].Book.HasNews([], Height.Zero));
        Assert.False(net[3].Book.HasNews([], Height.Zero));

        net.Pass(net.Options.FreshnessMs / 2);
        Assert.Equal(batch.Tip, Assert.Single(net[3].Book.BuildCut([], Height.Zero).Cut));
    }

    [Fact]
    public void A_relayed_receipt_goes_to_all_at_once_and_not_more_than_once_per_R()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        net[0].Seal("a");
        net.Run();
        ProofOfAvailability proof = net[0].Certified[0];
        net[0].Crash();
        net.Loses = (_, _, _) => false;
        for (int i = 0; i < 5; i++) net[3].Do((book, effects) => book.OnReceiptRelayed(net.Verify(proof), net.NowMs, effects));
        net.Run();

        Assert.Equal(1, net[3].Sent.Count(s => s.Message is ProofOfAvailability));
        Assert.True(net[1].Book.HasNews([], Height.Zero));
    }

    [Fact]
    public void Acks_offered_for_batches_not_held_are_bounded()
    {
        var net = new LaneNet();
        for (ulong seq = 0; seq < 300; seq++)
        {
            var tip = new LaneTip(net[0].Lane, new BatchSeq(seq), Sha.Of([(byte)seq, (byte)(seq >> 8)]));
            Verified<Ack> ack = net[3].Signer.Ack(tip, Height.Zero);
            net[1].Do((book, effects) => book.OnAckReceived(ack, net.NowMs, effects));
        }

        Assert.InRange(net[1].Book.MemoryOf(net[0].Id).Places, 1, 64);
    }
}

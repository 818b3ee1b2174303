using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R2FillGapsTests
{
    [Fact]
    public void Slots_jumped_over_by_a_skip_certificate_get_First_skip()
    {
        var bench = new RuleBench(7);
        bench.Skip(4);
        Assert.Equal(
            [1ul, 2ul, 3ul],
            bench.Decisions().Where(d => d.Kind == VoteKind.First && d.Value.IsSkip).Select(d => d.Slot));
    }

    [Fact]
    public void Slots_below_a_block_certificate_get_no_vote()
    {
        var bench = new RuleBench(7);
        bench.Send(bench.Others[0], bench.Certificate(4, bench.Block(4).Id));
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void Only_slots_above_the_highest_block_certificate_are_filled()
    {
        var bench = new RuleBench(7);
        bench.Send(bench.Others[0], bench.Certificate(2, bench.Block(2).Id));
        bench.Decisions();
        bench.Skip(5);
        Assert.Equal([3ul, 4ul], bench.Decisions().Select(d => d.Slot));
    }

    [Fact]
    public void A_slot_with_a_certificate_or_an_own_vote_is_left_alone()
    {
        var bench = new RuleBench(7);
        Block block = bench.Block(1);
        bench.Propose(block);
        Assert.Equal([new Decision(1, VoteKind.First, block.Id)], bench.Decisions());
        bench.Skip(4);
        Assert.Equal([2ul, 3ul], bench.Decisions().Select(d => d.Slot));
    }

    [Fact]
    public void The_certificates_of_the_gap_are_asked_for_at_the_same_time()
    {
        var bench = new RuleBench(7);
        bench.Skip(4);
        (_, CertificateRequest request) = Assert.Single(bench.Sent<CertificateRequest>());
        Assert.Equal((1ul, 3ul), (request.First.Value, request.Last.Value));
    }

    [Fact]
    public void A_restart_fills_slots_whose_certificates_were_lost()
    {
        var bench = new RuleBench(7);
        bench.Skip(1);
        bench.Skip(2);
        bench.Skip(3);
        bench.Node.Crash();
        // The log lost the certificates of slots 1 and 2, not that of 3: a torn log, or they were never its entry certificates.
        bench.Node.Log.RemoveAll(record => record is DurableRecord.CertificateHeld held && held.Certificate.Slot.Value < 3);
        bench.Decisions();
        bench.Node.Restart();
        Assert.Equal(4ul, bench.Current);
        Assert.Equal([1ul, 2ul], bench.Decisions().Where(d => d.Value.IsSkip).Select(d => d.Slot));
    }

    [Fact]
    public void A_long_gap_is_filled_in_pieces()
    {
        var bench = new RuleBench(7);
        bench.Skip(200);
        Assert.Equal(64, bench.Decisions().Count);
        bench.Wait(1_000);
        List<Decision> next = bench.Decisions();
        Assert.Equal(65ul, next.Min(d => d.Slot));
        Assert.InRange(next.Count, 64, 65);
    }

    [Fact]
    public void A_commit_proof_above_the_gap_makes_the_rest_needless()
    {
        var bench = new RuleBench(7);
        bench.Skip(200);
        bench.Decisions();
        bench.Send(bench.Others[0], bench.Proof(199, bench.Block(199).Id));
        bench.Wait(2_000);
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot < 200);
    }

    [Fact]
    public void A_vote_is_never_cast_twice_in_a_filled_slot()
    {
        var bench = new RuleBench(7);
        bench.Skip(4);
        bench.Decisions();
        bench.Skip(6);
        Assert.Equal([5ul], bench.Decisions().Select(d => d.Slot));
    }
}

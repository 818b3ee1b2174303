using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R6LateFirstTests
{
    [Fact]
    public void A_notarized_block_that_is_held_gets_the_missing_First_vote()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(2, block.Id));
        Assert.Equal(
            [new Decision(2, VoteKind.First, block.Id), new Decision(2, VoteKind.Final, block.Id)],
            bench.Decisions().Where(d => d.Slot == 2));
    }

    [Fact]
    public void Without_the_header_there_is_no_vote_until_it_comes()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.Empty(bench.Decisions());
        // The next proposal builds on it, so it is fetched.
        bench.Propose(bench.Block(2, 1, block.Id));
        bench.Send(bench.Others[1], new BlockResponse([block]));
        Assert.Contains(new Decision(1, VoteKind.First, block.Id), bench.Decisions());
    }

    [Fact]
    public void The_header_is_logged_before_the_late_vote()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        bench.Node.Effects.Clear();
        bench.Send(bench.Others[0], bench.Certificate(2, block.Id));
        int logged = bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.BlockHeld });
        Assert.InRange(logged, 0, bench.Node.Effects.FindIndex(e => e is ReplicaEffect.CastVote) - 1);
    }

    [Fact]
    public void After_First_skip_there_is_no_late_First()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        bench.Decisions();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot == 1 && d.Kind != VoteKind.Extra);
    }

    [Fact]
    public void A_skip_certificate_calls_for_no_late_First()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void Slots_at_or_below_the_last_commit_are_settled()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Proof(3, bench.Block(3).Id));
        bench.Send(bench.Others[0], bench.Certificate(2, block.Id));
        Assert.Empty(bench.Decisions());
    }
}

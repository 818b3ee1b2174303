using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R9ExtraBlockTests
{
    [Fact]
    public void M_First_votes_for_another_block_call_for_an_Extra_for_it()
    {
        var bench = new RuleBench();
        Block own = bench.Block(1, 1);
        Block other = bench.Block(1, 2);
        bench.Propose(own);
        bench.Propose(other);
        bench.Decisions();
        bench.First(1, other.Id, bench.Others[0]);
        Assert.Empty(bench.Decisions());
        bench.First(1, other.Id, bench.Others[1]);
        Assert.Contains(new Decision(1, VoteKind.Extra, other.Id), bench.Decisions());
    }

    [Fact]
    public void After_First_skip_too()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        bench.Decisions();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Equal([new Decision(1, VoteKind.Extra, block.Id)], bench.Decisions().Where(d => d.Slot == 1));
    }

    [Fact]
    public void A_missing_header_is_asked_of_the_First_voters_and_waited_for()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        bench.Decisions();
        Block block = bench.Block(1);
        bench.Sent<BlockRequest>();
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Empty(bench.Decisions());
        (int to, BlockRequest request) = Assert.Single(bench.Sent<BlockRequest>());
        Assert.Equal(block.Id, request.Block);
        Assert.Contains(to, bench.Others[..2]);
        bench.Send(to, new BlockResponse([block]));
        Assert.Equal([new Decision(1, VoteKind.Extra, block.Id)], bench.Decisions().Where(d => d.Slot == 1));
    }

    [Fact]
    public void An_unanswered_request_goes_to_the_next_member()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        Block block = bench.Block(1);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        bench.Sent<BlockRequest>();
        bench.Wait(75);
        Assert.Single(bench.Sent<BlockRequest>());
        bench.Wait(75);
        Assert.Single(bench.Sent<BlockRequest>());
    }

    [Fact]
    public void A_block_nobody_asked_for_is_not_taken()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        Block block = bench.Block(1);
        bench.Send(bench.Others[0], new BlockResponse([block]));
        bench.Decisions();
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void The_header_is_logged_before_the_Extra()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Node.Effects.Clear();
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        int logged = bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.BlockHeld });
        Assert.InRange(logged, 0, bench.Node.Effects.FindIndex(e => e is ReplicaEffect.CastVote) - 1);
    }

    [Fact]
    public void Without_an_own_First_there_is_no_Extra()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        bench.First(2, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void The_own_First_gets_no_Extra()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Extra);
    }

    [Fact]
    public void Several_blocks_may_get_an_Extra()
    {
        var bench = new RuleBench(QuorumParameters.ForMembers(7));
        Block own = bench.Block(1, 1);
        bench.Propose(own);
        Block two = bench.Block(1, 2);
        Block three = bench.Block(1, 3);
        bench.First(1, two.Id, bench.Others[0], bench.Others[1], bench.Others[2]);
        bench.First(1, three.Id, bench.Others[3], bench.Others[4], bench.Others[5]);
        bench.Send(bench.Others[0], new BlockResponse([two]));
        bench.Send(bench.Others[3], new BlockResponse([three]));
        List<Decision> decisions = bench.Decisions();
        Assert.Contains(new Decision(1, VoteKind.Extra, two.Id), decisions);
        Assert.Contains(new Decision(1, VoteKind.Extra, three.Id), decisions);
    }
}

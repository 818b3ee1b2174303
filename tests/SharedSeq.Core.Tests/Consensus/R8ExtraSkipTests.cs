using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R8ExtraSkipTests
{
    [Fact]
    public void M_First_votes_away_from_the_strongest_block_call_for_Extra_skip()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1));
        bench.Decisions();
        bench.First(1, BlockId.Skip, bench.Others[0]);
        Assert.Empty(bench.Decisions());
        bench.First(1, BlockId.Skip, bench.Others[1]);
        Assert.Equal([new Decision(1, VoteKind.Extra, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void Votes_spread_over_blocks_count_as_well_as_skips()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 1));
        bench.Decisions();
        bench.First(1, bench.Block(1, 2).Id, bench.Others[0]);
        bench.First(1, bench.Block(1, 3).Id, bench.Others[1]);
        Assert.Equal([new Decision(1, VoteKind.Extra, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void The_maximum_is_over_blocks_never_over_skip()
    {
        // n = 4, M = 2: own block 1, skip 2. With skip in the maximum 3 - 2 = 1 would not be enough, and the slot would never end (C3).
        var bench = new RuleBench();
        bench.Propose(bench.Block(1));
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        Assert.Contains(new Decision(1, VoteKind.Extra, BlockId.Skip), bench.Decisions());
    }

    [Fact]
    public void The_mutant_with_skip_in_the_maximum_stays_silent()
    {
        var bench = new RuleBench();
        bench.Node.Mutations = ProtocolMutations.SkipInMaximum;
        bench.Node.Crash();
        bench.Node.Restart();
        bench.Propose(bench.Block(1));
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Extra);
    }

    [Fact]
    public void Without_an_own_First_for_a_block_there_is_no_Extra_skip()
    {
        var silent = new RuleBench();
        silent.First(1, BlockId.Skip, silent.Others[0], silent.Others[1]);
        Assert.Empty(silent.Decisions());
        silent.Wait(300);
        silent.Decisions();
        silent.First(1, silent.Block(1, 1).Id, silent.Others[2]);
        Assert.Empty(silent.Decisions());
    }

    [Fact]
    public void Extra_skip_is_cast_once()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1));
        bench.First(1, BlockId.Skip, bench.Others);
        Assert.Single(bench.Decisions(), d => d.Kind == VoteKind.Extra);
    }

    [Fact]
    public void A_member_that_voted_First_twice_counts_once()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 1));
        bench.Decisions();
        bench.First(1, BlockId.Skip, bench.Others[0]);
        bench.First(1, bench.Block(1, 2).Id, bench.Others[0]);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void After_a_Final_there_is_no_Extra_except_in_the_mutant()
    {
        Assert.DoesNotContain(AfterFinal(ProtocolMutations.None), d => d.Kind == VoteKind.Extra);
        Assert.Contains(AfterFinal(ProtocolMutations.ExtraAfterFinal), d => d.Kind == VoteKind.Extra);
    }

    private static List<Decision> AfterFinal(ProtocolMutations mutation)
    {
        var bench = new RuleBench();
        bench.Node.Mutations = mutation;
        bench.Node.Crash();
        bench.Node.Restart();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.Contains(new Decision(1, VoteKind.Final, block.Id), bench.Decisions());
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        return bench.Decisions();
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

public class R7FinalTests
{
    [Fact]
    public void The_notarized_block_of_the_own_First_gets_a_Final()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Decisions();
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Equal([new Decision(1, VoteKind.Final, block.Id)], bench.Decisions());
    }

    [Fact]
    public void The_certificate_is_durable_before_the_Final()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Node.Effects.Clear();
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        int logged =
            bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.CertificateHeld held } &&
            held.Certificate.Value == block.Id);
        Assert.InRange(logged, 0, bench.Node.Effects.FindIndex(e => e is ReplicaEffect.CastVote { Kind: VoteKind.Final }) - 1);
    }

    [Fact]
    public void The_certificate_is_logged_once_for_entry_and_Final()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Single(bench.Node.Log.OfType<DurableRecord.CertificateHeld>());
    }

    [Fact]
    public void A_notarized_block_that_is_not_the_own_First_gets_no_Final()
    {
        var bench = new RuleBench();
        Block own = bench.Block(1, 1);
        Block other = bench.Block(1, 2);
        bench.Propose(own);
        bench.Propose(other);
        bench.Decisions();
        bench.Send(bench.Others[0], bench.Certificate(1, other.Id));
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Final);
    }

    [Fact]
    public void After_an_Extra_there_is_no_Final()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        Assert.Contains(new Decision(1, VoteKind.Extra, BlockId.Skip), bench.Decisions());
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Final);
    }

    [Fact]
    public void After_a_Final_there_is_no_further_vote()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        bench.Decisions();
        bench.First(1, BlockId.Skip, bench.Others);
        bench.Send(bench.Others[0], bench.Certificate(1, BlockId.Skip));
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot == 1);
    }

    [Fact]
    public void A_slot_already_left_by_another_certificate_still_gets_its_Final()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Skip(1);
        bench.Decisions();
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.Equal([new Decision(1, VoteKind.Final, block.Id)], bench.Decisions());
    }

    [Fact]
    public void The_mutant_casts_a_Final_after_an_Extra()
    {
        var bench = new RuleBench();
        bench.Node.Mutations = ProtocolMutations.FinalAfterExtra;
        bench.Node.Crash();
        bench.Node.Restart();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.Contains(new Decision(1, VoteKind.Final, block.Id), bench.Decisions());
    }

    [Fact]
    public void After_a_fast_commit_the_Final_waits_for_the_missing_First()
    {
        var bench = new RuleBench(change: options => options with { FinalHoldMs = 5 });
        Block second = NotarizedAfterFastCommit(bench);
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Final);
        bench.First(2, second.Id, bench.Others[2]);
        bench.Wait(5);
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Final);
        Assert.Equal(new Slot(2), bench.Replica.FinalSlot);
    }

    [Fact]
    public void When_the_missing_First_does_not_come_the_Final_is_cast()
    {
        var bench = new RuleBench(change: options => options with { FinalHoldMs = 5 });
        Block second = NotarizedAfterFastCommit(bench);
        bench.Wait(4);
        Assert.DoesNotContain(bench.Decisions(), d => d.Kind == VoteKind.Final);
        bench.Wait(1);
        Assert.Equal([new Decision(2, VoteKind.Final, second.Id)], bench.Decisions());
    }

    /// <summary>Slot 1 is committed by all Firsts; slot 2's block has all but one.</summary>
    private static Block NotarizedAfterFastCommit(RuleBench bench)
    {
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others);
        Assert.Equal(new Slot(1), bench.Replica.FinalSlot);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(second, bench.Certificate(1, first.Id));
        bench.Decisions();
        bench.First(2, second.Id, bench.Others[0], bench.Others[1]);
        return second;
    }
}

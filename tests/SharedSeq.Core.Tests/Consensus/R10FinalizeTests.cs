using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

public class R10FinalizeTests
{
    [Fact]
    public void F_First_votes_commit_in_one_round()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Equal(0ul, bench.Replica.FinalSlot.Value);
        bench.First(1, block.Id, bench.Others[2]);
        Assert.Equal(block.Id, bench.Replica.Final);
        CommittedBlock committed = Assert.Single(bench.Node.Delivered);
        Assert.Equal(CommitPath.Fast, committed.Proof!.Path);
        Assert.Equal(1ul, bench.Replica.View().FastCommits);
    }

    [Fact]
    public void Extra_votes_do_not_count_for_the_fast_path()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        bench.Vote(VoteKind.Extra, 1, block.Id, bench.Others[2]);
        Assert.Equal(0ul, bench.Replica.FinalSlot.Value);
    }

    [Fact]
    public void Q_Final_votes_commit_in_two_rounds()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        bench.Final(1, block.Id, bench.Others[0]);
        Assert.Equal(0ul, bench.Replica.FinalSlot.Value);
        bench.Final(1, block.Id, bench.Others[1]);
        Assert.Equal(block.Id, bench.Replica.Final);
        Assert.Equal(CommitPath.Slow, Assert.Single(bench.Node.Delivered).Proof!.Path);
    }

    [Fact]
    public void The_commit_proof_is_logged_before_delivery()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others);
        int logged = bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.FinalHeld });
        Assert.InRange(logged, 0, bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Deliver) - 1);
    }

    [Fact]
    public void A_commit_proof_verifies_for_anybody()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others);
        CommitProof proof = bench.Node.Log.OfType<DurableRecord.FinalHeld>().Single().Proof;
        Assert.Equal(VerificationRejection.None, bench.Network.Verifier.TryVerify(proof, out _));
    }

    [Fact]
    public void A_commit_settles_its_ancestors_in_order()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(second, bench.Certificate(1, first.Id));
        bench.Send(bench.Others[0], bench.Proof(2, second.Id));
        Assert.Equal([first.Id, second.Id], bench.Node.Delivered.Select(block => block.Block.Id));
        Assert.Null(bench.Node.Delivered[0].Proof);
    }

    [Fact]
    public void Missing_ancestors_are_fetched_and_delivered_in_order_once()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        Block second = bench.Block(2, 1, first.Id);
        Block third = bench.Block(3, 2, second.Id);
        bench.Send(bench.Others[0], bench.Proof(3, third.Id));
        (int to, BlockRequest request) = Assert.Single(bench.Sent<BlockRequest>());
        Assert.Equal((third.Id, 2), (request.Block, request.Ancestors));
        Assert.Empty(bench.Node.Delivered);
        bench.Send(to, new BlockResponse([third, second]));
        bench.Send(to, new BlockResponse([second, first]));
        bench.Send(to, new BlockResponse([first]));
        Assert.Equal([first.Id, second.Id, third.Id], bench.Node.Delivered.Select(block => block.Block.Id));
    }

    [Fact]
    public void Carry_blocks_take_time_and_cut_from_the_nearest_other_ancestor()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        Block carry = bench.Block(2, 1, first.Id, flags: HeaderFlags.Carry);
        bench.Propose(first);
        bench.Propose(carry, bench.Certificate(1, first.Id));
        bench.Send(bench.Others[0], bench.Proof(2, carry.Id));
        Assert.Equal(first.Header.Timestamp, bench.Node.Delivered[1].Timestamp);
    }

    [Fact]
    public void Pools_up_to_the_commit_are_dropped()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others[0], bench.Others[1]);
        bench.First(2, BlockId.Skip, bench.Others[0]);
        bench.Send(bench.Others[0], bench.Proof(1, first.Id));
        Assert.Equal(1, bench.Replica.View().SlotsHeld);
    }

    [Fact]
    public void A_block_that_does_not_descend_from_what_was_delivered_halts_with_an_alarm()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others);
        Block stranger = bench.Block(2, 1, new BlockId(new Height(1), Sha.Of([1])));
        bench.Send(bench.Others[0], bench.Proof(2, stranger.Id));
        Assert.False(bench.Replica.IsHalted);
        bench.Send(bench.Others[0], new BlockResponse([stranger]));
        Assert.True(bench.Replica.IsHalted);
        Assert.Equal(AlarmKind.AgreementBroken, Assert.Single(bench.Node.Alarms).Kind);
        Assert.Equal(long.MaxValue, bench.Replica.NextDeadlineMs);
    }

    [Fact]
    public void Two_commits_of_one_slot_halt_with_an_alarm()
    {
        var bench = new RuleBench();
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1, 1).Id));
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1, 2).Id));
        Assert.Equal(AlarmKind.AgreementBroken, Assert.Single(bench.Node.Alarms).Kind);
    }

    [Fact]
    public void A_halted_replica_decides_nothing_any_more()
    {
        var bench = new RuleBench();
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1, 1).Id));
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1, 2).Id));
        bench.Node.Effects.Clear();
        bench.Propose(bench.Block(2));
        bench.Wait(2_000);
        Assert.Empty(bench.Node.Effects);
    }

    [Fact]
    public void An_older_commit_proof_changes_nothing()
    {
        var bench = new RuleBench();
        bench.Send(bench.Others[0], bench.Proof(2, bench.Block(2).Id));
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1).Id));
        Assert.Equal(2ul, bench.Replica.FinalSlot.Value);
        Assert.False(bench.Replica.IsHalted);
    }
}

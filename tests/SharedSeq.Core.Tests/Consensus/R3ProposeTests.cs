using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R3ProposeTests
{
    [Fact]
    public void An_idle_leader_proposes_on_the_heartbeat()
    {
        RuleBench bench = InOwnSlot();
        bench.Wait(99);
        Assert.Empty(Proposals(bench));
        bench.Wait(1);
        ReplicaEffect.CastProposal proposal = Assert.Single(Proposals(bench));
        Assert.Equal(4ul, proposal.Block.Header.Slot.Value);
        Assert.Equal(bench.Genesis, proposal.Block.Header.ParentId);
    }

    [Fact]
    public void The_proposal_is_sent_after_it_is_durable_and_the_own_vote_follows_it()
    {
        RuleBench bench = InOwnSlot();
        bench.Node.IsDiskHeld = true;
        bench.Wait(100);
        Assert.Empty(bench.Sent<Proposal>());
        bench.Node.ReleaseDisk();
        Type[] order = [.. bench.Network.Queue.Where(e => e.Message is Proposal or Vote { VoteKind: VoteKind.First })
            .Select(e => e.Message.GetType()).Distinct()];
        Assert.Equal([typeof(Proposal), typeof(Vote)], order);
    }

    [Fact]
    public void Passed_slots_are_justified_by_their_skip_certificates()
    {
        RuleBench bench = InOwnSlot();
        bench.Wait(100);
        Assert.Equal([3ul, 2ul, 1ul], Assert.Single(Proposals(bench)).Justification.Skips.Select(skip => skip.Slot.Value).OrderDescending());
    }

    [Fact]
    public void A_missing_skip_certificate_is_asked_for_and_nothing_is_proposed_without_it()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(3);
        bench.Wait(200);
        Assert.Empty(Proposals(bench));
        CertificateRequest request = bench.Sent<CertificateRequest>()[0].Message;
        Assert.Equal(2ul, request.First.Value);
        bench.Skip(2);
        Assert.Single(Proposals(bench));
    }

    [Fact]
    public void The_highest_notarized_block_is_the_parent_and_its_certificate_travels()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.Send(bench.Others[0], bench.Certificate(1, first.Id));
        bench.Skip(2);
        bench.Skip(3);
        bench.Wait(100);
        ReplicaEffect.CastProposal proposal = Assert.Single(Proposals(bench));
        Assert.Equal(first.Id, proposal.Block.Header.ParentId);
        Assert.Equal(1ul, proposal.Block.Header.ParentSlot.Value);
        Assert.Equal(first.Id, proposal.Justification.Parent!.Value);
    }

    [Fact]
    public void Of_two_notarized_blocks_the_one_whose_header_is_held_is_preferred()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        Block held = bench.Block(3, 1);
        Block other = bench.Block(3, 2);
        bench.Propose(held, null, bench.Certificate(1, BlockId.Skip), bench.Certificate(2, BlockId.Skip));
        bench.Send(bench.Others[0], bench.Certificate(3, other.Id));
        bench.Send(bench.Others[0], bench.Certificate(3, held.Id));
        bench.Wait(100);
        Assert.Equal(held.Id, Assert.Single(Proposals(bench)).Block.Header.ParentId);
    }

    [Fact]
    public void Without_the_parents_header_a_carry_block_is_proposed_after_a_delay()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        Block unknown = bench.Block(3);
        bench.Send(bench.Others[0], bench.Certificate(3, unknown.Id));
        Assert.Equal(unknown.Id, bench.Sent<BlockRequest>()[0].Message.Block);
        bench.Wait(74);
        Assert.Empty(Proposals(bench));
        bench.Wait(1);
        Header header = Assert.Single(Proposals(bench)).Block.Header;
        Assert.True(header.IsCarry);
        Assert.Equal(unknown.Id, header.ParentId);
        Assert.Empty(header.Tips);
    }

    [Fact]
    public void A_header_that_comes_in_time_is_built_upon()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        Block block = bench.Block(3);
        bench.Send(bench.Others[0], bench.Certificate(3, block.Id));
        bench.Send(bench.Others[0], new BlockResponse([block]));
        bench.Wait(25);
        Assert.False(Assert.Single(Proposals(bench)).Block.Header.IsCarry);
    }

    [Fact]
    public void The_timestamp_is_never_below_the_parents()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        Block ahead = bench.Block(3, 0, bench.Genesis, bench.Network.Now.WallMs + 5_000);
        bench.Send(bench.Others[0], bench.Certificate(3, ahead.Id));
        bench.Send(bench.Others[0], new BlockResponse([ahead]));
        bench.Wait(100);
        Assert.Equal(ahead.Header.Timestamp, Assert.Single(Proposals(bench)).Block.Header.Timestamp);
    }

    [Fact]
    public void A_block_that_is_notarized_and_not_committed_gets_a_successor_soon()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        Block block = bench.Block(3);
        bench.Propose(block, null, bench.Certificate(1, BlockId.Skip), bench.Certificate(2, BlockId.Skip));
        bench.Send(bench.Others[0], bench.Certificate(3, block.Id));
        bench.Wait(24);
        Assert.Empty(Proposals(bench));
        bench.Wait(1);
        Assert.Single(Proposals(bench));
    }

    [Fact]
    public void A_leader_proposes_once_even_after_a_restart()
    {
        RuleBench bench = InOwnSlot();
        bench.Wait(100);
        Block proposed = Assert.Single(Proposals(bench)).Block;
        bench.Node.Crash();
        bench.Sent<Proposal>();
        bench.Node.Effects.Clear();
        bench.Node.Restart();
        bench.Wait(250);
        Assert.Empty(Proposals(bench));
        Assert.All(bench.Sent<Proposal>(), item => Assert.Equal(proposed.Id, item.Message.Block.Id));
    }

    [Fact]
    public void A_proposal_durable_without_its_vote_gets_the_vote_after_a_restart()
    {
        RuleBench bench = InOwnSlot();
        bench.Wait(100);
        Block proposed = Assert.Single(Proposals(bench)).Block;
        bench.Node.Crash();
        bench.Node.Log.RemoveAll(record => record is DurableRecord.OwnVote { Vote.Slot.Value: 4 });
        bench.Node.Restart();
        Assert.Contains(new Decision(4, VoteKind.First, proposed.Id), bench.Decisions());
    }

    private static RuleBench InOwnSlot()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        bench.Skip(2);
        bench.Skip(3);
        Assert.Equal(4ul, bench.Current);
        return bench;
    }

    private static List<ReplicaEffect.CastProposal> Proposals(RuleBench bench) => [.. bench.Node.Effects.OfType<ReplicaEffect.CastProposal>()];
}

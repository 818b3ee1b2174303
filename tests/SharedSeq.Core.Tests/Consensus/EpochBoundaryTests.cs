using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>Section 8: the boundary is known from headers alone, what follows it are tails, and with it the epoch is over.</summary>
public class EpochBoundaryTests
{
    // Two seconds of committed time, then two more heights.
    private static readonly EpochSpan Short = EpochSpan.From(new TimestampMs(TestNetwork.WallStartMs), 2, 2);

    private const ulong End = TestNetwork.WallStartMs + 2_000;

    [Fact]
    public void The_first_height_at_the_end_sets_the_boundary_and_no_later_one_moves_it()
    {
        EpochSpan before = Short.After(new Height(1), new TimestampMs(End - 1));
        Assert.Null(before.Boundary);
        EpochSpan at = before.After(new Height(2), new TimestampMs(End));
        Assert.Equal(new Height(4), at.Boundary);
        Assert.Equal(at, at.After(new Height(3), new TimestampMs(End + 9_000)));
        Assert.False(at.IsTail(new Height(4)));
        Assert.True(at.IsTail(new Height(5)));
        Assert.True(EpochSpan.From(default, 0, 2).After(new Height(1), new TimestampMs(ulong.MaxValue - 1)).Boundary is null);
    }

    [Fact]
    public void An_ordinary_block_behind_the_boundary_is_refused_at_once()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        Block ordinary = bench.Block(4, 3, boundary, End);
        bench.Propose(ordinary, bench.Certificate(3, boundary));
        Assert.Equal(new Decision(4, VoteKind.First, BlockId.Skip), Assert.Single(Firsts(bench, 4)));
    }

    [Fact]
    public void A_carry_block_behind_the_boundary_that_is_not_called_a_tail_is_refused_at_once()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Propose(bench.Block(4, 3, boundary, flags: HeaderFlags.Carry), bench.Certificate(3, boundary));
        Assert.Equal(new Decision(4, VoteKind.First, BlockId.Skip), Assert.Single(Firsts(bench, 4)));
    }

    [Fact]
    public void A_tail_behind_the_boundary_is_voted_for()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        Block tail = bench.Block(4, 3, boundary, flags: HeaderFlags.Carry | HeaderFlags.Tail);
        bench.Propose(tail, bench.Certificate(3, boundary));
        Assert.Equal(new Decision(4, VoteKind.First, tail.Id), Assert.Single(Firsts(bench, 4)));
    }

    [Fact]
    public void A_tail_before_the_boundary_is_refused_at_once()
    {
        var bench = new RuleBench(7, epoch: Short);
        bench.Propose(bench.Block(1, 0, bench.Genesis, flags: HeaderFlags.Carry | HeaderFlags.Tail));
        Assert.Equal(new Decision(1, VoteKind.First, BlockId.Skip), Assert.Single(Firsts(bench, 1)));
    }

    [Fact]
    public void A_tail_that_is_no_carry_block_is_refused_at_once()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Propose(bench.Block(4, 3, boundary, End, HeaderFlags.Tail), bench.Certificate(3, boundary));
        Assert.Equal(new Decision(4, VoteKind.First, BlockId.Skip), Assert.Single(Firsts(bench, 4)));
    }

    [Fact]
    public void Far_from_the_end_a_carry_block_is_voted_for_without_its_parent_and_near_it_the_vote_waits_for_the_headers()
    {
        foreach (uint lead in new uint[] { 1, 3 })
        {
            var bench = new RuleBench(7, epoch: EpochSpan.From(new TimestampMs(TestNetwork.WallStartMs), 2, lead));
            var unknown = new BlockId(new Height(2), Sha.Of("a block nobody here has seen"u8));
            bench.Send(bench.Others[0], bench.Certificate(1, unknown));
            Block carry = bench.Block(2, 1, unknown, flags: HeaderFlags.Carry);
            bench.Propose(carry, bench.Certificate(1, unknown));
            // Height 3: with a lead of 1 the boundary may lie at 2, with a lead of 3 at 4 at the lowest.
            Assert.Equal(lead == 1 ? [] : [new Decision(2, VoteKind.First, carry.Id)], Firsts(bench, 2));
        }
    }

    [Fact]
    public void A_leader_behind_the_boundary_proposes_a_tail()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary(members: 4);
        bench.Wait(100);
        ReplicaEffect.CastProposal proposal = Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.CastProposal>());
        Assert.Equal(HeaderFlags.Carry | HeaderFlags.Tail, proposal.Block.Header.Flags);
        Assert.Equal(boundary, proposal.Block.Header.ParentId);
        Assert.Empty(proposal.Block.Header.Tips);
    }

    [Fact]
    public void With_its_boundary_committed_the_epoch_is_over_and_nothing_more_is_cast()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        Assert.True(bench.Replica.IsEpochOver);
        Assert.Equal(boundary, bench.Replica.Boundary!.Id);
        Assert.Equal([1ul, 2ul, 3ul], bench.Node.Delivered.Select(block => block.Height.Value));
        bench.Decisions();
        bench.Propose(bench.Block(4, 3, boundary, flags: HeaderFlags.Carry | HeaderFlags.Tail), bench.Certificate(3, boundary));
        bench.Wait(5_000);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_committed_tail_commits_the_boundary_and_is_not_delivered()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        Block tail = bench.Block(4, 3, boundary, flags: HeaderFlags.Carry | HeaderFlags.Tail);
        bench.Propose(tail, bench.Certificate(3, boundary));
        bench.Send(bench.Others[0], bench.Proof(4, tail.Id));
        Assert.True(bench.Replica.IsEpochOver);
        Assert.Equal(boundary, bench.Replica.Boundary!.Id);
        Assert.Equal([1ul, 2ul, 3ul], bench.Node.Delivered.Select(block => block.Height.Value));
    }

    [Fact]
    public void Whoever_still_votes_in_an_epoch_that_is_over_is_answered_with_the_commit_proof()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        bench.Wait(ConsensusLimits.StaleAnswerMs);
        bench.Sent<CommitProof>();
        bench.First(5, BlockId.Skip, bench.Others[1]);
        (int to, CommitProof proof) = Assert.Single(bench.Sent<CommitProof>());
        Assert.Equal((bench.Others[1], boundary), (to, proof.Block));
    }

    [Fact]
    public void A_member_that_lacks_the_tail_it_saw_committed_ends_the_epoch_by_the_boundarys_own_proof()
    {
        foreach (bool isRestarted in new[] { false, true })
        {
            (RuleBench bench, BlockId boundary, Block[] blocks) = BehindTail();
            bench.Send(bench.Others[0], bench.Proof(3, boundary));
            if (isRestarted)
            {
                bench.Node.Crash();
                bench.Node.Restart();
            }

            bench.Wait(2_000);
            Assert.Contains(bench.Sent<BlockRequest>(), sent => sent.Message.Block == boundary);
            bench.Send(bench.Others[0], new BlockResponse([.. blocks.Reverse()]));
            Assert.Equal([1ul, 2ul, 3ul], bench.Node.Delivered.Select(block => block.Height.Value));
            Assert.True(bench.Replica.IsEpochOver);
            Assert.Equal(boundary, bench.Replica.Boundary!.Id);
            // What it has of the tail would help nobody: it hands on the proof that helped it.
            Assert.Equal(boundary, bench.Replica.Ending()!.Proof.Block);
        }
    }

    [Fact]
    public void A_lower_proof_that_says_nothing_new_is_answered_and_not_kept()
    {
        (RuleBench bench, BlockId boundary, _) = BehindTail();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        int logged = Proofs(bench);
        bench.Wait(ConsensusLimits.StaleAnswerMs);
        bench.Sent<CommitProof>();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        Assert.Equal(4ul, Assert.Single(bench.Sent<CommitProof>()).Message.Slot.Value);
        Assert.Equal(logged, Proofs(bench));
    }

    [Fact]
    public void A_member_that_saw_the_boundary_committed_does_not_take_the_proof_of_a_tail_it_lacks()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        Block tail = bench.Block(4, 3, boundary, flags: HeaderFlags.Carry | HeaderFlags.Tail);
        bench.Send(bench.Others[0], bench.Proof(4, tail.Id));
        Assert.Equal(boundary, bench.Replica.Final);
        Assert.Equal(boundary, bench.Replica.Ending()!.Proof.Block);
        bench.Wait(ConsensusLimits.StaleAnswerMs);
        bench.Sent<CommitProof>();
        bench.Send(bench.Others[1], new BlockRequest(Epoch.Zero, tail.Id, 0));
        Assert.Equal(boundary, Assert.Single(bench.Sent<CommitProof>()).Message.Block);
    }

    [Fact]
    public void A_tail_that_was_voted_for_is_kept_when_the_boundary_is_committed_by_itself()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        Block tail = bench.Block(4, 3, boundary, flags: HeaderFlags.Carry | HeaderFlags.Tail);
        bench.Propose(tail, bench.Certificate(3, boundary));
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        EndedEpoch ended = bench.Replica.Ending()!;
        Assert.Equal(boundary, ended.Proof.Block);
        Assert.Equal(tail.Id, Assert.Single(ended.TailsFrom(new BlockRequest(Epoch.Zero, tail.Id, 5))).Id);
    }

    [Fact]
    public void A_restart_knows_from_its_logs_that_the_epoch_is_over()
    {
        (RuleBench bench, BlockId boundary) = AtBoundary();
        bench.Send(bench.Others[0], bench.Proof(3, boundary));
        bench.Node.Crash();
        bench.Node.Restart();
        Assert.True(bench.Replica.IsEpochOver);
        Assert.Equal(boundary, bench.Replica.Boundary!.Id);
    }

    [Fact]
    public void A_committee_ends_its_epoch_at_one_block()
    {
        var network = new TestNetwork(QuorumParameters.ForMembers(4), epoch: Short);
        network.StartAll();
        network.Advance(4_000, isDelivering: true);
        Assert.All(network.Nodes, node => Assert.True(node.Replica.IsEpochOver, $"member {node.Self} is at height {node.Replica.Final}"));
        BlockId boundary = network[0].Replica.Boundary!.Id;
        Assert.All(network.Nodes, node => Assert.Equal(boundary, node.Replica.Boundary!.Id));
        Assert.All(network.Nodes, node => Assert.Equal(boundary.Height, node.Delivered[^1].Height));
    }

    /// <summary>Height 1 sets the boundary at height 3, which is notarized in slot 3 and not committed; the bench is in slot 4.</summary>
    private static (RuleBench Bench, BlockId Boundary) AtBoundary(int members = 7)
    {
        var bench = new RuleBench(members, epoch: Short);
        BlockId parent = bench.Genesis;
        for (ulong slot = 1; slot <= 3; slot++)
        {
            Block block = bench.Block(slot, slot - 1, parent, End);
            bench.Propose(block, slot == 1 ? null : bench.Certificate(slot - 1, parent));
            bench.Send(bench.Others[0], bench.Certificate(slot, block.Id));
            parent = block.Id;
        }

        return (bench, parent);
    }

    /// <summary>As a member that was away: it has a commit proof of a tail in slot 4, and no block of the three heights below.</summary>
    private static (RuleBench Bench, BlockId Boundary, Block[] Blocks) BehindTail()
    {
        var bench = new RuleBench(7, epoch: Short);
        var blocks = new Block[3];
        BlockId parent = bench.Genesis;
        for (ulong slot = 1; slot <= 3; slot++)
        {
            blocks[slot - 1] = bench.Block(slot, slot - 1, parent, End);
            parent = blocks[slot - 1].Id;
        }

        bench.Send(bench.Others[0], bench.Proof(4, bench.Block(4, 3, parent, flags: HeaderFlags.Carry | HeaderFlags.Tail).Id));
        Assert.Equal(4ul, bench.Replica.FinalSlot.Value);
        return (bench, parent, blocks);
    }

    private static int Proofs(RuleBench bench) => bench.Node.Effects.Count(effect => effect is ReplicaEffect.Log { Record: DurableRecord.FinalHeld });

    private static List<Decision> Firsts(RuleBench bench, ulong slot) =>
        [.. bench.Decisions().Where(decision => decision.Slot == slot && decision.Kind == VoteKind.First)];
}

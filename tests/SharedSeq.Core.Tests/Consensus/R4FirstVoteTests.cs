using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

public class R4FirstVoteTests
{
    [Fact]
    public void A_valid_proposal_of_the_leader_gets_the_First_vote()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        Assert.Equal([new Decision(1, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void The_header_is_durable_before_the_vote()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1));
        int logged = bench.Node.Effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.BlockHeld });
        int cast = bench.Node.Effects.FindIndex(e => e is ReplicaEffect.CastVote);
        Assert.InRange(logged, 0, cast - 1);
    }

    [Fact]
    public void The_vote_is_counted_and_sent_only_when_it_is_durable()
    {
        var bench = new RuleBench();
        bench.Node.IsDiskHeld = true;
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others[0], bench.Others[1]);
        Assert.Empty(bench.Sent<Vote>());
        Assert.Equal(1ul, bench.Current);
        Assert.False(bench.Replica.CanSnapshot);
        bench.Node.ReleaseDisk();
        Assert.Equal(2ul, bench.Current);
        Assert.True(bench.Replica.CanSnapshot);
        Assert.Contains(bench.Sent<Vote>(), item => item.Message.VoteKind == VoteKind.First);
    }

    [Fact]
    public void A_second_proposal_gets_no_vote()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1, 1);
        bench.Propose(first);
        bench.Propose(bench.Block(1, 2));
        Assert.Equal([new Decision(1, VoteKind.First, first.Id)], bench.Decisions());
    }

    [Fact]
    public void A_proposal_of_a_later_slot_waits_until_the_slot_is_entered()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        Assert.Empty(bench.Decisions());
        bench.Skip(1);
        Assert.Equal([new Decision(2, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void A_proposal_of_a_slot_beyond_the_window_is_dropped_and_counted()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(66));
        Assert.Equal(1ul, bench.Replica.View().OutOfWindow);
        Assert.Equal(0, bench.Replica.View().SlotsHeld);
        bench.Propose(bench.Block(65));
        Assert.Equal(1ul, bench.Replica.View().OutOfWindow);
    }

    [Fact]
    public void A_missing_parent_certificate_is_waited_and_asked_for()
    {
        var bench = new RuleBench();
        Block parent = bench.Block(1);
        bench.Skip(1);
        Block block = bench.Block(2, 1, parent.Id);
        bench.Propose(block);
        Assert.Empty(bench.Decisions());
        (int to, CertificateRequest request) = bench.Sent<CertificateRequest>()[0];
        Assert.Equal(bench.Network.LeaderOf(2), to);
        Assert.Equal(1ul, request.First.Value);
        bench.Send(bench.Others[1], new CertificateResponse([bench.Certificate(1, parent.Id)], null));
        bench.Send(bench.Others[1], new BlockResponse([parent]));
        Assert.Contains(new Decision(2, VoteKind.First, block.Id), bench.Decisions());
    }

    [Fact]
    public void Every_slot_between_needs_its_skip_certificate()
    {
        var bench = new RuleBench();
        Block block = bench.Block(3);
        bench.Skip(2);
        bench.Decisions();
        bench.Propose(block);
        Assert.Empty(bench.Decisions());
        bench.Skip(1);
        Assert.Equal([new Decision(3, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void A_justification_inside_the_proposal_is_enough()
    {
        var bench = new RuleBench();
        Block block = bench.Block(3);
        bench.Propose(block, null, bench.Certificate(1, BlockId.Skip), bench.Certificate(2, BlockId.Skip));
        Assert.Equal(3ul, bench.Current);
        Assert.Equal([new Decision(3, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void A_parent_below_the_last_commit_is_refused_at_once()
    {
        var bench = new RuleBench();
        Block committed = bench.Block(1, 1);
        bench.Send(bench.Others[0], bench.Proof(1, committed.Id));
        bench.Propose(bench.Block(2, 0, bench.Genesis));
        Assert.Equal([new Decision(2, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void A_parents_missing_header_is_fetched_before_the_vote()
    {
        var bench = new RuleBench();
        Block parent = bench.Block(1);
        Block block = bench.Block(2, 1, parent.Id);
        bench.Propose(block, bench.Certificate(1, parent.Id));
        Assert.Empty(bench.Decisions());
        Assert.Equal(parent.Id, bench.Sent<BlockRequest>()[0].Message.Block);
        bench.Send(bench.Others[0], new BlockResponse([parent]));
        Assert.Contains(new Decision(2, VoteKind.First, block.Id), bench.Decisions());
    }

    [Fact]
    public void A_carry_block_is_valid_without_its_parents_header()
    {
        var bench = new RuleBench();
        Block parent = bench.Block(1);
        Block carry = bench.Block(2, 1, parent.Id, flags: HeaderFlags.Carry);
        bench.Propose(carry, bench.Certificate(1, parent.Id));
        Assert.Equal([new Decision(2, VoteKind.First, carry.Id)], bench.Decisions());
    }

    [Fact]
    public void Behind_carry_blocks_the_nearest_other_ancestor_is_needed()
    {
        var bench = new RuleBench();
        Block parent = bench.Block(1);
        Block carry = bench.Block(2, 1, parent.Id, flags: HeaderFlags.Carry);
        bench.Propose(carry, bench.Certificate(1, parent.Id));
        bench.Send(bench.Others[0], bench.Certificate(2, carry.Id));
        Block block = bench.Block(3, 2, carry.Id);
        bench.Decisions();
        bench.Propose(block);
        Assert.Empty(bench.Decisions());
        bench.Send(bench.Others[0], new BlockResponse([parent]));
        Assert.Contains(new Decision(3, VoteKind.First, block.Id), bench.Decisions());
    }

    [Fact]
    public void A_timestamp_below_the_parents_is_refused_at_once()
    {
        var bench = new RuleBench();
        Block parent = bench.Block(1);
        bench.Propose(parent);
        bench.Send(bench.Others[0], bench.Certificate(1, parent.Id));
        bench.Decisions();
        bench.Propose(bench.Block(2, 1, parent.Id, parent.Header.Timestamp.Value - 1));
        Assert.Equal([new Decision(2, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void A_timestamp_ahead_of_the_clock_waits_for_the_clock()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1, 0, bench.Genesis, bench.Network.Now.WallMs + 600);
        bench.Propose(block);
        Assert.Empty(bench.Decisions());
        bench.Wait(99);
        Assert.Empty(bench.Decisions());
        bench.Wait(1);
        Assert.Equal([new Decision(1, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void A_timestamp_equal_to_the_parents_passes_however_far_ahead_it_is()
    {
        var bench = new RuleBench();
        Block ahead = bench.Block(1, 0, bench.Genesis, bench.Network.Now.WallMs + 60_000);
        Block block = bench.Block(2, 1, ahead.Id, ahead.Header.Timestamp.Value);
        bench.Propose(block, bench.Certificate(1, ahead.Id));
        bench.Send(bench.Others[0], new BlockResponse([ahead]));
        Assert.Contains(new Decision(2, VoteKind.First, block.Id), bench.Decisions());
    }

    [Theory]
    [InlineData(HeaderFlags.Tail)]
    [InlineData(HeaderFlags.L1Reorg)]
    public void Marks_of_rules_that_do_not_apply_yet_are_refused(HeaderFlags flags)
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 0, bench.Genesis, flags: flags));
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void An_L1_view_in_a_network_without_L1_is_refused()
    {
        var bench = new RuleBench();
        var payload = new Payload(new L1View(1, 2, Sha.Of([1]), Sha.Of([2]), 3, Sha.Of([4])), []);
        bench.Propose(bench.Block(1, 0, bench.Genesis, payload: payload));
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void A_cut_that_names_an_unknown_lane_is_refused()
    {
        var bench = new RuleBench();
        var tip = new LaneTip(new LaneId(Epoch.Zero, new ReplicaId(9), 0), BatchSeq.Zero, Sha.Of([1]));
        var header = new Header(
            Epoch.Zero, new Slot(1), new Height(1), Slot.Zero, TestNetwork.GenesisHash, new TimestampMs(bench.Network.Now.WallMs), HeaderFlags.None,
            Payload.Empty.Commitment, [tip]);
        bench.Propose(new Block(header, Payload.Empty));
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void Evidence_that_does_not_verify_is_refused_and_evidence_that_does_is_not()
    {
        var good = new RuleBench();
        Block block = good.Block(1, 0, good.Genesis, payload: new Payload(L1View.None, [TwoFirsts(good, isForged: false)]));
        good.Propose(block);
        Assert.Equal([new Decision(1, VoteKind.First, block.Id)], good.Decisions());
        var bad = new RuleBench();
        bad.Propose(bad.Block(1, 0, bad.Genesis, payload: new Payload(L1View.None, [TwoFirsts(bad, isForged: true)])));
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bad.Decisions());
    }

    [Fact]
    public void A_charge_is_accepted_once_whatever_other_contradictions_of_its_kind_the_offender_signs()
    {
        foreach ((bool isSecondAccepted, int offender, int[] slots) in new[] { (false, 0, new[] { 9 }), (true, 1, [9]), (false, 1, [8, 9]) })
        {
            var bench = new RuleBench();
            Block first = bench.Block(1, 0, bench.Genesis, payload: new Payload(L1View.None, [TwoFirsts(bench, isForged: false)]));
            bench.Propose(first);
            bench.First(1, first.Id, bench.Others);
            Assert.Equal(first.Id, bench.Replica.Final);
            bench.Decisions();
            Evidence[] items = [.. slots.Select(slot => TwoFirsts(bench, isForged: false, offender, (ulong)slot))];
            Block second = bench.Block(2, 1, first.Id, payload: new Payload(L1View.None, items));
            bench.Propose(second, bench.Certificate(1, first.Id));
            Assert.Equal([new Decision(2, VoteKind.First, isSecondAccepted ? second.Id : BlockId.Skip)], bench.Decisions());
        }
    }

    [Fact]
    public void After_a_First_vote_no_proposal_gets_another()
    {
        var bench = new RuleBench();
        bench.Wait(300);
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bench.Decisions());
        bench.Propose(bench.Block(1));
        Assert.Empty(bench.Decisions());
    }

    private static Evidence TwoFirsts(RuleBench bench, bool isForged, int other = 0, ulong slot = 1)
    {
        int offender = bench.Others[other];
        Vote one = bench.Signed(offender, VoteKind.First, slot, BlockId.Skip);
        Vote two = bench.Signed(offender, VoteKind.First, slot, bench.Block(1, 7).Id);
        return new Evidence(EvidenceKind.TwoFirstVotes, Epoch.Zero, one.Voter, Statement(one), Statement(isForged ? one : two));
    }

    private static SignedStatement Statement(Vote vote)
    {
        var writer = new CanonicalWriter();
        writer.U64(vote.Slot.Value);
        vote.Value.Write(writer);
        return new SignedStatement(SignedKind.FirstVote, writer.ToArray(), vote.Signature);
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>E1 to E4 out of what a replica receives, and the way of evidence into blocks.</summary>
public class EvidenceTests
{
    [Fact]
    public void E1_two_proposals_of_one_leader()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 1));
        bench.Propose(bench.Block(1, 2));
        Evidence evidence = Recorded(bench);
        Assert.Equal(EvidenceKind.TwoProposals, evidence.EvidenceKind);
        Assert.Equal(bench.Network.LeaderOf(1), evidence.Offender.Value);
    }

    [Fact]
    public void E2_two_First_votes()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[1]);
        bench.First(1, bench.Block(1).Id, bench.Others[1]);
        Evidence evidence = Recorded(bench);
        Assert.Equal(EvidenceKind.TwoFirstVotes, evidence.EvidenceKind);
        Assert.Equal(bench.Others[1], evidence.Offender.Value);
    }

    [Theory]
    [InlineData(VoteKind.First, true)]
    [InlineData(VoteKind.First, false)]
    [InlineData(VoteKind.Extra, true)]
    [InlineData(VoteKind.Extra, false)]
    public void E3_a_Final_beside_a_vote_for_something_else(VoteKind kind, bool isFinalFirst)
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        if (isFinalFirst) bench.Final(1, block.Id, bench.Others[0]);
        bench.Vote(kind, 1, BlockId.Skip, bench.Others[0]);
        if (!isFinalFirst) bench.Final(1, block.Id, bench.Others[0]);
        Assert.Equal(EvidenceKind.FinalAndOther, Recorded(bench).EvidenceKind);
    }

    [Fact]
    public void E4_two_Finals()
    {
        var bench = new RuleBench();
        bench.Final(1, bench.Block(1, 1).Id, bench.Others[0]);
        bench.Final(1, bench.Block(1, 2).Id, bench.Others[0]);
        Assert.Equal(EvidenceKind.TwoFinals, Recorded(bench).EvidenceKind);
    }

    [Fact]
    public void Votes_that_honest_members_cast_together_are_no_evidence()
    {
        var bench = new RuleBench();
        Block one = bench.Block(1, 1);
        Block two = bench.Block(1, 2);
        bench.First(1, one.Id, bench.Others[0]);
        bench.Vote(VoteKind.Extra, 1, BlockId.Skip, bench.Others[0]);
        bench.Vote(VoteKind.Extra, 1, two.Id, bench.Others[0]);
        bench.First(1, BlockId.Skip, bench.Others[1]);
        bench.Vote(VoteKind.Extra, 1, one.Id, bench.Others[1]);
        bench.First(2, one.Id, bench.Others[2]);
        bench.Final(2, one.Id, bench.Others[2]);
        bench.First(2, one.Id, bench.Others[2]);
        Assert.Empty(bench.Node.Evidence);
    }

    [Fact]
    public void Evidence_verifies_and_is_passed_on_once()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[1]);
        bench.Sent<PeerMessage>();
        bench.First(1, bench.Block(1).Id, bench.Others[1]);
        List<(int To, Evidence Message)> sent = bench.Sent<Evidence>();
        Assert.Equal(bench.Others.Length, sent.Count);
        Assert.Equal(VerificationRejection.None, bench.Network.Verifier.TryVerify(sent[0].Message, out _));
        bench.Send(bench.Others[0], sent[0].Message);
        Assert.Empty(bench.Sent<Evidence>());
    }

    [Fact]
    public void Evidence_of_others_is_recorded_and_put_into_the_own_proposal_until_it_is_committed()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[1]);
        bench.First(1, bench.Block(1).Id, bench.Others[1]);
        bench.Skip(1);
        bench.Skip(2);
        bench.Skip(3);
        bench.Wait(100);
        Block proposed = bench.Node.Effects.OfType<ReplicaEffect.CastProposal>().Single().Block;
        Assert.Equal(EvidenceKind.TwoFirstVotes, Assert.Single(proposed.Payload.Evidence).EvidenceKind);
        Assert.Equal(1, bench.Replica.View().EvidenceWaiting);
        bench.First(4, proposed.Id, bench.Others);
        Assert.Equal(proposed.Id, bench.Replica.Final);
        Assert.Equal(0, bench.Replica.View().EvidenceWaiting);
    }

    [Fact]
    public void E1_who_asks_for_the_other_block_of_a_slot_sees_its_leaders_signature()
    {
        var bench = new RuleBench();
        Block shown = bench.Block(1, 1);
        bench.Propose(shown);
        bench.Sent<PeerMessage>();
        bench.Send(bench.Others[1], new BlockRequest(Epoch.Zero, shown.Id, 0));
        (int to, Proposal passedOn) = Assert.Single(bench.Sent<Proposal>());
        Assert.Equal((bench.Others[1], shown.Id), (to, passedOn.Block.Id));

        var asker = new RuleBench();
        asker.Propose(asker.Block(1, 2));
        asker.Send(asker.Others[1], passedOn);
        Assert.Equal(EvidenceKind.TwoProposals, Recorded(asker).EvidenceKind);
    }

    [Fact]
    public void E2_to_E4_by_a_certificate_that_the_other_vote_went_into()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.First(2, BlockId.Skip, bench.Others[0]);
        bench.Send(bench.Others[1], bench.Certificate(2, block.Id, bench.Others));
        Assert.Equal((EvidenceKind.TwoFirstVotes, bench.Others[0]), (Recorded(bench).EvidenceKind, Recorded(bench).Offender.Value));

        bench = new RuleBench();
        bench.Final(2, block.Id, bench.Others[0]);
        bench.Send(bench.Others[1], bench.Certificate(2, BlockId.Skip, bench.Others));
        Assert.Equal(EvidenceKind.FinalAndOther, Recorded(bench).EvidenceKind);

        bench = new RuleBench();
        bench.Final(2, bench.Block(2, 7).Id, 0);
        bench.Send(bench.Others[1], bench.Proof(2, block.Id));
        Assert.Equal((EvidenceKind.TwoFinals, 0), (Recorded(bench).EvidenceKind, Recorded(bench).Offender.Value));
    }

    [Fact]
    public void A_certificate_of_the_votes_that_are_held_is_no_evidence()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.First(2, block.Id, bench.Others[0]);
        bench.Final(2, block.Id, bench.Others[1]);
        bench.Vote(VoteKind.Extra, 3, BlockId.Skip, bench.Others[0]);
        bench.Send(bench.Others[1], bench.Certificate(2, block.Id, bench.Others));
        bench.Send(bench.Others[1], bench.Certificate(3, bench.Block(3).Id, bench.Others));
        bench.Send(bench.Others[1], bench.Proof(2, block.Id));
        Assert.Empty(bench.Node.Evidence);
    }

    [Fact]
    public void Evidence_that_waits_is_sent_again_every_R_and_to_a_member_whose_session_begins()
    {
        RuleBench bench = Caught();
        bench.Node.Step(new ReplicaInput.PeerConnected(new ReplicaId((ushort)bench.Others[2])));
        Assert.Equal(bench.Others[2], Assert.Single(bench.Sent<Evidence>()).To);
        bench.Wait(bench.ResendMs * 5 / 4);
        Assert.Equal(bench.Others.Length, bench.Sent<Evidence>().Count);
    }

    [Fact]
    public void Evidence_recorded_before_a_restart_is_proposed_after_it_and_committed_evidence_is_not()
    {
        Evidence known = Recorded(Caught());
        foreach (bool isCommitted in (bool[])[false, true])
        {
            var bench = new RuleBench(recorded: [new RecoveredEvidence(known, isCommitted)]);
            bench.Send(bench.Others[0], known);
            Assert.Empty(bench.Node.Evidence);
            Assert.Equal(isCommitted ? 0 : 1, bench.Replica.View().EvidenceWaiting);
        }
    }

    [Fact]
    public void An_offender_can_not_fill_memory_with_evidence_against_itself()
    {
        var bench = new RuleBench();
        for (ulong slot = 1; slot <= 60; slot++)
        {
            bench.First(slot, bench.Block(slot, 1).Id, bench.Others[0]);
            bench.First(slot, bench.Block(slot, 2).Id, bench.Others[0]);
        }

        Assert.Equal(EvidenceKind.TwoFirstVotes, Assert.Single(bench.Node.Evidence).Value.EvidenceKind);
        Assert.Equal(1, bench.Replica.View().EvidenceWaiting);
    }

    [Fact]
    public void Evidence_that_waits_outlives_a_restart_when_other_charges_against_the_offender_are_committed()
    {
        Evidence own = Recorded(Caught());
        var other = new Evidence(EvidenceKind.TwoResults, own.Epoch, own.Offender, own.First, own.Second);
        var bench = new RuleBench(recorded: [new RecoveredEvidence(other, IsCommitted: true), new RecoveredEvidence(own, IsCommitted: false)]);
        Assert.Equal(1, bench.Replica.View().EvidenceWaiting);
        var charged = new RuleBench(recorded: [new RecoveredEvidence(own, IsCommitted: false), new RecoveredEvidence(own, IsCommitted: true)]);
        Assert.Equal(0, charged.Replica.View().EvidenceWaiting);
    }

    private static RuleBench Caught()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[1]);
        bench.First(1, bench.Block(1).Id, bench.Others[1]);
        bench.Sent<PeerMessage>();
        return bench;
    }

    private static Evidence Recorded(RuleBench bench)
    {
        Evidence evidence = Assert.Single(bench.Node.Evidence).Value;
        Assert.Equal(VerificationRejection.None, bench.Network.Verifier.TryVerify(evidence, out _));
        return evidence;
    }
}

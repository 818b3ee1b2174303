using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class R1EnterTests
{
    [Fact]
    public void A_certificate_for_a_block_ends_the_slot()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Assert.Equal(2ul, bench.Current);
    }

    [Fact]
    public void A_skip_certificate_ends_the_slot()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        Assert.Equal(2ul, bench.Current);
    }

    [Fact]
    public void A_commit_proof_ends_the_slot()
    {
        var bench = new RuleBench();
        bench.Send(bench.Others[0], bench.Proof(1, bench.Block(1).Id));
        Assert.Equal(2ul, bench.Current);
        Assert.Equal(1ul, bench.Replica.FinalSlot.Value);
    }

    [Fact]
    public void A_quorum_of_votes_forms_the_certificate_and_one_less_does_not()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        Assert.Equal(1ul, bench.Current);
        bench.First(1, BlockId.Skip, bench.Others[2]);
        Assert.Equal(2ul, bench.Current);
    }

    [Fact]
    public void First_and_Extra_votes_count_together_and_a_member_counts_once()
    {
        var bench = new RuleBench();
        bench.First(1, BlockId.Skip, bench.Others[0]);
        bench.Vote(VoteKind.Extra, 1, BlockId.Skip, bench.Others[0], bench.Others[1]);
        Assert.Equal(1ul, bench.Current);
        bench.Vote(VoteKind.Extra, 1, BlockId.Skip, bench.Others[2]);
        Assert.Equal(2ul, bench.Current);
    }

    [Fact]
    public void A_certificate_of_a_higher_slot_lets_the_replica_jump()
    {
        var bench = new RuleBench(7);
        bench.Skip(5);
        Assert.Equal(6ul, bench.Current);
    }

    [Fact]
    public void A_certificate_of_an_earlier_slot_changes_nothing()
    {
        var bench = new RuleBench(7);
        bench.Skip(5);
        bench.Skip(3);
        Assert.Equal(6ul, bench.Current);
    }

    [Fact]
    public void The_entry_certificate_is_logged_before_anything_of_the_next_slot()
    {
        var bench = new RuleBench();
        Block second = bench.Block(2);
        bench.Propose(second);
        bench.Node.Effects.Clear();
        bench.Skip(1);
        List<ReplicaEffect> effects = bench.Node.Effects;
        int logged = effects.FindIndex(e => e is ReplicaEffect.Log { Record: DurableRecord.CertificateHeld held } && held.Certificate.Slot.Value == 1);
        int voted = effects.FindIndex(e => e is ReplicaEffect.CastVote { Slot.Value: 2 });
        Assert.True(logged >= 0, "the certificate was not logged");
        Assert.True(voted > logged, "the vote of slot 2 must come after the certificate of slot 1");
    }

    [Fact]
    public void The_certificate_goes_once_to_members_not_known_to_hold_one()
    {
        var bench = new RuleBench();
        bench.Skip(1);
        List<(int To, Notarization Message)> sent = bench.Sent<Notarization>();
        // The member it came from holds it.
        Assert.Equal(bench.Others[1..], sent.Select(item => item.To).Order());
        bench.Wait(50);
        Assert.Empty(bench.Sent<Notarization>());
    }

    [Fact]
    public void Members_that_show_they_are_in_the_slot_within_the_wait_get_no_certificate()
    {
        var bench = new RuleBench(4, options => options with { CertificateForwardMs = 10 });
        bench.Skip(1);
        Assert.Empty(bench.Sent<Notarization>());
        bench.First(2, BlockId.Skip, bench.Others[1]);
        bench.Wait(10);
        Assert.Equal([bench.Others[2]], bench.Sent<Notarization>().Select(item => item.To));
    }

    [Fact]
    public void The_timer_starts_anew_on_entering()
    {
        var bench = new RuleBench();
        bench.Wait(299);
        bench.Skip(1);
        bench.Decisions();
        bench.Wait(449);
        Assert.DoesNotContain(bench.Decisions(), decision => decision.Slot == 2);
        bench.Wait(1);
        Assert.Contains(new Decision(2, VoteKind.First, BlockId.Skip), bench.Decisions());
    }
}

using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class ResultCollectorTests
{
    private readonly TestCommittee _committee = new();
    private readonly List<ResultEffect> _effects = [];

    private ResultCollector New(ushort self = 0) => new(_committee.Genesis.Committee, new ReplicaId(self));

    private static BlockResult Result(ulong height, byte content = 1) => new(
        Epoch.Zero, new Height(height), Sha.Of([(byte)height]), Sha.Of([content]), Sha.Of([content, 2]), default, default, default);

    private List<ResultEffect> Do(Action<List<ResultEffect>> act)
    {
        _effects.Clear();
        act(_effects);
        return [.. _effects];
    }

    /// <summary>The own result of a height, signed, as the shell does it.</summary>
    private void Sign(ResultCollector collector, BlockResult result, int self = 0)
    {
        List<ResultEffect> asked = Do(e => collector.OnOwnResult(result, e));
        Assert.Contains(asked, e => e is ResultEffect.SignResult sign && sign.Result == result);
        collector.OnOwnVote(_committee.Vote(self, result), _effects);
    }

    private List<ResultEffect> Receive(ResultCollector collector, int member, BlockResult result) =>
        Do(e => collector.OnVote(new ReplicaId((ushort)member), _committee.Vote(member, result), e));

    [Fact]
    public void An_own_result_is_signed_and_sent_to_the_others()
    {
        ResultCollector collector = New(2);
        Sign(collector, Result(5), 2);
        ResultEffect.Send send = Assert.Single(_effects.OfType<ResultEffect.Send>());
        Assert.Equal(ReplicaSet.All(4).Without(new ReplicaId(2)), send.To);
        Assert.Equal(new Height(5), Assert.IsType<ResultVote>(send.Message).Height);
    }

    [Fact]
    public void Q_equal_votes_become_a_certificate_that_verifies_and_one_less_does_not()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Assert.Empty(Receive(collector, 1, Result(5)));
        Assert.Null(collector.Newest);
        ResultEffect.Certified certified = Assert.IsType<ResultEffect.Certified>(Assert.Single(Receive(collector, 3, Result(5))));
        Assert.Equal([0, 1, 3], certified.Certificate.Signatures.ToArray().Select(s => (int)s.Voter.Value));
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(certified.Certificate, out _));
        Assert.Same(certified.Certificate, collector.Newest);
    }

    [Fact]
    public void Votes_that_come_before_the_own_result_count_once_it_is_there()
    {
        ResultCollector collector = New();
        Receive(collector, 1, Result(5));
        Receive(collector, 2, Result(5));
        Receive(collector, 3, Result(5));
        Assert.Null(collector.Newest);
        Assert.Contains(Do(e => collector.OnOwnResult(Result(5), e)), e => e is ResultEffect.Certified);
    }

    [Fact]
    public void The_same_voter_twice_is_one_vote()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Receive(collector, 1, Result(5));
        Assert.Empty(Receive(collector, 1, Result(5)));
        Assert.Null(collector.Newest);
    }

    [Fact]
    public void Two_results_of_one_member_for_one_height_are_evidence_that_verifies()
    {
        ResultCollector collector = New();
        Receive(collector, 1, Result(5));
        ResultEffect.EvidenceFound found = Assert.IsType<ResultEffect.EvidenceFound>(Assert.Single(Receive(collector, 1, Result(5, 9))));
        Assert.Equal((EvidenceKind.TwoResults, new ReplicaId(1)), (found.Evidence.EvidenceKind, found.Evidence.Offender));
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(found.Evidence, out _));
    }

    [Fact]
    public void E7_also_by_a_signature_in_a_certificate_before_or_after_the_other_vote()
    {
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
        ResultCollector voteFirst = New(3);
        Receive(voteFirst, 1, Result(5, 9));
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(_committee.Certify(Result(5)), out Verified<ResultCertificate> certificate));
        ResultEffect.EvidenceFound found = Assert.Single(
            Do(e => voteFirst.OnCertificate(certificate, e)).OfType<ResultEffect.EvidenceFound>());

        ResultCollector certificateFirst = New(3);
        Do(e => certificateFirst.OnCertificate(certificate, e));
        Assert.True(certificateFirst.IsWanted(_committee.Vote(1, Result(5, 9)).Value));
        Assert.False(certificateFirst.IsWanted(_committee.Vote(1, Result(5)).Value));
        ResultEffect.EvidenceFound again = Assert.Single(Receive(certificateFirst, 1, Result(5, 9)).OfType<ResultEffect.EvidenceFound>());
        Assert.Equal(found.Evidence.Id, again.Evidence.Id);
        Assert.Equal((EvidenceKind.TwoResults, 1), (found.Evidence.EvidenceKind, found.Evidence.Offender.Value));
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(found.Evidence, out _));
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(again.Evidence, out _));
    }

    [Fact]
    public void Once_accused_a_voters_further_contradictions_are_not_verified_any_more_and_its_first_votes_still_count()
    {
        ResultCollector collector = New();
        Receive(collector, 1, Result(5));
        Assert.Single(Receive(collector, 1, Result(5, 9)).OfType<ResultEffect.EvidenceFound>());
        Assert.False(collector.IsWanted(_committee.Vote(1, Result(5, 8)).Value));
        Assert.Empty(Receive(collector, 1, Result(5, 8)));

        // At other heights, certified or not, and by a certificate: one accusation for all; others are accused as ever.
        Assert.True(collector.IsWanted(_committee.Vote(1, Result(6, 9)).Value));
        Receive(collector, 1, Result(6, 9));
        Receive(collector, 2, Result(6, 9));
        ResultEffect.EvidenceFound other = Assert.Single(
            Do(e => collector.OnCertificate(Verify(_committee.Certify(Result(6), 1, 2, 3)), e)).OfType<ResultEffect.EvidenceFound>());
        Assert.Equal(2, other.Evidence.Offender.Value);
        Do(collector.OnTick);
        Assert.False(collector.IsWanted(_committee.Vote(1, Result(6, 9)).Value));
        Assert.True(collector.IsWanted(_committee.Vote(3, Result(6, 9)).Value));

        Sign(collector, Result(7));
        Receive(collector, 1, Result(7));
        Assert.Contains(Receive(collector, 3, Result(7)), e => e is ResultEffect.Certified);
    }

    [Fact]
    public void A_divergence_says_up_to_which_height_the_results_agreed()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Receive(collector, 1, Result(5));
        Receive(collector, 2, Result(5));
        Assert.Equal(new Height(5), collector.Agreed);
        Sign(collector, Result(6));
        Receive(collector, 1, Result(6, 9));
        Receive(collector, 2, Result(6, 9));
        ResultEffect.Diverged diverged = Assert.Single(Receive(collector, 3, Result(6, 9)).OfType<ResultEffect.Diverged>());
        Assert.Equal((new Height(6), new Height(5)), (diverged.Own.Height, diverged.Agreed));
    }

    [Fact]
    public void A_certificate_that_came_before_the_own_equal_result_is_agreement_and_a_later_divergence_names_it()
    {
        ResultCollector collector = New();
        foreach (BlockResult result in (BlockResult[])[Result(5), Result(6, 9)])
        {
            ResultCertificate certificate = _committee.Certify(result, 1, 2, 3);
            collector.OnCertificate(Verify(certificate), _effects);
        }

        Assert.Equal(Height.Zero, collector.Agreed);
        Assert.Empty(Do(e => collector.OnOwnResult(Result(5), e)));
        Assert.Equal(new Height(5), collector.Agreed);
        Assert.Equal(new Height(5), Assert.Single(Do(e => collector.OnOwnResult(Result(6), e)).OfType<ResultEffect.Diverged>()).Agreed);
    }

    [Fact]
    public void A_divergence_found_by_an_earlier_run_still_stops_signing()
    {
        ResultCollector collector = New();
        collector.Recover(new Height(5), isDiverged: true);
        Assert.Empty(Do(e => collector.OnOwnResult(Result(6), e)));
        Assert.Equal((true, new Height(5)), (collector.IsDiverged, collector.Agreed));
    }

    private Verified<ResultCertificate> Verify(ResultCertificate certificate)
    {
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(certificate, out Verified<ResultCertificate> verified));
        return verified;
    }

    [Fact]
    public void A_certificate_of_another_result_is_a_divergence_raised_once_and_signing_stops()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        ResultCertificate other = _committee.Certify(Result(5, 9), 1, 2, 3);
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(other, out Verified<ResultCertificate> verified));

        List<ResultEffect> effects = Do(e => collector.OnCertificate(verified, e));

        ResultEffect.Diverged diverged = Assert.Single(effects.OfType<ResultEffect.Diverged>());
        Assert.Equal((Result(5), Result(5, 9).Hash), (diverged.Own, diverged.OtherHash));
        Assert.Same(other, diverged.Certificate);
        Assert.True(collector.IsDiverged);
        Assert.Same(other, collector.Newest);
        Assert.Empty(Do(e => collector.OnOwnResult(Result(6), e)));
    }

    [Fact]
    public void Q_votes_for_another_result_are_a_divergence_too()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Receive(collector, 1, Result(5, 9));
        Receive(collector, 2, Result(5, 9));
        Assert.IsType<ResultEffect.Diverged>(Assert.Single(Receive(collector, 3, Result(5, 9))));
        Assert.True(collector.IsDiverged);
    }

    [Fact]
    public void An_own_result_computed_after_its_height_was_certified_otherwise_is_a_divergence()
    {
        ResultCollector collector = New();
        collector.Recover(_committee.Certify(Result(5, 9)));
        Assert.IsType<ResultEffect.Diverged>(Assert.Single(Do(e => collector.OnOwnResult(Result(5), e))));
    }

    [Fact]
    public void After_a_restart_the_logged_vote_is_sent_again_and_another_result_is_a_divergence()
    {
        ResultCollector collector = New();
        ResultVote logged = _committee.Vote(0, Result(5)).Value;
        collector.Recover(logged);
        Assert.Same(logged, Assert.IsType<ResultEffect.Send>(Assert.Single(Do(e => collector.OnOwnResult(Result(5), e)))).Message);

        ResultCollector other = New();
        other.Recover(logged);
        Assert.IsType<ResultEffect.Diverged>(Assert.Single(Do(e => other.OnOwnResult(Result(5, 9), e))));
    }

    [Fact]
    public void What_is_certified_already_is_not_signed_any_more()
    {
        ResultCollector collector = New();
        collector.Recover(_committee.Certify(Result(9)));
        Assert.Empty(Do(e => collector.OnOwnResult(Result(5), e)));
        Assert.Empty(Do(e => collector.OnOwnResult(Result(9), e)));
    }

    [Fact]
    public void A_height_that_nobody_can_certify_any_more_is_reported_once()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Assert.Empty(Receive(collector, 1, Result(5, 9)));
        Assert.Equal(new Height(5), Assert.IsType<ResultEffect.Split>(Assert.Single(Receive(collector, 2, Result(5, 8)))).Height);
        Assert.Empty(Receive(collector, 3, Result(5, 9)));
    }

    [Fact]
    public void Own_votes_are_sent_again_from_the_second_tick_on_until_they_are_certified()
    {
        ResultCollector collector = New();
        Sign(collector, Result(5));
        Assert.Empty(Do(collector.OnTick));
        Assert.Equal(new Height(5), Assert.IsType<ResultVote>(Assert.IsType<ResultEffect.Send>(Assert.Single(Do(collector.OnTick))).Message).Height);
        Receive(collector, 1, Result(5));
        Receive(collector, 2, Result(5));
        Assert.Empty(Do(collector.OnTick));
    }

    [Fact]
    public void A_member_that_sends_a_vote_again_long_after_the_certificate_is_answered_with_it_a_few_times_per_tick()
    {
        ResultCollector collector = New();
        collector.Recover(_committee.Certify(Result(9)));
        Assert.Empty(Receive(collector, 1, Result(5)));
        Do(collector.OnTick);
        for (int i = 0; i < ResultCollector.AnswersPerTick; i++)
        {
            ResultEffect.Send answer = Assert.IsType<ResultEffect.Send>(Assert.Single(Receive(collector, 1, Result(5))));
            Assert.Equal(ReplicaSet.Of(new ReplicaId(1)), answer.To);
            Assert.Same(collector.Newest, Assert.IsType<ResultResponse>(answer.Message).Certificate);
        }

        Assert.Empty(Receive(collector, 1, Result(5)));
    }

    [Fact]
    public void An_observer_asks_for_results_of_its_epoch_not_of_those_before()
    {
        var collector = new ResultCollector(_committee.Genesis.Committee, self: null, new Height(7));
        Assert.Equal(new Height(8), Assert.IsType<ResultRequest>(Assert.IsType<ResultEffect.Send>(Assert.Single(Do(collector.OnTick))).Message).AtOrAbove);
        collector.Recover(_committee.Certify(Result(9)));
        Assert.Equal(new Height(10), Assert.IsType<ResultRequest>(Assert.IsType<ResultEffect.Send>(Assert.Single(Do(collector.OnTick))).Message).AtOrAbove);
    }

    [Fact]
    public void A_request_is_answered_only_with_something_as_new_as_asked()
    {
        ResultCollector collector = New();
        Assert.Empty(Do(e => collector.OnRequest(new ReplicaId(1), new ResultRequest(new Height(0)), e)));
        collector.Recover(_committee.Certify(Result(9)));
        Assert.Single(Do(e => collector.OnRequest(new ReplicaId(1), new ResultRequest(new Height(9)), e)));
        Assert.Empty(Do(e => collector.OnRequest(new ReplicaId(1), new ResultRequest(new Height(10)), e)));
    }

    [Fact]
    public void On_connect_a_peer_gets_the_newest_certificate_and_the_own_votes_above_it()
    {
        ResultCollector collector = New();
        collector.Recover(_committee.Certify(Result(9)));
        Sign(collector, Result(12));
        List<ResultEffect> effects = Do(e => collector.OnPeerConnected(new ReplicaId(3), e));
        Assert.Equal(2, effects.Count);
        Assert.All(effects, e => Assert.Equal(ReplicaSet.Of(new ReplicaId(3)), Assert.IsType<ResultEffect.Send>(e).To));
    }

    [Fact]
    public void A_voter_that_floods_far_heights_pushes_out_only_its_own_votes()
    {
        ResultCollector collector = New();
        Receive(collector, 1, Result(5));
        for (ulong height = 1000; height < 1200; height++) Receive(collector, 2, Result(height));
        Sign(collector, Result(5));
        Assert.Contains(Receive(collector, 3, Result(5)), e => e is ResultEffect.Certified);
    }

    [Fact]
    public void Votes_are_worth_verifying_only_while_they_can_matter()
    {
        ResultCollector collector = New();
        Assert.True(collector.IsWanted(_committee.Vote(1, Result(5)).Value));
        Receive(collector, 1, Result(5));
        Assert.False(collector.IsWanted(_committee.Vote(1, Result(5)).Value));
        Assert.True(collector.IsWanted(_committee.Vote(1, Result(5, 9)).Value));
        Assert.False(collector.IsWanted(_committee.Vote(0, Result(6)).Value));
        collector.Recover(_committee.Certify(Result(9)));
        Assert.False(collector.IsWanted(_committee.Vote(3, Result(9)).Value));
        Do(collector.OnTick);
        Assert.True(collector.IsWanted(_committee.Vote(3, Result(9)).Value));
    }

    [Fact]
    public void Members_that_lost_votes_to_the_network_agree_after_ticks()
    {
        ResultCollector[] members = [New(0), New(1), New(2), New(3)];
        var queue = new Queue<(int From, ResultEffect.Send Send)>();
        var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());

        void Run(int member, Action<List<ResultEffect>> act)
        {
            var effects = new List<ResultEffect>();
            act(effects);
            foreach (ResultEffect effect in effects)
            {
                if (effect is ResultEffect.SignResult sign) Run(member, e => members[member].OnOwnVote(_committee.Vote(member, sign.Result), e));
                if (effect is ResultEffect.Send send) queue.Enqueue((member, send));
            }
        }

        void Deliver(Func<int, int, bool> isLost)
        {
            while (queue.TryDequeue(out (int From, ResultEffect.Send Send) item))
            {
                foreach (ReplicaId to in item.Send.To)
                {
                    if (isLost(item.From, to.Value)) continue;
                    Run(to.Value, e =>
                    {
                        if (item.Send.Message is ResultVote vote && verifier.TryVerify(vote, out Verified<ResultVote> verified) == VerificationRejection.None)
                            members[to.Value].OnVote(new ReplicaId((ushort)item.From), verified, e);
                        if (item.Send.Message is ResultResponse { Certificate: { } certificate }
                            && verifier.TryVerify(certificate, out Verified<ResultCertificate> checkedOne) == VerificationRejection.None)
                            members[to.Value].OnCertificate(checkedOne, e);
                    });
                }
            }
        }

        for (int i = 0; i < 4; i++) Run(i, e => members[i].OnOwnResult(Result(5), e));
        Deliver((_, to) => to == 3);
        Assert.Null(members[3].Newest);
        for (int tick = 0; tick < 3; tick++)
        {
            for (int i = 0; i < 4; i++) Run(i, members[i].OnTick);
            Deliver((_, _) => false);
        }

        Assert.All(members, m => Assert.Equal(new Height(5), m.Newest!.Result.Height));
    }
}

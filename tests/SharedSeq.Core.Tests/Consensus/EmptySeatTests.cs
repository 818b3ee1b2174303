using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>A seat that nobody has: it counts in n, and nothing is ever said from it.</summary>
public sealed class EmptySeatTests
{
    private const int Empty = 2;

    private static readonly SigningDomain Domain = new(new ChainId(7), ProtocolVersion.Current);

    private static Committee CommitteeOf(int n, params int[] empty)
    {
        var members = new CommitteeMember[n];
        for (int i = 0; i < n; i++) members[i] = new CommitteeMember(FakeSigner.KeyOf(i, true), FakeSigner.KeyOf(i, false));
        foreach (int seat in empty) members[seat] = CommitteeMember.Empty;
        return new Committee(new Epoch(3), QuorumParameters.ForMembers(n), members, Sha.Of("genesis of an epoch"u8));
    }

    [Fact]
    public void It_leads_no_slot_and_the_others_lead_in_turn()
    {
        Committee committee = CommitteeOf(7, Empty, 5);
        ReplicaId[] leaders = [.. Enumerable.Range(1, 5).Select(slot => committee.LeaderOf(new Slot((ulong)slot)))];
        Assert.Equal([0, 1, 3, 4, 6], leaders.Select(leader => (int)leader.Value).Order());
        Assert.Equal(leaders[0], committee.LeaderOf(new Slot(6)));
        Assert.Equal((7, false, true), (committee.Count, committee.Has(new ReplicaId(Empty)), committee.Has(new ReplicaId(6))));
    }

    [Fact]
    public void Without_empty_seats_the_order_of_leaders_is_that_of_the_seed()
    {
        var seats = new ReplicaId[7];
        for (int i = 0; i < seats.Length; i++) seats[i] = new ReplicaId((ushort)i);
        new Prng(Sha.Of("genesis of an epoch"u8).Prefix).Shuffle<ReplicaId>(seats);
        Committee committee = CommitteeOf(7);
        Assert.Equal(seats, Enumerable.Range(0, 7).Select(slot => committee.LeaderOf(new Slot((ulong)slot))));
    }

    [Fact]
    public void Nothing_said_from_it_verifies_even_under_its_all_zero_keys()
    {
        var verifier = new MessageVerifier(Domain, CommitteeOf(4, Empty), new FakeScheme());
        var nobody = new FakeSigner(default);
        foreach (int seat in new[] { Empty, 1 })
        {
            ISigner vote = seat == Empty ? nobody : new FakeSigner(FakeSigner.KeyOf(seat, true));
            ISigner node = seat == Empty ? nobody : new FakeSigner(FakeSigner.KeyOf(seat, false));
            var signer = new StatementSigner(Domain, new Epoch(3), new ReplicaId((ushort)seat), vote, node);
            VerificationRejection expected = seat == Empty ? VerificationRejection.UnknownMember : VerificationRejection.None;
            Assert.Equal(expected, verifier.TryVerify(signer.Vote(new Slot(1), VoteKind.First, default).Value, out _));
            Assert.Equal(expected, verifier.TryVerify(signer.Result(new Height(1), default).Value, out _));
            Assert.Equal(expected, verifier.TryVerify(signer.Status(default, default, new Slot(1)), out Verified<Status> _));
            Assert.Equal(expected, verifier.TryVerify(signer.Ack(Tip(1), new Height(1)).Value, out _));
            Assert.Equal(
                VerificationRejection.UnknownMember, verifier.TryVerify(signer.Ack(Tip(Empty), new Height(1)).Value, out _));
        }
    }

    [Fact]
    public void A_committee_of_nobody_is_none() => Assert.Throws<ArgumentException>(() => CommitteeOf(4, 0, 1, 2, 3));

    private static LaneTip Tip(int author) => new(new LaneId(new Epoch(3), new ReplicaId((ushort)author), 0), new BatchSeq(1), default);
}

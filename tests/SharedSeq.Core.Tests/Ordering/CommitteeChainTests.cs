using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class CommitteeChainTests
{
    private readonly TestCommittee _genesis = new(4, 7, 0, Opaque(5));
    private readonly TestEpochs _epochs;

    public CommitteeChainTests() => _epochs = new TestEpochs(_genesis, 4);

    private CommitteeChain New(Hash32? checkpoint = null) => new(_genesis.Genesis, new P256Scheme(), checkpoint);

    [Fact]
    public void Hand_overs_lead_from_the_genesis_to_every_committee_and_its_epochs_genesis()
    {
        CommitteeChain chain = New();
        Assert.Equal(Epoch.Zero, chain.Newest);
        foreach (HandOver handOver in _epochs.HandOvers) Assert.Equal(HandOverRejection.None, chain.TryExtend(handOver));
        Assert.Equal(new Epoch(4), chain.Newest);
        Assert.Null(chain.Of(new Epoch(5)));
        for (int epoch = 0; epoch <= 4; epoch++)
        {
            Committee expected = _epochs.Committee(epoch);
            Committee known = chain.Of(new Epoch((ulong)epoch))!;
            Assert.Equal((expected.Epoch, expected.EpochGenesis, expected.Quorum), (known.Epoch, known.EpochGenesis, known.Quorum));
            for (ushort i = 0; i < 4; i++) Assert.Equal(expected[new ReplicaId(i)], known[new ReplicaId(i)]);
            for (ulong slot = 0; slot < 8; slot++) Assert.Equal(expected.LeaderOf(new Slot(slot)), known.LeaderOf(new Slot(slot)));
        }

        // The boundary's block is the genesis of the epoch after it.
        Assert.Equal(_epochs.HandOvers[2].Boundary.Result.BlockHash, chain.Of(new Epoch(3))!.EpochGenesis);
    }

    [Fact]
    public void A_hand_over_to_any_other_epoch_than_the_next_is_refused_and_a_known_one_changes_nothing()
    {
        CommitteeChain chain = New();
        Assert.Equal(HandOverRejection.WrongEpoch, chain.TryExtend(_epochs.HandOvers[1]));
        Assert.Equal(HandOverRejection.None, chain.TryExtend(_epochs.HandOvers[0]));
        Assert.Equal(HandOverRejection.None, chain.TryExtend(_epochs.HandOvers[0]));
        Assert.Equal(HandOverRejection.WrongEpoch, chain.TryExtend(_epochs.HandOvers[2]));
        Assert.Equal(new Epoch(1), chain.Newest);

        // The certificate of one epoch with the plan of the one after next.
        CommitteePlan skipping = _epochs.HandOvers[1].Next with { Epoch = new Epoch(3) };
        BlockResult result = _epochs.HandOvers[1].Boundary.Result with { NextCommitteeHash = skipping.Hash };
        Assert.Equal(HandOverRejection.WrongEpoch, chain.TryExtend(new HandOver(skipping, _epochs.Certify(result))));
    }

    [Fact]
    public void Only_a_boundarys_result_with_the_committee_that_it_names_and_q_signatures_hands_over()
    {
        HandOver good = _epochs.HandOvers[0];
        BlockResult result = good.Boundary.Result;
        CertificateSignature[] signatures = good.Boundary.Signatures.ToArray();
        var bad = new Dictionary<HandOverRejection, HandOver>
        {
            [HandOverRejection.NotABoundary] = good with { Boundary = _epochs.Certify(result with { NextCommitteeHash = Hash32.Zero }) },
            [HandOverRejection.OtherCommittee] = good with { Next = good.Next with { Members = _genesis.Genesis.Members } },
            [HandOverRejection.TooFewSignatures] = good with { Boundary = new ResultCertificate(result, signatures[..2]) },
            [HandOverRejection.UnknownMember] = good with
            {
                Boundary = new ResultCertificate(result, [.. signatures[..2], signatures[2] with { Voter = new ReplicaId(4) }]),
            },
            [HandOverRejection.BadSignature] = good with { Boundary = new ResultCertificate(result with { Height = new Height(9) }, signatures) },
        };
        foreach ((HandOverRejection reason, HandOver handOver) in bad)
        {
            CommitteeChain chain = New();
            Assert.Equal(reason, chain.TryExtend(handOver));
            Assert.Equal(Epoch.Zero, chain.Newest);
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_hand_over_is_refused()
    {
        byte[] bytes = _epochs.HandOvers[0].Encode();
        Assert.Equal(bytes, HandOver.Decode(bytes).Encode());
        for (int at = 0; at < bytes.Length; at++)
        {
            byte[] flipped = [.. bytes];
            flipped[at] ^= (byte)(1 << (at % 8));
            Assert.False(IsTaken(flipped), $"byte {at}");
            Assert.False(IsTaken(bytes[..at]), $"cut at {at}");
        }

        bool IsTaken(byte[] changed)
        {
            try
            {
                return New().TryExtend(HandOver.Decode(changed)) == HandOverRejection.None;
            }
            catch (DecodeException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void Leaked_keys_of_an_old_committee_lead_nowhere_else_once_the_chain_went_on()
    {
        CommitteeChain chain = New();
        foreach (HandOver handOver in _epochs.HandOvers) chain.TryExtend(handOver);
        CommitteePlan forged = _epochs.HandOvers[1].Next with { Members = _epochs.HandOvers[2].Next.Members };
        HandOver fork = new(forged, _epochs.Certify(_epochs.Boundary(forged)));
        Assert.Equal(HandOverRejection.OtherCommittee, chain.TryExtend(fork));
        Assert.Equal(_epochs.Committee(2)[new ReplicaId(0)], chain.Of(new Epoch(2))![new ReplicaId(0)]);

        // Who knows the genesis alone can not tell: hence checkpoints.
        CommitteeChain anew = New();
        anew.TryExtend(_epochs.HandOvers[0]);
        Assert.Equal(HandOverRejection.None, anew.TryExtend(fork));
    }

    [Fact]
    public void A_checkpoint_leads_on_without_the_committees_before_it()
    {
        Hash32 checkpoint = _epochs.HandOvers[2].Checkpoint;
        CommitteeChain chain = New(checkpoint);
        Assert.Null(chain.Newest);
        foreach (int early in new[] { 0, 1, 3 }) Assert.Equal(HandOverRejection.BeforeCheckpoint, chain.TryExtend(_epochs.HandOvers[early]));
        Assert.Null(chain.Of(Epoch.Zero));
        HandOver other = _epochs.HandOvers[2] with { Next = _epochs.HandOvers[1].Next with { Epoch = new Epoch(3) } };
        Assert.Equal(HandOverRejection.OtherCommittee, chain.TryExtend(other));
        Assert.Equal(HandOverRejection.None, chain.TryExtend(_epochs.HandOvers[2]));
        Assert.Equal(HandOverRejection.BeforeCheckpoint, chain.TryExtend(_epochs.HandOvers[1]));
        Assert.Equal(HandOverRejection.None, chain.TryExtend(_epochs.HandOvers[3]));
        Assert.Equal(new Epoch(4), chain.Newest);
        Assert.Equal(_epochs.Committee(4).EpochGenesis, chain.Of(new Epoch(4))!.EpochGenesis);
        foreach (ulong before in new ulong[] { 0, 1, 2 }) Assert.Null(chain.Of(new Epoch(before)));
    }

    [Fact]
    public void The_largest_and_the_smallest_hand_over_are_within_the_stated_bytes()
    {
        Assert.Equal(HandOver.MinBytes, Of(1).Encode().Length);
        Assert.InRange(Of(QuorumParameters.MaxMembers).Encode().Length, 16 * 1024, HandOver.MaxBytes);
    }

    [Fact]
    public void As_many_hand_overs_go_into_a_file_as_its_reader_takes()
    {
        HandOver largest = Of(QuorumParameters.MaxMembers);
        HandOver[] all = [.. Enumerable.Repeat(largest, (ProofFile.MaxBytes / largest.Encode().Length) + 1)];
        int count = ProofFile.Fitting(all, proofBytes: 0);
        Assert.InRange(count, 500, all.Length - 1);
        ProofFile Holding(int handOvers) => ProofFile.For(_genesis.Genesis, new CommitteeProof(largest), all[..(handOvers - 1)]);
        Assert.InRange(Holding(count).ToArray().Length, ProofFile.MaxBytes - HandOver.MaxBytes, ProofFile.MaxBytes);
        Assert.True(Holding(count + 1).ToArray().Length > ProofFile.MaxBytes);
        Assert.Equal(all.Length - 2, ProofFile.Fitting(all, proofBytes: largest.Encode().Length));
        Assert.Equal(2, ProofFile.Fitting(all[..2], proofBytes: 0));
    }

    private static HandOver Of(int n)
    {
        var member = new CommitteeMember(default, default);
        var plan = new CommitteePlan(new Epoch(1), QuorumParameters.ForMembers(n), [.. Enumerable.Repeat(member, n)]);
        var result = new BlockResult(Epoch.Zero, default, default, default, default, default, default, default);
        int signers = n == 1 ? 0 : n;
        return new HandOver(plan, new ResultCertificate(
            result, [.. Enumerable.Range(0, signers).Select(i => new CertificateSignature(new ReplicaId((ushort)i), false, default))]));
    }
}

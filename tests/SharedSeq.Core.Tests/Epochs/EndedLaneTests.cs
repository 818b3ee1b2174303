using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>Lanes of an ended epoch (consensus.md 8): still acked and ordered for D heights, then out of the cut.</summary>
public sealed class EndedLaneTests
{
    // Epoch 0 ended at height 5; D is 10, so that its lanes close at 15.
    private static readonly Committee Ended = SameCommittee.CommitteeOf(Epoch.Zero, 4, TestNetwork.GenesisHash);
    private static readonly Committee Present = SameCommittee.CommitteeOf(new Epoch(1), 4, Sha.Of("boundary"u8));
    private static readonly LaneTip Old = new(new LaneId(Epoch.Zero, new ReplicaId(2), 0), new BatchSeq(3), Sha.Of("old"u8));

    [Fact]
    public void A_cut_keeps_the_ended_lanes_tips_up_to_their_last_height_and_leaves_them_out_above()
    {
        LaneBook book = NewBook();
        Assert.Equal([Old], book.BuildCut([Old], new Height(15)).Cut);
        Assert.Empty(book.BuildCut([Old], new Height(16)).Cut);
        Assert.Equal(CutVerdict.Valid, book.CheckCut(HeaderAt(15, Old), [Old], []));
        Assert.Equal(CutVerdict.BelowParent, book.CheckCut(HeaderAt(15), [Old], []));
        Assert.Equal(CutVerdict.Valid, book.CheckCut(HeaderAt(16), [Old], []));
        Assert.Equal(CutVerdict.UnknownLane, book.CheckCut(HeaderAt(16, Old), [Old], []));
    }

    [Fact]
    public void A_proof_of_an_ended_lane_is_news_until_the_lane_closes()
    {
        LaneBook book = NewBook();
        Verified<ProofOfAvailability> proof = ProofOf(4);
        book.OnProofReceived(proof, 0, []);
        Assert.True(book.HasNews([Old], new Height(15)));
        Assert.Equal([proof.Value.Tip], book.BuildCut([Old], new Height(15)).Cut);
        Assert.False(book.HasNews([Old], new Height(16)));
    }

    [Fact]
    public void A_batch_of_an_ended_lane_is_acked_in_the_first_half_of_D_at_the_boundarys_height_and_not_later()
    {
        foreach (ulong final in new ulong[] { 10, 11 })
        {
            LaneBook book = NewBook();
            var effects = new List<ReplicaEffect>();
            book.OnFinal(new Height(final), null, 0, effects);
            Verified<Batch> batch = BatchAt(4);
            book.OnBatchReceived(batch, 0, effects);
            book.OnBatchStored(batch.Value.Tip, 0, effects);
            ReplicaEffect.SignAck[] acks = [.. effects.OfType<ReplicaEffect.SignAck>()];
            Assert.Equal(final == 10 ? [new ReplicaEffect.SignAck(batch.Value.Tip, new Height(5))] : [], acks);
        }
    }

    [Fact]
    public void A_certified_batch_that_no_cut_took_is_handed_back_when_its_lane_closes()
    {
        LaneBook book = NewBook();
        var effects = new List<ReplicaEffect>();
        Verified<Batch> batch = BatchAt(4);
        book.OnBatchReceived(batch, 0, effects);
        book.OnBatchStored(batch.Value.Tip, 0, effects);
        book.OnProofReceived(ProofOf(batch.Value.Tip), 0, effects);
        Block block = Commit(book, 14, effects, Old);
        Assert.Empty(effects.OfType<ReplicaEffect.BatchesLeft>());
        Commit(book, 15, effects, Old);
        Assert.Equal([batch.Value.Tip], Assert.Single(effects.OfType<ReplicaEffect.BatchesLeft>()).Batches);
        Assert.Equal(14ul, block.Header.Height.Value);
    }

    [Fact]
    public void Seats_of_an_ended_epoch_are_found_again_by_either_key()
    {
        CommitteeMember[] members = [.. Enumerable.Range(0, 4).Select(i => Ended[new ReplicaId((ushort)i)])];
        var fresh = new CommitteeMember(FakeSigner.KeyOf(8, true), FakeSigner.KeyOf(8, false));
        // 0 and 1 change seats and rotate one key each, 2 left, 3 stays.
        var next = new Committee(
            new Epoch(1), Ended.Quorum, [members[1] with { NodeKey = FakeSigner.KeyOf(9, false) }, members[0] with { VoteKey = FakeSigner.KeyOf(9, true) },
                fresh, members[3]],
            Sha.Of("boundary"u8));
        var epoch = new LaneEpoch(new ClosedEpoch(Ended, null, new Height(5)), 10, next);
        Assert.Equal(
            [new ReplicaId(1), new ReplicaId(0), null, new ReplicaId(3)],
            Enumerable.Range(0, 4).Select(i => epoch.SeatNow(new ReplicaId((ushort)i))));
        Assert.Equal(ReplicaSet.All(2).With(new ReplicaId(3)), epoch.SeatsNow(ReplicaSet.All(4)));
    }

    [Fact]
    public void Two_batches_for_one_place_of_an_ended_lane_are_evidence_of_its_epoch()
    {
        LaneBook book = NewBook();
        var effects = new List<ReplicaEffect>();
        book.OnBatchReceived(BatchAt(4), 0, effects);
        book.OnBatchReceived(BatchAt(4, 9), 0, effects);
        book.OnBatchReceived(BatchAt(4, 10), 0, effects);
        Evidence evidence = Assert.Single(effects.OfType<ReplicaEffect.RecordEvidence>()).Evidence.Value;
        Assert.Equal((EvidenceKind.TwoBatches, Epoch.Zero, new ReplicaId(2)), (evidence.EvidenceKind, evidence.Epoch, evidence.Offender));
        var verifier = new MessageVerifier(TestNetwork.Domain, Ended, new FakeScheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(evidence, out _));
    }

    [Fact]
    public void An_author_that_left_is_sent_the_acks_of_its_last_batches_and_a_signer_that_left_is_asked_for_them()
    {
        // 2 left: its seat is somebody else's.
        CommitteeMember[] members = [.. Enumerable.Range(0, 4).Select(i => Ended[new ReplicaId((ushort)i)])];
        members[2] = new CommitteeMember(FakeSigner.KeyOf(8, true), FakeSigner.KeyOf(8, false));
        LaneBook book = NewBook(new Committee(new Epoch(1), Ended.Quorum, members, Sha.Of("boundary"u8)), new ReplicaId(0));
        var effects = new List<ReplicaEffect>();
        Verified<Batch> batch = BatchAt(4);
        book.OnBatchReceived(batch, 0, effects);
        book.OnBatchStored(batch.Value.Tip, 0, effects);
        book.OnAckSigned(Signer(0).Ack(batch.Value.Tip, new Height(5)), 0, effects);
        ReplicaEffect.SendToFormer sent = Assert.Single(effects.OfType<ReplicaEffect.SendToFormer>());
        Assert.Equal((Epoch.Zero, ReplicaSet.Of(new ReplicaId(2))), (sent.Epoch, sent.To));
        Assert.IsType<Ack>(sent.Message);

        effects.Clear();
        Verified<ProofOfAvailability> unknown = ProofOf(5);
        book.OnProofReceived(unknown, 0, effects);
        Commit(book, 6, effects, unknown.Value.Tip);
        for (long now = 0; now < 5_000; now = book.NextDeadlineMs()) book.Tick(now, effects);
        Assert.Contains(effects, effect => effect is ReplicaEffect.Send { Message: BatchRequest });
        ReplicaEffect.SendToFormer asked = effects.OfType<ReplicaEffect.SendToFormer>().First();
        Assert.Equal((Epoch.Zero, ReplicaSet.Of(new ReplicaId(2))), (asked.Epoch, asked.To));
        Assert.IsType<BatchRequest>(asked.Message);
    }

    [Fact]
    public void An_observer_that_left_acks_its_old_lanes_and_has_none_of_its_own()
    {
        CommitteeMember[] members = [.. Enumerable.Range(0, 4).Select(i => Ended[new ReplicaId((ushort)i)])];
        members[0] = new CommitteeMember(FakeSigner.KeyOf(8, true), FakeSigner.KeyOf(8, false));
        LaneBook book = NewBook(new Committee(new Epoch(1), Ended.Quorum, members, Sha.Of("boundary"u8)), self: null);
        Assert.Equal(default, book.OwnLaneRoom);
        var effects = new List<ReplicaEffect>();
        Verified<Batch> batch = BatchAt(4);
        book.OnBatchReceived(batch, 0, effects);
        book.OnBatchStored(batch.Value.Tip, 0, effects);
        Assert.Equal([new ReplicaEffect.SignAck(batch.Value.Tip, new Height(5))], effects.OfType<ReplicaEffect.SignAck>());
    }

    private static LaneBook NewBook() => NewBook(Present, new ReplicaId(0));

    private static LaneBook NewBook(Committee present, ReplicaId? self)
    {
        var delivered = new DeliveredTip(new BlockId(new Height(5), Sha.Of("boundary"u8)), Slot.Zero, new TimestampMs(9), [Old]);
        var recovered = new RecoveredState([], delivered, []) { Closed = [new ClosedEpoch(Ended, new ReplicaId(0), new Height(5))] };
        var book = new LaneBook(new ReplicaOptions { ReceiptDeadlineHeights = 10 }, present, self, recovered);
        book.Start(0, []);
        return book;
    }

    private static Header HeaderAt(ulong height, params LaneTip[] cut) => new(
        new Epoch(1), new Slot(height), new Height(height), new Slot(height - 1), default, new TimestampMs(9), HeaderFlags.None,
        Payload.Empty.Commitment, cut);

    private static Block Commit(LaneBook book, ulong height, List<ReplicaEffect> effects, params LaneTip[] cut)
    {
        var block = new Block(HeaderAt(height, cut), Payload.Empty);
        book.OnCommitted(block, new TimestampMs(9), cut, null, 0, effects);
        return block;
    }

    private static Verified<Batch> BatchAt(ulong seq, byte salt = 3)
    {
        byte[] record = new byte[BatchBody.RecordOverhead + 3];
        BatchBody.WriteRecord(record, new NamespaceId(1), 0, [1, 2, salt]);
        BatchBody body = BatchBody.Parse(record, 1);
        var header = new BatchHeader(
            Old.Lane, new BatchSeq(seq), Old.Digest, BatchFlags.None, 1, record.Length, MerkleTree.RootOfLeafHashes(body.LeafHashes));
        return Signer(2).Batch(header, new Height(5), body);
    }

    private static Verified<ProofOfAvailability> ProofOf(ulong seq) => ProofOf(new LaneTip(Old.Lane, new BatchSeq(seq), Sha.Of("newer"u8)));

    private static Verified<ProofOfAvailability> ProofOf(LaneTip tip)
    {
        AckSignature[] acks =
            [.. Enumerable.Range(1, 3).Select(i => new AckSignature(
                new ReplicaId((ushort)i), new Height(5), Signer(i).Ack(tip, new Height(5)).Value.Signature))];
        var verifier = new MessageVerifier(TestNetwork.Domain, Ended, new FakeScheme());
        Assert.Equal(VerificationRejection.None, verifier.TryVerify(new ProofOfAvailability(tip, acks), null, out Verified<ProofOfAvailability> proof));
        return proof;
    }

    private static StatementSigner Signer(int member) => new(
        TestNetwork.Domain, Epoch.Zero, new ReplicaId((ushort)member), new FakeSigner(FakeSigner.KeyOf(member, true)),
        new FakeSigner(FakeSigner.KeyOf(member, false)));
}

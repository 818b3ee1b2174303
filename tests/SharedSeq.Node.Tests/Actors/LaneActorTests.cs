using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Actors;

public sealed class LaneActorTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly NamespaceId Namespace = new(5);
    private readonly TestCommittee _committee = new(4, 7, 0, OrderingBench.Opaque(Namespace.Value));

    [Fact]
    public async Task A_proof_of_a_later_batch_gives_the_batches_before_it_receipts_that_verify()
    {
        var shell = new Shell(_committee[0]);
        await using var lane = new LaneActor(
            new OwnLaneStart(new LaneId(Epoch.Zero, new ReplicaId(0), 0), BatchSeq.Zero, Hash32.Zero), shell, TimeProvider.System, e => throw e);
        lane.Start();
        var submissions = new AwaitedSubmission[4];
        for (int i = 0; i < submissions.Length; i++)
        {
            submissions[i] = new AwaitedSubmission();
            await lane.TellAsync(new LaneMessage.Submit(new Submission(RecordOf(i), 1, submissions[i])), CancellationToken.None);
            await shell.Sealed[i].Task.WaitAsync(Deadline);
        }

        // The Acks of the first two were lost on their way: the third is the first that a quorum of Acks names, and the first one's comes later still.
        await lane.TellAsync(new LaneMessage.Certified(ProofOf(shell, 2)), CancellationToken.None);
        await lane.TellAsync(new LaneMessage.Certified(ProofOf(shell, 0)), CancellationToken.None);
        var verifier = new ReceiptVerifier(new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme()));
        for (int i = 0; i < 3; i++)
        {
            (LanePlace place, AcceptanceProof proof) = await submissions[i].Accepted.WaitAsync(Deadline);
            Assert.Equal(2 - i, proof.Later.Count);
            Receipt receipt = Receipt.Of(place.Batch, place.Tree, place.First, proof.Later, proof.Proof);
            Assert.Equal(ReceiptRejection.None, verifier.TryVerify(Receipt.Decode(receipt.Encode()), null, out ReceiptPromise promise));
            Assert.Equal(new BatchSeq((ulong)i), promise.Place.Seq);
        }

        await lane.TellAsync(new LaneMessage.Certified(ProofOf(shell, 3)), CancellationToken.None);
        Assert.Empty((await submissions[3].Accepted.WaitAsync(Deadline)).Proof.Later);
    }

    [Fact]
    public async Task A_new_epoch_has_a_lane_of_its_own_and_what_the_old_one_got_ordered_or_left_over_is_told_to_its_submitters()
    {
        var shell = new Shell(_committee[0]);
        var old = new LaneId(Epoch.Zero, new ReplicaId(0), 0);
        LaneId present = old with { Epoch = new Epoch(1) };
        await using var lane = new LaneActor(new OwnLaneStart(old, BatchSeq.Zero, Hash32.Zero), shell, TimeProvider.System, e => throw e);
        lane.Start();
        Watched[] submissions = [new(), new(), new(), new()];
        for (int i = 0; i < 2; i++) await SubmitAsync(lane, shell, submissions[i], i);
        await lane.TellAsync(new LaneMessage.Certified(ProofOf(shell, 1)), CancellationToken.None);
        await lane.TellAsync(new LaneMessage.EpochEntered(new OwnLaneStart(present, BatchSeq.Zero, Hash32.Zero)), CancellationToken.None);
        await SubmitAsync(lane, shell, submissions[2], 2);
        BatchHeader first = shell.Batches[2].Header;
        Assert.Equal((present, BatchSeq.Zero, Hash32.Zero), (first.Lane, first.Seq, first.PreviousDigest));

        // The first batch of the ended lane is ordered; the second never will be, and is sealed again with the same transactions.
        await lane.TellAsync(new LaneMessage.Committed(Ordering(shell.Batches[0].Tip)), CancellationToken.None);
        await submissions[0].Committed.Task.WaitAsync(Deadline);
        await lane.TellAsync(new LaneMessage.Left([shell.Batches[1]]), CancellationToken.None);
        await shell.Sealed[3].Task.WaitAsync(Deadline);
        Assert.Equal((present, new BatchSeq(1)), (shell.Batches[3].Header.Lane, shell.Batches[3].Header.Seq));
        Assert.Equal(shell.Batches[1].Body.IdOf(0), shell.Batches[3].Body.IdOf(0));
        await lane.TellAsync(new LaneMessage.Certified(ProofOf(shell, 3)), CancellationToken.None);
        await lane.TellAsync(new LaneMessage.Committed(Ordering(shell.Batches[3].Tip)), CancellationToken.None);
        Assert.Equal(shell.Batches[3].Tip, (await submissions[1].Committed.Task.WaitAsync(Deadline)).Batch.Tip);
        Assert.Equal((1, 1), (submissions[0].Accepted, submissions[1].Accepted));

        // Without a seat there is no lane.
        await lane.TellAsync(new LaneMessage.EpochEntered(null), CancellationToken.None);
        await lane.TellAsync(new LaneMessage.Submit(new Submission(RecordOf(3), 1, submissions[3])), CancellationToken.None);
        Assert.Equal(SubmissionRejection.NotReady, await submissions[3].Rejected.Task.WaitAsync(Deadline));
    }

    private static byte[] RecordOf(int index)
    {
        byte[] record = new byte[BatchBody.RecordOverhead + 1];
        BatchBody.WriteRecord(record, Namespace, 1, [(byte)index]);
        return record;
    }

    private static async Task SubmitAsync(LaneActor lane, Shell shell, Watched observer, int index)
    {
        await lane.TellAsync(new LaneMessage.Submit(new Submission(RecordOf(index), 1, observer)), CancellationToken.None);
        await shell.Sealed[index].Task.WaitAsync(Deadline);
    }

    private ProvenBlock Ordering(params LaneTip[] batches)
    {
        var header = new Header(
            Epoch.Zero, new Slot(1), new Height(1), Slot.Zero, _committee.Genesis.Hash, default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
        var block = new CommittedBlock(new Block(header, Payload.Empty), default, null, batches, batches);
        return new ProvenBlock(block, [header], _committee.Commit(header, CommitPath.Slow, 0, 1, 2));
    }

    private ProofOfAvailability ProofOf(Shell shell, int batch)
    {
        LaneTip tip = shell.Batches[batch].Tip;
        Ack[] acks = [.. Enumerable.Range(0, 3).Select(i => _committee[i].Ack(tip, Height.Zero).Value)];
        return new ProofOfAvailability(tip, [.. acks.Select(ack => new AckSignature(ack.Acker, ack.Height, ack.Signature))]);
    }

    /// <summary>Counts what it is told.</summary>
    private sealed class Watched : ISubmissionObserver
    {
        public int Accepted { get; private set; }

        public TaskCompletionSource<LanePlace> Committed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<SubmissionRejection> Rejected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnRejected(SubmissionRejection reason) => Rejected.TrySetResult(reason);

        public void OnReceived(LanePlace place)
        {
        }

        public void OnAccepted(LanePlace place, AcceptanceProof proof) => Accepted++;

        public void OnCommitted(LanePlace place, ProvenBlock block) => Committed.TrySetResult(place);
    }

    private sealed class Shell(StatementSigner signer) : ILaneShell
    {
        public List<Batch> Batches { get; } = [];

        public TaskCompletionSource[] Sealed { get; } =
            [.. Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];

        public (int Batches, long Bytes) Room => (100, 100L * BatchBody.MaxBytes);

        public Verified<Batch> Sign(BatchHeader header, BatchBody body) => signer.Batch(header, Height.Zero, body);

        public long AppendOwnBatch(Batch batch)
        {
            Batches.Add(batch);
            Sealed[Batches.Count - 1].SetResult();
            return Batches.Count;
        }

        public void OnSealed(Verified<Batch> batch)
        {
        }
    }
}

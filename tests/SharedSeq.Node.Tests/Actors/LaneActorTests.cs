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
            new LaneId(Epoch.Zero, new ReplicaId(0), 0), BatchSeq.Zero, Hash32.Zero, shell, TimeProvider.System, e => throw e);
        lane.Start();
        var submissions = new AwaitedSubmission[4];
        for (int i = 0; i < submissions.Length; i++)
        {
            submissions[i] = new AwaitedSubmission();
            byte[] record = new byte[BatchBody.RecordOverhead + 1];
            BatchBody.WriteRecord(record, Namespace, 1, [(byte)i]);
            await lane.TellAsync(new LaneMessage.Submit(new Submission(record, 1, submissions[i])), CancellationToken.None);
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

    private ProofOfAvailability ProofOf(Shell shell, int batch)
    {
        LaneTip tip = shell.Batches[batch].Tip;
        Ack[] acks = [.. Enumerable.Range(0, 3).Select(i => _committee[i].Ack(tip, Height.Zero).Value)];
        return new ProofOfAvailability(tip, [.. acks.Select(ack => new AckSignature(ack.Acker, ack.Height, ack.Signature))]);
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

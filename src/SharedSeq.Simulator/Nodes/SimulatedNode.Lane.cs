using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The own lane: transactions are collected, sealed into batches, made durable, handed to the replica, and receipts are released.</summary>
public sealed partial class SimulatedNode
{
    private readonly List<SubmittedTransaction> _pending = [];
    private BatchSeq _nextSeq;
    private Hash32 _previousDigest;
    private int _syncingBatches;
    private int _syncingBytes;
    private bool _isSealing;

    private LaneId? Lane => Seat is { } seat ? new LaneId(Epoch, seat, 0) : null;

    /// <summary>Own batches that survive whatever happens.</summary>
    public IEnumerable<Batch> OwnDurableBatches
    {
        get
        {
            for (int i = 0; i < Disk.BatchLog.SyncedCount; i++)
            {
                Batch batch = Disk.BatchLog.Records[i].Batch;
                if (IsMine(batch.Header.Lane)) yield return batch;
            }
        }
    }

    /// <summary>Takes a transaction into the next batch.</summary>
    /// <returns>False when the node is down or has no seat.</returns>
    public bool TrySubmit(SubmittedTransaction transaction)
    {
        if (!IsUp || Seat is null) return false;
        _pending.Add(transaction);
        if (!_isSealing) ScheduleSeal();
        return true;
    }

    /// <summary>A client hands over another member's receipt.</summary>
    public bool TryRelay(ProofOfAvailability proof)
    {
        if (!IsUp) return false;
        // A member that is behind does not know the committee yet: the client has to try another one.
        if (VerifierOf(proof.Tip.Lane.Epoch) is not { } verifier) return false;
        VerificationRejection reason = verifier.TryVerify(proof, null, out Verified<ProofOfAvailability> verified);
        Invariant.Check(reason == VerificationRejection.None, "the receipts of a run verify");
        Submit(new ReplicaInput.ReceiptRelayed(verified));
        return IsUp;
    }

    /// <summary>The batch has its PoA: clients get receipts for its transactions.</summary>
    public void ReleaseReceipts(Verified<ProofOfAvailability> proof)
    {
        Batch? batch = Disk.FindBatch(proof.Value.Tip.Digest);
        Invariant.Check(batch is not null, "an author holds its own batch");
        Run.Client.OnReceipts(this, batch, proof.Value);
    }

    private void StartLane()
    {
        LaneBook lanes = Replica!.Lanes;
        _nextSeq = lanes.NextOwnSeq;
        _previousDigest = lanes.OwnNewestDigest;
        _syncingBatches = 0;
        _syncingBytes = 0;
        _isSealing = false;
        if (_pending.Count > 0) ScheduleSeal();
        bool isForgetful = HasLostDisk && !HasLostKeys;
        if (lanes.IsOwnLaneRetired && IsHonest && !isForgetful) Run.Violate("OwnLane", $"replica {Id} finds its own lane incomplete after a restart");
    }

    private void StopLane() => _pending.Clear();

    /// <summary>Transactions of batches that their own lane will not order go into the present one.</summary>
    private void Reinject(IEnumerable<Batch> batches)
    {
        foreach (Batch batch in batches)
        {
            for (int i = 0; i < batch.Body.Count; i++)
            {
                TransactionRecord record = batch.Body[i];
                _pending.Add(new SubmittedTransaction(record.Namespace, record.ValidUntil, record.Payload.ToArray()));
            }
        }

        if (_pending.Count > 0 && !_isSealing) ScheduleSeal();
    }

    private void ScheduleSeal()
    {
        _isSealing = true;
        int incarnation = _incarnation;
        Run.Schedule.After(Run.Settings.Workload.SealMs * 1_000L, () =>
        {
            if (incarnation != _incarnation || !IsUp) return;
            _isSealing = false;
            Seal();
            if (_pending.Count > 0 && Seat is not null) ScheduleSeal();
        });
    }

    /// <summary>Seals what waits, as far as back-pressure leaves room; the rest waits for the next time.</summary>
    private void Seal()
    {
        if (Lane is not { } lane) return;
        LaneRoom room = Replica!.Lanes.OwnLaneRoom;
        if (_pending.Count == 0 || room.Batches <= _syncingBatches) return;
        int count = 0;
        int bytes = 0;
        while (count < _pending.Count)
        {
            int next = BatchBody.RecordOverhead + _pending[count].Payload.Length;
            if (_syncingBytes + bytes + next > room.Bytes || bytes + next > BatchBody.MaxBytes) break;
            bytes += next;
            count++;
        }

        if (count == 0) return;
        byte[] records = new byte[bytes];
        int at = 0;
        for (int i = 0; i < count; i++)
            at += BatchBody.WriteRecord(records.AsSpan(at), _pending[i].Namespace, _pending[i].ValidUntil, _pending[i].Payload);
        _pending.RemoveRange(0, count);
        BatchBody body = BatchBody.Parse(records, count);
        var header = new BatchHeader(
            lane, _nextSeq, _previousDigest, BatchFlags.None, count, bytes, MerkleTree.RootOfLeafHashes(body.LeafHashes));
        _nextSeq = _nextSeq.Next();
        _previousDigest = header.Digest;
        Store(Signer.Batch(header, Disk.ArchivedHeight, body));
    }

    private void Store(Verified<Batch> batch)
    {
        int bytes = batch.Value.Header.BodyBytes;
        Disk.AppendBatch(batch.Value, isAckable: true);
        if (Run.Mutant.OwnBatchIsNotDurable)
        {
            Submit(new ReplicaInput.OwnBatchSealed(batch));
            return;
        }

        _syncingBatches++;
        _syncingBytes += bytes;
        Disk.BatchLog.WhenDurable(() =>
        {
            if (batch.Value.Header.Lane == Lane)
            {
                _syncingBatches--;
                _syncingBytes -= bytes;
            }

            Submit(new ReplicaInput.OwnBatchSealed(batch));
        });
    }
}

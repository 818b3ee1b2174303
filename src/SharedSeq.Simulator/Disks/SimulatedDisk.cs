using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A batch as the batch log keeps it.</summary>
public sealed record BatchRecord(Batch Batch, bool IsAckable);

/// <summary>A snapshot of the ordering state, which has the committees of its own epoch and the next only.</summary>
/// <param name="State">The state.</param>
/// <param name="Decided">The committees that were decided so far, from epoch 1 on.</param>
public sealed record KeptSnapshot(byte[] State, IReadOnlyList<CommitteePlan> Decided);

/// <summary>A copy of a disk.</summary>
public sealed record SavedDisk(
    IReadOnlyList<DurableRecord> Votes, long VotePosition, IReadOnlyList<BatchRecord> Batches, IReadOnlyList<CommittedBlock> Blocks, KeptSnapshot? Snapshot,
    ResultCertificate? Certificate, IReadOnlyList<Evidence> Evidence)
{
    public static readonly SavedDisk Empty = new([], 0, [], [], null, null, []);
}

/// <summary>
/// What one node has on disk: vote log, batch log and archive of delivered blocks, each synced on its own. A restart reads all of it back through
/// the real codec.
/// </summary>
public sealed class SimulatedDisk
{
    private readonly Dictionary<Hash32, Batch> _batches = [];

    public SimulatedDisk(SimulatedSchedule schedule, Prng random, Func<SyncLatency> latency)
    {
        VoteLog = new SimulatedLog<DurableRecord>(schedule, random.Fork(), latency);
        BatchLog = new SimulatedLog<BatchRecord>(schedule, random.Fork(), latency);
        Archive = new SimulatedLog<CommittedBlock>(schedule, random.Fork(), latency);
    }

    public SimulatedLog<DurableRecord> VoteLog { get; }

    public SimulatedLog<BatchRecord> BatchLog { get; }

    /// <summary>Delivered heights from 1 on, without gaps.</summary>
    public SimulatedLog<CommittedBlock> Archive { get; }

    /// <summary>The ledger's newest snapshot of the ordering state; null before the first checkpoint.</summary>
    public KeptSnapshot? Snapshot { get; set; }

    /// <summary>The ledger's newest result certificate.</summary>
    public ResultCertificate? NewestCertificate { get; set; }

    /// <summary>Evidence recorded, in the order in which it came.</summary>
    public List<Evidence> Evidence { get; } = [];

    public Height ArchivedHeight => new((ulong)Archive.Records.Count);

    public void AppendBatch(Batch batch, bool isAckable)
    {
        BatchLog.Append(new BatchRecord(batch, isAckable));
        _batches[batch.Header.Digest] = batch;
    }

    public Batch? FindBatch(Hash32 digest) => _batches.GetValueOrDefault(digest);

    /// <summary>Power is cut: each log loses what it had not synced, or part of it.</summary>
    /// <returns>The number of records lost.</returns>
    public int Crash()
    {
        int lost = VoteLog.Crash() + BatchLog.Crash() + Archive.Crash();
        IndexBatches();
        return lost;
    }

    /// <summary>A copy of what is durable.</summary>
    public SavedDisk Save() => new(
        VoteLog.Synced(), VoteLog.SyncedPosition, BatchLog.Synced(), Archive.Synced(), Snapshot, NewestCertificate, [.. Evidence]);

    /// <summary>Of a disk that nobody uses: all of it becomes what the copy holds.</summary>
    public void Restore(SavedDisk saved)
    {
        VoteLog.Restore(saved.Votes, saved.VotePosition);
        BatchLog.Restore(saved.Batches, saved.Batches.Count);
        Archive.Restore(saved.Blocks, saved.Blocks.Count);
        Snapshot = saved.Snapshot;
        NewestCertificate = saved.Certificate;
        Evidence.Clear();
        Evidence.AddRange(saved.Evidence);
        IndexBatches();
    }

    /// <summary>
    /// What the replica starts from: the log as written, the newest archived block, the batches above its cut of all lanes that are not closed.
    /// </summary>
    /// <param name="history">At genesis; told of every archived height.</param>
    public RecoveredState Recover(EpochHistory history)
    {
        foreach (CommittedBlock block in Archive.Records) history.Add(block.Block.Header, block.Timestamp, block.Cut, block.View);
        var writer = new CanonicalWriter(1024);
        var records = new List<DurableRecord>(VoteLog.Records.Count);
        foreach (DurableRecord record in VoteLog.Records)
        {
            writer.Reset();
            record.Write(writer);
            var reader = new CanonicalReader(writer.Written);
            records.Add(DurableRecord.Read(record.Kind, ref reader));
            reader.End("vote log record");
        }

        return new RecoveredState(records, history.Delivered, StoredBatches(history)) { Evidence = RecordedEvidence() };
    }

    private void IndexBatches()
    {
        _batches.Clear();
        foreach (BatchRecord record in BatchLog.Records) _batches[record.Batch.Header.Digest] = record.Batch;
    }

    private List<RecoveredEvidence> RecordedEvidence()
    {
        var recorded = new List<RecoveredEvidence>();
        var committed = new HashSet<Hash32>();
        foreach (CommittedBlock block in Archive.Records)
        {
            foreach (Evidence item in block.Block.Payload.Evidence)
            {
                if (committed.Add(item.Id)) recorded.Add(new RecoveredEvidence(item, IsCommitted: true));
            }
        }

        foreach (Evidence item in Evidence)
        {
            if (!committed.Contains(item.Id)) recorded.Add(new RecoveredEvidence(item, IsCommitted: false));
        }

        return recorded;
    }

    /// <summary>Own batches of closed lanes that no cut took.</summary>
    public IEnumerable<Batch> LeftBatches(EpochHistory history, Predicate<LaneId> isMine)
    {
        var tips = new Dictionary<LaneId, LaneTip>();
        foreach (CommittedBlock block in Archive.Records)
        {
            foreach (LaneTip tip in block.Cut) tips[tip.Lane] = tip;
        }

        foreach (BatchRecord record in BatchLog.Records)
        {
            BatchHeader header = record.Batch.Header;
            if (!isMine(header.Lane) || IsOpen(history, header.Lane)) continue;
            if (!tips.TryGetValue(header.Lane, out LaneTip tip) || tip.Seq < header.Seq) yield return record.Batch;
        }
    }

    private static bool IsOpen(EpochHistory history, LaneId lane)
    {
        if (lane.Epoch == history.Seat.Committee.Epoch) return true;
        foreach (ClosedEpoch ended in history.Closed)
        {
            if (ended.Committee.Epoch == lane.Epoch) return true;
        }

        return false;
    }

    private List<StoredBatch> StoredBatches(EpochHistory history)
    {
        IReadOnlyList<LaneTip> cut = history.Delivered.Cut;
        var stored = new List<StoredBatch>();
        foreach (BatchRecord record in BatchLog.Records)
        {
            BatchHeader header = record.Batch.Header;
            bool isBelow = !IsOpen(history, header.Lane);
            foreach (LaneTip tip in cut) isBelow |= tip.Lane == header.Lane && header.Seq <= tip.Seq;
            if (isBelow) continue;
            stored.Add(new StoredBatch(
                header.Tip, header.PreviousDigest, header.BodyBytes, record.IsAckable, record.Batch.AuthorHeight, record.Batch.Signature));
        }

        stored.Sort((a, b) =>
        {
            int byLane = a.Tip.Lane.CompareTo(b.Tip.Lane);
            return byLane != 0 ? byLane : a.Tip.Seq.CompareTo(b.Tip.Seq);
        });
        return stored;
    }
}

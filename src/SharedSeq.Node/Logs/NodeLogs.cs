using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// The node's two logs with the protocol's types: the vote log, which decides what a restart may say, and the batch log, which holds the bytes and the
/// delivered heights. Safe for the replica's, the lane's and ordering's loops at once.
/// </summary>
public sealed class NodeLogs : IDisposable
{
    /// <summary>Own result votes kept through compactions: as many as a collector keeps.</summary>
    private const int ResultVotesKept = 64;

    /// <summary>Batches per lane below the pruned cut that stay. 256: the lane window.</summary>
    private const ulong QueuedBatches = 256;

    /// <summary>Notes that wait for a block. 1,024: above it they are written at once.</summary>
    private const int NotesWaitingMax = 1_024;

    /// <summary>How long an installation waits for its sync. 60 s: a disk that needs longer is broken.</summary>
    private static readonly TimeSpan SyncPatience = TimeSpan.FromSeconds(60);

    private readonly VoteLog _votes;
    private readonly BatchLog _batches;
    private readonly int _compactEachBytes;
    private long _compactAtBytes;
    private readonly int _batchSegmentsMax;
    private readonly Lock _gate = new();
    private readonly Queue<ResultVote> _resultVotes = new();
    private readonly List<(LedgerNote Kind, Height Height, byte[] Bytes)> _notes = [];
    private readonly Action<StorageException> _onFailed;
    private long _guardFailures;
    private Action<long>? _onVotesDurable;
    private Action<long>? _onBatchesDurable;

    /// <exception cref="StorageException">A log is in use, damaged or rolled back; the message names the file and what to do.</exception>
    public NodeLogs(NodeConfiguration configuration, Action<StorageException> onFailed, IFileLayer? files = null)
    {
        _onFailed = onFailed;
        files ??= DiskFileLayer.Instance;
        _batchSegmentsMax = (int)long.Min(int.MaxValue, configuration.Storage.RetentionBytes / configuration.Storage.BatchSegmentBytes);
        string guard = configuration.Replica.VoteGuardFile;
        _votes = VoteLog.Open(
            new VoteLogOptions
            {
                Folder = Path.Combine(configuration.DataDir, "votes"),
                GuardPath = guard.Length > 0 ? guard : null,
                Files = files,
                SegmentBytes = configuration.Storage.VoteSegmentBytes,
            },
            position => Volatile.Read(ref _onVotesDurable)?.Invoke(position), OnVotesFailed);
        try
        {
            _batches = BatchLog.Open(
                new BatchLogOptions
                {
                    Folder = Path.Combine(configuration.DataDir, "batches"),
                    Files = files,
                    SegmentBytes = configuration.Storage.BatchSegmentBytes,
                    SegmentsMax = _batchSegmentsMax,
                },
                OnBatchesDurable, onFailed);
            _votes.GuardBatches(_batches);
        }
        catch
        {
            _batches?.Dispose();
            _votes.Dispose();
            throw;
        }

        _compactEachBytes = configuration.Storage.VoteSegmentBytes / 2;
        _compactAtBytes = _compactEachBytes;
    }

    /// <summary>The newest delivered height in the archive; 0 for none.</summary>
    public Height LastBlock => _batches.LastBlock;

    /// <summary>The oldest delivered height kept.</summary>
    public Height FirstBlock => _batches.FirstBlock;

    public SyncTimes VoteSyncs => _votes.SyncTimes;

    public SyncTimes BatchSyncs => _batches.SyncTimes;

    /// <summary>How often the vote guard could not be written: at most once, since voting stops with it.</summary>
    public long GuardFailures => Interlocked.Read(ref _guardFailures);

    /// <summary>Who is told when a log has synced; called on the logs' own threads.</summary>
    public void Subscribe(Action<long> onVotesDurable, Action<long> onBatchesDurable)
    {
        Volatile.Write(ref _onVotesDurable, onVotesDurable);
        Volatile.Write(ref _onBatchesDurable, onBatchesDurable);
    }

    /// <summary>Has what was appended to the vote log written and synced now: somebody waits for it.</summary>
    public void FlushVotes() => _votes.Flush();

    /// <summary>Has what was appended to the batch log written and synced now.</summary>
    public void FlushBatches() => _batches.Flush();

    /// <summary>Appends to the vote log; durable upon a flush, or a little later by itself.</summary>
    public long AppendVote(DurableRecord record)
    {
        if (record is DurableRecord.OwnResultVote result) Remember(result.Vote);
        (VotePosition voted, byte[] bytes) = Encode(record);
        return Position(_votes.Append((byte)record.Kind, voted, bytes), "vote log");
    }

    /// <summary>Appends to the batch log; durable upon a flush, or a little later by itself.</summary>
    public long AppendBatch(Batch batch, bool isAckable)
    {
        // The log copies what it is given.
        SharedBuffer bytes = BufferPool.Instance.Rent(batch.EncodedBytes);
        batch.Write(bytes.GetSpan());
        BatchMarks marks = isAckable ? BatchMarks.Ackable : BatchMarks.Fetched;
        BatchHeader header = batch.Header;
        var key = new BatchKey(header.Lane, header.Seq, header.Digest, header.PreviousDigest, marks);
        long position = Position(_batches.AppendBatch(key, bytes.GetSpan()), "batch log");
        bytes.Release();
        return position;
    }

    public long AppendBlock(CommittedBlock block)
    {
        lock (_gate) WriteNotes();
        return Position(_batches.AppendBlock(block.Height, ArchivedBlock.Encode(block)), "batch log");
    }

    /// <summary>
    /// Keeps in the batch log what the ledger is rebuilt from besides the heights. Written with the next block: nothing waits for a note, so none is
    /// worth a sync of its own.
    /// </summary>
    public void AppendNote(LedgerNote kind, Height height, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _notes.Add((kind, height, bytes.ToArray()));
            if (_notes.Count == NotesWaitingMax) WriteNotes();
        }
    }

    /// <summary>All notes that were there when the log was opened, in order.</summary>
    public IEnumerable<(LedgerNote Kind, ReadOnlyMemory<byte> Bytes)> Notes()
    {
        foreach (BatchLogRecord record in _batches.Replay())
        {
            if (record.Kind == BatchLogRecordKind.Note) yield return ((LedgerNote)record.NoteKind, record.Bytes);
        }
    }

    /// <summary>Replaces the vote log's content by what still matters, once half a segment was written since the last time.</summary>
    /// <param name="epochs">Whose records.</param>
    /// <param name="casts">Own votes and proposals under way: where the disk is slow there always are some, and the log must not grow for that.</param>
    /// <returns>Why it could not be done, which is tried again when as much more was written: what is kept is made anew for each try.</returns>
    public StorageRejection CompactVotes(Epochs epochs, IReadOnlyCollection<DurableRecord> casts)
    {
        if (_votes.BytesSinceSnapshot < _compactAtBytes) return StorageRejection.None;
        var records = new List<VoteLogRecord>();
        foreach (DurableRecord record in epochs.Snapshot().Concat(casts)) records.Add(ToLogRecord(record));
        lock (_gate)
        {
            foreach (ResultVote vote in _resultVotes) records.Add(ToLogRecord(new DurableRecord.OwnResultVote(vote)));
        }

        StorageRejection refusal = _votes.Rotate(records).Rejection;
        _compactAtBytes = _compactEachBytes + (refusal == StorageRejection.None ? 0 : _votes.BytesSinceSnapshot);
        return refusal;
    }

    /// <summary>
    /// Gives up the oldest quarter of the heights kept and their batches once nine tenths of the retention are used. A restart needs everything from the
    /// oldest ordering snapshot on, so nothing at or above it goes.
    /// </summary>
    /// <param name="oldestSnapshot">Height of the oldest snapshot a restart may use; 0 gives up nothing.</param>
    /// <param name="epochs">Which epochs' lanes are closed and forgotten at a height.</param>
    /// <returns>What is kept now, or null when nothing was given up.</returns>
    public BatchRetention? PruneWhenFull(Height oldestSnapshot, NodeEpochs epochs)
    {
        if (_batches.SegmentCount < _batchSegmentsMax * 9 / 10) return null;
        ulong first = _batches.FirstBlock.Value;
        ulong from = ulong.Min(oldestSnapshot.Value, first + ((_batches.LastBlock.Value - first) / 4));
        if (from <= first || ReadBlock(new Height(from)) is not { } block) return null;
        LaneStart[] lanes =
        [
            .. block.Cut.Select(tip => new LaneStart(tip.Lane, SeqOfQueued(tip.Seq))),
            .. _batches.Lanes().Where(lane => epochs.IsGone(lane.Lane.Epoch, block.Height, block.Timestamp))
                .Select(lane => new LaneStart(lane.Lane, new BatchSeq(long.MaxValue))),
        ];
        var keep = new BatchRetention(new Height(from), lanes);
        return _batches.Prune(keep) ? keep : null;
    }

    /// <summary>Transactions a namespace carries over may be in batches ordered before; as many batches as a lane may run ahead stay for them.</summary>
    private static BatchSeq SeqOfQueued(BatchSeq tip) => new(tip.Value > QueuedBatches ? tip.Value - QueuedBatches : 0);

    /// <summary>
    /// Makes a certified height the beginning of the archive, with the batches that its state still needs; durable on return. Own batches and acked ones
    /// stay. Before anything else is appended; done twice it changes nothing more.
    /// </summary>
    /// <exception cref="StorageException">The log has failed or has no room.</exception>
    public void StartAt(CommittedBlock block, IReadOnlyList<Batch> batches)
    {
        foreach (Batch batch in batches)
        {
            BatchHeader header = batch.Header;
            if (!_batches.HasBatch(header.Lane, header.Seq, header.Digest)) AppendBatch(batch, isAckable: false);
        }

        long position = Position(_batches.StartAt(block.Height, ArchivedBlock.Encode(block)), "batch log");
        using var synced = new ManualResetEventSlim();
        Volatile.Write(ref _onBatchesDurable, durable =>
        {
            if (durable >= position) synced.Set();
        });
        _batches.Flush();
        if (_batches.DurablePosition < position && !synced.Wait(SyncPatience))
            throw new StorageException(StorageRejection.SyncFailed, $"the batch log was not synced within {SyncPatience.TotalSeconds} s");
        Volatile.Write(ref _onBatchesDurable, null);
    }

    /// <summary>The delivered block of a height; null when it is not (yet) here or pruned.</summary>
    public CommittedBlock? ReadBlock(Height height)
    {
        if (_batches.ReadBlock(height, out RecordLease lease) != ReadOutcome.Found) return null;
        using (lease) return ArchivedBlock.Decode(lease.Body.Span);
    }

    /// <summary>A block and its ancestors, newest first, as far as they are here.</summary>
    public IReadOnlyList<Block> ReadChain(BlockId newest, int count)
    {
        var blocks = new List<Block>();
        Hash32 wanted = newest.Hash;
        for (Height height = newest.Height; blocks.Count < count && height > Height.Zero; height = height.Previous())
        {
            if (ReadBlock(height) is not { } found || found.Block.Header.Hash != wanted) break;
            blocks.Add(found.Block);
            wanted = found.Block.Header.ParentHash;
        }

        return blocks;
    }

    /// <summary>Reads a batch by place and digest; null when it is not here.</summary>
    public Batch? ReadBatch(LaneTip tip)
    {
        if (_batches.ReadBatch(tip.Lane, tip.Seq, tip.Digest, out BatchLease lease) != ReadOutcome.Found) return null;
        using (lease) return Batch.Read(lease.Bytes.ToArray());
    }

    /// <summary>
    /// The chain of batches that ends in a tip, for a peer: ascending, as many as fit counted from the tip downwards, so that the asker can check
    /// all of it against the tip's digest. Empty when the tip is not held.
    /// </summary>
    public IReadOnlyList<Batch> ReadChain(LaneTip tip, BatchSeq first, int bytesMax)
    {
        var found = new List<Batch>();
        int bytes = 0;
        (ulong seq, Hash32 digest) = (tip.Seq.Value, tip.Digest);
        while (_batches.ReadBatch(tip.Lane, new BatchSeq(seq), digest, out BatchLease lease) == ReadOutcome.Found)
        {
            using (lease)
            {
                Batch batch = Batch.Read(lease.Bytes.ToArray());
                bytes += batch.Header.BodyBytes;
                if (bytes > bytesMax) break;
                found.Add(batch);
                digest = batch.Header.PreviousDigest;
            }

            if (seq-- <= first.Value) break;
        }

        found.Reverse();
        return found;
    }

    /// <summary>Loads what a restart needs. Before anything is appended.</summary>
    /// <param name="genesis">Where a node without heights is.</param>
    /// <param name="resultVotes">Own result votes, in order.</param>
    /// <param name="isOpen">Whether a height after this one may still order batches of an epoch's lanes; null loads them all.</param>
    public RecoveredState Recover(Genesis genesis, out IReadOnlyList<ResultVote> resultVotes, Func<Epoch, Height, bool>? isOpen = null)
    {
        var records = new List<DurableRecord>();
        var results = new List<ResultVote>();
        foreach (VoteLogRecord stored in _votes.Replay())
        {
            var reader = new CanonicalReader(stored.Bytes.Span);
            DurableRecord record = DurableRecord.Read((DurableRecordKind)stored.Kind, ref reader);
            if (record is DurableRecord.OwnResultVote vote) results.Add(vote.Vote);
            else records.Add(record);
        }

        foreach (ResultVote vote in results) Remember(vote);
        resultVotes = results;
        DeliveredTip tip = DeliveredTip.Genesis(genesis.Hash, genesis.Timestamp);
        if (_batches.LastBlock > Height.Zero && ReadBlock(_batches.LastBlock) is { } last)
            tip = new DeliveredTip(last.Block.Id, last.Block.Header.Slot, last.Timestamp, last.Cut) { View = last.View };
        return new RecoveredState(records, tip, StoredAbove(tip, isOpen));
    }

    /// <summary>
    /// Own batches that no height will order any more: of lanes that are closed, above what their last cut took. Those of long ago are left out.
    /// </summary>
    /// <param name="epochs">The epochs.</param>
    /// <param name="delivered">The newest delivered block.</param>
    public IEnumerable<Batch> LeftBatches(NodeEpochs epochs, DeliveredTip delivered)
    {
        foreach (LaneExtent extent in _batches.Lanes().OrderBy(lane => lane.Lane))
        {
            LaneId lane = extent.Lane;
            if (!epochs.IsOwn(lane) || epochs.ClosesAt(lane.Epoch) is not { } closed || closed > delivered.Id.Height) continue;
            if (epochs.IsGone(lane.Epoch, delivered.Id.Height, delivered.Timestamp) || ReadBlock(closed) is not { } last) continue;
            BatchSeq from = BatchSeq.Zero;
            foreach (LaneTip tip in last.Cut)
            {
                if (tip.Lane == lane) from = tip.Seq.Next();
            }

            foreach (BatchKey key in _batches.BatchKeys(lane, from))
            {
                if (ReadBatch(new LaneTip(key.Lane, key.Seq, key.Digest)) is { } batch) yield return batch;
            }
        }
    }

    public void Dispose()
    {
        try
        {
            lock (_gate) WriteNotes();
        }
        catch (StorageException)
        {
            // The log has failed, which was told when it did: it takes no notes either.
        }

        // The batches first: the votes' guard takes down how far they came.
        _batches.Dispose();
        _votes.Dispose();
    }

    private List<StoredBatch> StoredAbove(DeliveredTip delivered, Func<Epoch, Height, bool>? isOpen)
    {
        var stored = new List<StoredBatch>();
        foreach (LaneExtent extent in _batches.Lanes().OrderBy(lane => lane.Lane))
        {
            if (isOpen?.Invoke(extent.Lane.Epoch, delivered.Id.Height) == false) continue;
            BatchSeq from = BatchSeq.Zero;
            foreach (LaneTip tip in delivered.Cut)
            {
                if (tip.Lane == extent.Lane) from = tip.Seq.Next();
            }

            foreach (BatchKey key in _batches.BatchKeys(extent.Lane, from))
            {
                if (ReadBatch(new LaneTip(key.Lane, key.Seq, key.Digest)) is not { } batch) continue;
                stored.Add(new StoredBatch(
                    batch.Tip, batch.Header.PreviousDigest, batch.Header.BodyBytes, (key.Marks & BatchMarks.Ackable) != BatchMarks.None,
                    batch.AuthorHeight, batch.Signature));
            }
        }

        return stored;
    }

    private void WriteNotes()
    {
        foreach ((LedgerNote kind, Height height, byte[] bytes) in _notes) Position(_batches.AppendNote((byte)kind, height, bytes), "batch log");
        _notes.Clear();
    }

    private void OnBatchesDurable(long position)
    {
        Volatile.Read(ref _onBatchesDurable)?.Invoke(position);
        _votes.NoteBatches(position);
    }

    private void OnVotesFailed(StorageException failure)
    {
        if (failure.Reason == StorageRejection.GuardNotWritten) Interlocked.Increment(ref _guardFailures);
        _onFailed(failure);
    }

    private void Remember(ResultVote vote)
    {
        lock (_gate)
        {
            _resultVotes.Enqueue(vote);
            if (_resultVotes.Count > ResultVotesKept) _resultVotes.Dequeue();
        }
    }

    private static VoteLogRecord ToLogRecord(DurableRecord record)
    {
        (VotePosition voted, byte[] bytes) = Encode(record);
        return new VoteLogRecord((byte)record.Kind, voted, bytes);
    }

    private static (VotePosition Voted, byte[] Bytes) Encode(DurableRecord record)
    {
        var writer = new CanonicalWriter(512);
        record.Write(writer);
        VotePosition voted = record is DurableRecord.OwnVote own ? new VotePosition(own.Vote.Epoch, own.Vote.Slot) : VotePosition.None;
        return (voted, writer.ToArray());
    }

    /// <summary>A node that diverged comes here once all below its last good snapshot is given up: it can not start from a later one.</summary>
    private static string Advice(StorageRejection rejection) => rejection != StorageRejection.LogFull ? ""
        : "; storage.retentionBytes are used up and a restart needs all of them: raise it, or where this node diverged run: sharedseq store rebuild";

    private static long Position(AppendResult result, string log)
    {
        if (!result.IsAccepted) throw new StorageException(result.Rejection, $"the {log} does not take a record: {result.Rejection}{Advice(result.Rejection)}");
        return result.Position;
    }
}

using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Batches of all lanes and committed blocks, as opaque bytes, with everything else the ledger must be rebuilt from
/// (notes). One log, so that one sync covers what one moment brought. Reads find a record from the moment its append
/// returned. Safe for use from several threads.
/// </summary>
public sealed class BatchLog : IDisposable
{
    /// <summary>Lowest kind of a note: 16 to 199 are the caller's.</summary>
    public const byte NoteKindMin = 16;

    /// <summary>Highest kind of a note.</summary>
    public const byte NoteKindMax = 199;

    internal const byte BatchKind = 1;
    internal const byte BlockKind = 2;
    private const byte PruneMarkKind = 250;
    private const int HeightHeadBytes = 8;
    private readonly Lock _gate = new();
    private readonly BatchIndex _index = new();
    private readonly SegmentLog _log;
    private RecordLocation? _pruneMark;
    private uint _writtenSegment;

    private BatchLog(BatchLogOptions options, Action<long> onDurable, Action<StorageException> onFailed)
    {
        _log = SegmentLog.Open(options.ToSegments(), Visit, onDurable, onFailed);
        if (_pruneMark is not { } mark) return;
        try
        {
            bool isKept = _log.TryRead(mark, out RecordLease lease);
            Invariant.Check(isKept, "the newest prune mark is in a segment that is kept");
            using (lease) _index.ApplyMarks(lease.Body.Span);
        }
        catch
        {
            _log.Abandon();
            throw;
        }
        // A crash may have kept segments whose recycling the mark announced.
        Retire(new BatchRetention(new(_index.Blocks.PrunedBelow), []));
    }

    /// <summary>What opening found; a torn tail that was cut is reported here.</summary>
    public LogOpening Opening => _log.Opening;

    public long DurablePosition => _log.DurablePosition;

    public SyncTimes SyncTimes => _log.SyncTimes;

    public int SegmentCount => _log.SegmentCount;

    /// <summary>Places the index in memory has room for, 32 bytes each: what a retention rule bounds.</summary>
    public long IndexedPlaces
    {
        get
        {
            lock (_gate) return _index.Capacity;
        }
    }

    /// <summary>The lowest height stored; height 0 (genesis, never stored) if there is none.</summary>
    public Height FirstBlock
    {
        get
        {
            lock (_gate) return _index.Blocks.IsEmpty ? Height.Zero : new(_index.Blocks.First);
        }
    }

    /// <summary>The highest height stored; height 0 if there is none.</summary>
    public Height LastBlock
    {
        get
        {
            lock (_gate) return _index.Blocks.Next == 0 ? Height.Zero : new(_index.Blocks.Next - 1);
        }
    }

    /// <summary>Opens or creates the log.</summary>
    /// <param name="options">Where it lies.</param>
    /// <param name="onDurable">Everything up to this position is durable; called on the log's thread, once per
    /// sync.</param>
    /// <param name="onFailed">The log has failed and will never report durability again; called once.</param>
    /// <exception cref="StorageException">In use, damaged, foreign or of a newer format.</exception>
    public static BatchLog Open(BatchLogOptions options, Action<long> onDurable, Action<StorageException> onFailed) =>
        new(options, onDurable, onFailed);

    /// <summary>
    /// Has everything appended so far written and synced. What is appended becomes durable then, or a little later by
    /// itself.
    /// </summary>
    public void Flush() => _log.Flush();

    /// <summary>
    /// Appends a batch. One that is stored already with the same marks is not written again: the result is the earlier
    /// record's location with the last position appended, which covers it and may be durable already.
    /// </summary>
    public AppendResult AppendBatch(in BatchKey key, ReadOnlySpan<byte> bytes)
    {
        if (FindBatch(key.Lane, key.Seq, key.Digest) is { } known && known.Marks == key.Marks)
            return new(StorageRejection.None, _log.LastPosition, known.Location);
        Span<byte> head = stackalloc byte[BatchKey.Size];
        key.Write(head);
        AppendResult result = _log.Append(BatchKind, head, bytes);
        if (!result.IsAccepted) return result;
        lock (_gate)
        {
            _index.AddBatch(key, result.Location);
            _writtenSegment = uint.Max(_writtenSegment, result.Location.Segment);
        }
        return result;
    }

    /// <summary>Appends a committed block with its proof. A height stored already is not written again.</summary>
    public AppendResult AppendBlock(Height height, ReadOnlySpan<byte> bytes)
    {
        Invariant.Check(height > Height.Zero, "genesis is not stored");
        lock (_gate)
        {
            IReadOnlyList<IndexedRecord> known = _index.Blocks.Find(height.Value);
            if (known.Count > 0) return new(StorageRejection.None, _log.LastPosition, known[0].Location);
        }
        return AppendAt(BlockKind, height, bytes);
    }

    /// <summary>
    /// Makes a height the beginning of the archive: what is below is answered as pruned from here on and after a restart.
    /// Batches stay as they are, those of the own lane and those acked above all. Done twice it changes nothing more.
    /// </summary>
    public AppendResult StartAt(Height height, ReadOnlySpan<byte> bytes)
    {
        AppendResult block = AppendBlock(height, bytes);
        if (!block.IsAccepted) return block;
        byte[] marks;
        lock (_gate)
        {
            _index.Blocks.RemoveBelow(height.Value);
            marks = _index.EncodeMarks();
        }
        return _log.Append(PruneMarkKind, [], marks, useReserve: true);
    }

    /// <summary>
    /// Appends what else the ledger is rebuilt from, such as a certificate or a receipt; read by replay only.
    /// </summary>
    public AppendResult AppendNote(byte kind, Height height, ReadOnlySpan<byte> bytes)
    {
        Invariant.Check(kind is >= NoteKindMin and <= NoteKindMax, "note kinds are the caller's range");
        return AppendAt(kind, height, bytes);
    }

    /// <summary>Reads the batch of this digest at this place.</summary>
    public ReadOutcome ReadBatch(LaneId lane, BatchSeq seq, Hash32 digest, out BatchLease batch) =>
        FindAndRead(lane, seq, digest, out batch);

    /// <summary>
    /// Reads the batch at this place: the acked one where an author made several, else the first stored.
    /// </summary>
    public ReadOutcome ReadBatch(LaneId lane, BatchSeq seq, out BatchLease batch) =>
        FindAndRead(lane, seq, null, out batch);

    /// <summary>Whether the batch of this digest is stored at this place.</summary>
    public bool HasBatch(LaneId lane, BatchSeq seq, Hash32 digest) => FindBatch(lane, seq, digest) is not null;

    public ReadOutcome ReadBlock(Height height, out RecordLease block)
    {
        block = default;
        IReadOnlyList<IndexedRecord> found;
        lock (_gate)
        {
            if (height.Value < _index.Blocks.PrunedBelow) return ReadOutcome.Pruned;
            found = _index.Blocks.Find(height.Value);
        }
        if (found.Count == 0) return ReadOutcome.NotFound;
        // Recycled between the look-up and the read: it was pruned.
        return _log.TryRead(found[0].Location, out block) ? ReadOutcome.Found : ReadOutcome.Pruned;
    }

    /// <summary>What is stored of each lane.</summary>
    public IReadOnlyList<LaneExtent> Lanes()
    {
        lock (_gate)
            return [.. _index.Lanes.Select(x => new LaneExtent(x.Lane, new(x.Places.First), new(x.Places.Next)))];
    }

    /// <summary>
    /// Keys of all batches of a lane from a sequence on, several per place where an author made several.
    /// </summary>
    public IEnumerable<BatchKey> BatchKeys(LaneId lane, BatchSeq from)
    {
        ulong next;
        lock (_gate) next = _index.Lane(lane)?.Next ?? 0;
        for (ulong seq = from.Value; seq < next; seq++)
        {
            IReadOnlyList<IndexedRecord> found;
            lock (_gate) found = _index.Lane(lane)?.Find(seq) ?? [];
            foreach (IndexedRecord record in found)
            {
                if (!_log.TryRead(record.Location, out RecordLease lease)) continue;
                using (lease) yield return BatchKey.Read(lease.Head.Span);
            }
        }
    }

    /// <summary>
    /// Everything that was there when the log was opened, in the order it was appended. Not while segments are
    /// recycled.
    /// </summary>
    public IEnumerable<BatchLogRecord> Replay()
    {
        foreach (LogRecord record in _log.Replay(1))
        {
            switch (record.Kind)
            {
                case BatchKind:
                    BatchKey key = BatchKey.Read(record.Head.Span);
                    yield return new(BatchLogRecordKind.Batch, key, default, 0, record.Body);
                    break;
                case BlockKind:
                    Height height = BatchIndex.ReadHeight(record.Head.Span);
                    yield return new(BatchLogRecordKind.Block, default, height, 0, record.Body);
                    break;
                case <= NoteKindMax:
                    Height at = BatchIndex.ReadHeight(record.Head.Span);
                    yield return new(BatchLogRecordKind.Note, default, at, record.Kind, record.Body);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>
    /// Recycles the oldest segments as far as they hold nothing to keep. What they held is answered as pruned from here
    /// on and after a restart.
    /// </summary>
    /// <returns>False if there was nothing to recycle, or no room to note it durably.</returns>
    public bool Prune(BatchRetention keep) => Retire(keep);

    public void Dispose() => _log.Dispose();

    /// <summary>Ends the log as a crash would; for tests and drills.</summary>
    internal void Abandon() => _log.Abandon();

    private bool Retire(BatchRetention keep)
    {
        byte[] marks;
        uint first;
        lock (_gate)
        {
            first = _index.FirstNeeded(keep, _writtenSegment);
            if (first <= _log.OldestSegment) return false;
            _index.RemoveSegmentsBelow(first);
            marks = _index.EncodeMarks();
        }
        AppendResult mark = _log.Append(PruneMarkKind, [], marks, useReserve: true);
        _log.Flush();
        // Without its mark a restart would take what the segments held for never stored: they stay.
        if (!mark.IsAccepted) return false;
        _log.RetireBelow(first, mark.Position);
        return true;
    }

    private void Visit(byte kind, long position, RecordLocation location, ReadOnlySpan<byte> head)
    {
        _writtenSegment = location.Segment;
        Index(_index, kind, location, head);
        if (kind == PruneMarkKind) _pruneMark = location;
    }

    /// <summary>Takes a record's head into the index of a log that is being opened.</summary>
    /// <exception cref="DecodeException">The head is none of a batch log's.</exception>
    internal static void Index(BatchIndex index, byte kind, RecordLocation location, ReadOnlySpan<byte> head)
    {
        switch (kind)
        {
            case BatchKind:
                index.AddBatch(BatchKey.Read(head), location);
                break;
            case BlockKind:
                index.AddBlock(BatchIndex.ReadHeight(head), location);
                break;
            case >= NoteKindMin and <= NoteKindMax:
                index.AddHeight(BatchIndex.ReadHeight(head), location);
                break;
            default:
                if (kind is not (PruneMarkKind or SegmentFormat.ClosedKind))
                    DecodeException.Throw(DecodeRejection.UnknownValue, $"kind {kind} of a batch log record");
                break;
        }
    }

    private AppendResult AppendAt(byte kind, Height height, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[HeightHeadBytes];
        BinaryPrimitives.WriteUInt64BigEndian(head, height.Value);
        AppendResult result = _log.Append(kind, head, bytes);
        if (!result.IsAccepted) return result;
        lock (_gate)
        {
            if (kind == BlockKind) _index.AddBlock(height, result.Location);
            else _index.AddHeight(height, result.Location);
            _writtenSegment = uint.Max(_writtenSegment, result.Location.Segment);
        }
        return result;
    }

    private IndexedRecord? FindBatch(LaneId lane, BatchSeq seq, Hash32 digest)
    {
        IndexedRecord wanted = IndexedRecord.Of(default, default, digest);
        lock (_gate)
        {
            foreach (IndexedRecord record in _index.Lane(lane)?.Find(seq.Value) ?? [])
                if (record.HasDigestOf(wanted)) return record;
            return null;
        }
    }

    private ReadOutcome FindAndRead(LaneId lane, BatchSeq seq, Hash32? digest, out BatchLease batch)
    {
        batch = default;
        IReadOnlyList<IndexedRecord> found;
        lock (_gate)
        {
            PlaceIndex? places = _index.Lane(lane);
            if (lane.Epoch < _index.PrunedBelowEpoch) return ReadOutcome.Pruned;
            if (seq.Value < (places?.PrunedBelow ?? 0)) return ReadOutcome.Pruned;
            found = places?.Find(seq.Value) ?? [];
        }
        foreach (IndexedRecord record in found)
        {
            if (digest is { } wanted && !record.HasDigestOf(IndexedRecord.Of(default, default, wanted))) continue;
            // Recycled between the look-up and the read: it was pruned.
            if (!_log.TryRead(record.Location, out RecordLease lease)) return ReadOutcome.Pruned;
            batch = new BatchLease(lease, BatchKey.Read(lease.Head.Span));
            return ReadOutcome.Found;
        }
        return ReadOutcome.NotFound;
    }
}

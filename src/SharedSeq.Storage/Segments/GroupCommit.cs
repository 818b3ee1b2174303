using System.Diagnostics;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Turns many appends into few writes and syncs. Appends are encoded into a group in memory under a lock; one writer
/// thread takes the group upon a flush, or when it has waited for the options' LingerMs, writes it, syncs, and reports
/// "durable up to position P" once. What is appended meanwhile forms the next group, so groups grow with load and an
/// idle log syncs at once. A failed or short write or sync ends the log: it is reported once, never retried, and every
/// later append throws.
/// </summary>
internal sealed class GroupCommit
{
    private readonly SegmentLogOptions _options;
    private readonly LogInstanceId _instance;
    private readonly Action<long> _onDurable;
    private readonly Action<StorageException> _onFailed;
    private readonly object _gate = new();
    private readonly Thread _writer;
    private readonly List<(long AfterPosition, uint BelowSegment)> _retirements = [];
    private SegmentStore? _store;
    private CommitGroup _filling = new();
    private CommitGroup _writing = new();
    private SegmentFile _segment;
    private SegmentFile _writtenSegment;
    private long _offset;
    private long _nextPosition;
    private long _groupFirst;
    private long _durablePosition;
    private StorageException? _failure;
    private bool _isFlushWanted;
    private bool _isClosing;
    private bool _isAbandoned;
    private bool _closingRecordAppended;

    /// <param name="options">The log's options.</param>
    /// <param name="instance">The log's identity.</param>
    /// <param name="segment">The segment that is written.</param>
    /// <param name="offset">Where its records end.</param>
    /// <param name="nextPosition">Position of the next record; everything before is durable.</param>
    /// <param name="onDurable">Called on the writer thread after each sync; must be short and must not throw.</param>
    /// <param name="onFailed">Called once on the writer thread when the log has failed.</param>
    public GroupCommit(
        SegmentLogOptions options, LogInstanceId instance, SegmentFile segment, long offset, long nextPosition,
        Action<long> onDurable, Action<StorageException> onFailed)
    {
        _options = options;
        _instance = instance;
        _segment = segment;
        _writtenSegment = segment;
        _offset = offset;
        _nextPosition = nextPosition;
        _durablePosition = nextPosition - 1;
        _onDurable = onDurable;
        _onFailed = onFailed;
        _writer = new Thread(WriteGroups) { IsBackground = true, Name = $"{options.Kind} log" };
    }

    public SyncTimes SyncTimes { get; } = new();

    public long DurablePosition => Volatile.Read(ref _durablePosition);

    public long LastPosition
    {
        get
        {
            lock (_gate) return _nextPosition - 1;
        }
    }

    private SegmentStore Store => _store!;

    public void Start(SegmentStore store)
    {
        _store = store;
        _writer.Start();
    }

    /// <summary>Wakes appends that wait for a spare.</summary>
    public void OnSparesChanged()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    /// <summary>
    /// Appends one record; waits while the group is full or a segment is being prepared. It is written upon the next
    /// <see cref="Flush"/>.
    /// </summary>
    /// <exception cref="StorageException">The log has failed or is closed.</exception>
    public AppendResult Append(byte kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, bool useReserve)
    {
        int length = head.Length + body.Length;
        if (length > _options.RecordBytesMax) return AppendResult.Refused(StorageRejection.RecordTooLarge);
        int bytes = (int)SegmentFormat.TotalBytes(length);
        lock (_gate)
        {
            StorageRejection refusal = WaitForRoom(bytes, useReserve ? RoomFor.Mark : RoomFor.Record);
            if (refusal != StorageRejection.None) return AppendResult.Refused(refusal);
            return Encode(kind, head, body, bytes);
        }
    }

    /// <summary>Has everything appended so far written and synced, in one group if none is being written.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_filling.Length > 0) WantFlush();
        }
    }

    /// <summary>
    /// Appends records side by side into a new segment, nothing between them, and gives up all older segments once they
    /// are durable. Returns the result of the last. They must fit into one segment.
    /// </summary>
    public AppendResult AppendAndRetireOlder(IReadOnlyList<LogRecord> records)
    {
        Invariant.Check(records.Count > 0, "a snapshot has records");
        long total = records.Sum(record => SegmentFormat.TotalBytes(record.Head.Length + record.Body.Length));
        bool tooLarge = records.Any(record => record.Head.Length + record.Body.Length > _options.RecordBytesMax);
        lock (_gate)
        {
            if (tooLarge || total > _options.SegmentBytes - SegmentFormat.HeaderBytes - SegmentFormat.TotalBytes(0))
                return AppendResult.Refused(StorageRejection.RecordTooLarge);
            StorageRejection refusal = WaitForRoom((int)total, RoomFor.Snapshot);
            if (refusal != StorageRejection.None) return AppendResult.Refused(refusal);
            AppendResult last = default;
            foreach (LogRecord record in records)
            {
                int bytes = (int)SegmentFormat.TotalBytes(record.Head.Length + record.Body.Length);
                last = Encode(record.Kind, record.Head.Span, record.Body.Span, bytes);
            }
            _retirements.Add((last.Position, _segment.Number));
            WantFlush();
            return last;
        }
    }

    /// <summary>Gives up the segments below a number once everything up to a position is durable.</summary>
    public void RetireBelow(uint segment, long afterPosition)
    {
        lock (_gate)
        {
            if (_durablePosition < afterPosition)
            {
                _retirements.Add((afterPosition, segment));
                return;
            }
        }
        Store.RetireBelow(segment);
    }

    /// <summary>
    /// Copies a record that may not have reached its file yet; false if it is not in memory (any more).
    /// </summary>
    public bool TryCopyPending(RecordLocation location, Span<byte> target)
    {
        lock (_gate)
        {
            ReadOnlySpan<byte> bytes = _filling.Find(location);
            if (bytes.IsEmpty) bytes = _writing.Find(location);
            if (bytes.IsEmpty) return false;
            bytes[..target.Length].CopyTo(target);
            return true;
        }
    }

    /// <summary>Writes what was appended, then the closing record, and ends the writer.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_isClosing) return;
            _isClosing = true;
            Monitor.PulseAll(_gate);
        }
        _writer.Join();
    }

    /// <summary>Ends the writer as a crash would: what is only in memory is lost.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _isClosing = true;
            _isAbandoned = true;
            _failure ??= new StorageException(StorageRejection.Closed, "the log was abandoned");
            Monitor.PulseAll(_gate);
        }
        _writer.Join();
    }

    /// <summary>
    /// Where records of a purpose must end; in every segment the closing record has room behind them.
    /// </summary>
    private long EndOf(RoomFor purpose) => purpose switch
    {
        RoomFor.Snapshot => 0,
        RoomFor.Mark => _segment.Capacity - SegmentFormat.TotalBytes(0),
        _ => _segment.Capacity - SegmentFormat.TotalBytes(0) - _options.ReservedBytes,
    };

    /// <summary>
    /// Waits until there is room in the group and in the written segment, which may be a new one then.
    /// </summary>
    private StorageRejection WaitForRoom(int bytes, RoomFor purpose)
    {
        while (true)
        {
            if (_failure is { } failure)
                throw new StorageException(failure.Reason, failure.Message, failure.File, failure.Offset, failure);
            if (_isClosing) throw new StorageException(StorageRejection.Closed, "the log is closed");
            if (_filling.Length > 0 && _filling.Length + bytes > _options.GroupBytesMax)
            {
                WantFlush();
                Monitor.Wait(_gate);
                continue;
            }
            if (_offset + bytes <= EndOf(purpose)) return StorageRejection.None;
            uint number = checked(_segment.Number + 1);
            SegmentFile? next = Store.TryStartSegment(_instance, number, _nextPosition, out StorageRejection? refusal);
            if (next is not null)
            {
                RollOver(next);
                return StorageRejection.None;
            }
            if (refusal is not null) return refusal.Value;
            Monitor.Wait(_gate);
        }
    }

    private void WantFlush()
    {
        // Once: appends that wait for room would wake each other without end otherwise, and nobody else would get to run.
        if (_isFlushWanted) return;
        _isFlushWanted = true;
        Monitor.PulseAll(_gate);
    }

    private enum RoomFor : byte
    {
        Record,

        /// <summary>May use the reserve.</summary>
        Mark,

        /// <summary>Starts a new segment always.</summary>
        Snapshot,
    }

    private void RollOver(SegmentFile next)
    {
        _segment = next;
        _offset = SegmentFormat.HeaderBytes;
        // The writer syncs the segment before this one first, so the records from here on are a group of their own.
        _groupFirst = _nextPosition;
        _filling.StartRun(next, _offset, opensSegment: true);
    }

    private AppendResult Encode(byte kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, int bytes)
    {
        if (_filling.Runs.Count == 0)
        {
            _filling.StartRun(_segment, _offset, opensSegment: false);
            _groupFirst = _nextPosition;
        }
        long position = _nextPosition++;
        Span<byte> target = _filling.Reserve(bytes, position);
        SegmentFormat.WriteRecord(target, _segment.Salt, kind, head, body, position, (uint)(position - _groupFirst));
        RecordLocation location = new(_segment.Number, (uint)_offset, head.Length + body.Length);
        _offset += bytes;
        return new AppendResult(StorageRejection.None, position, location);
    }

    private void WriteGroups()
    {
        try
        {
            while (TakeGroup())
            {
                WriteGroup();
                ReportDurable();
            }
        }
        catch (Exception e)
        {
            const StorageRejection Reason = StorageRejection.WriteFailed;
            StorageException failure = e as StorageException ?? new(Reason, $"{Reason}: {e.Message}", inner: e);
            bool report;
            lock (_gate)
            {
                report = _failure is null;
                _failure ??= failure;
                Monitor.PulseAll(_gate);
            }
            if (report) _onFailed(failure);
        }
    }

    /// <summary>
    /// Waits for records and swaps the groups; false when the log is closed and everything is written.
    /// </summary>
    private bool TakeGroup()
    {
        lock (_gate)
        {
            while (!_isFlushWanted && !_isClosing)
            {
                bool isSignalled = Monitor.Wait(_gate, _options.LingerMs);
                _isFlushWanted |= !isSignalled && _filling.Length > 0;
            }

            _isFlushWanted = false;
            if (_isAbandoned) return false;
            if (_isClosing && _filling.Length == 0 && !AppendClosingRecord()) return false;
            _filling.Terminate(SegmentFormat.TerminatorFor(_offset, _segment.Capacity - _offset));
            (_filling, _writing) = (_writing, _filling);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Once, and as a group of its own: it shows that all before it was durable.</summary>
    private bool AppendClosingRecord()
    {
        if (_closingRecordAppended) return false;
        _closingRecordAppended = true;
        Encode(SegmentFormat.ClosedKind, [], [], (int)SegmentFormat.TotalBytes(0));
        return true;
    }

    private void WriteGroup()
    {
        SegmentFile? unsynced = null;
        foreach (CommitRun run in _writing.Runs)
        {
            if (run.OpensSegment)
            {
                // A segment is durable before anything exists in the next: only the last one can have a torn tail.
                if (unsynced is not null) Sync(unsynced);
                Store.Activate(run.Segment, _instance);
                Store.Finish(_writtenSegment);
                _writtenSegment = run.Segment;
            }
            run.Segment.File.Write(_writing.BytesOf(run), run.FileOffset);
            unsynced = run.Segment;
        }
        Invariant.Check(unsynced is not null, "a group that is written has records");
        Sync(unsynced);
    }

    private void Sync(SegmentFile segment)
    {
        long start = Stopwatch.GetTimestamp();
        segment.File.Sync();
        SyncTimes.Add(Stopwatch.GetElapsedTime(start));
    }

    private void ReportDurable()
    {
        long durable = _writing.LastPosition;
        uint retireBelow = 0;
        lock (_gate)
        {
            _writing.Clear();
            Volatile.Write(ref _durablePosition, durable);
            for (int i = _retirements.Count - 1; i >= 0; i--)
            {
                if (_retirements[i].AfterPosition > durable) continue;
                retireBelow = uint.Max(retireBelow, _retirements[i].BelowSegment);
                _retirements.RemoveAt(i);
            }
        }
        _onDurable(durable);
        if (retireBelow > 0) Store.RetireBelow(retireBelow);
    }
}

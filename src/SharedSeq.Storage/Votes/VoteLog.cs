using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// What a replica must not forget: own votes, own proposals, headers and certificates (consensus.md 5), as opaque
/// records in order. Compacted by <see cref="Rotate"/>. Refuses to open when a guard outside of its disk shows that it
/// was rolled back. Append and Rotate are for one caller at a time; callbacks come from the log's own thread.
/// </summary>
public sealed class VoteLog : IDisposable
{
    /// <summary>Highest kind a caller may use; those above are the log's own.</summary>
    public const byte KindMax = 199;

    internal const byte SnapshotKind = 250;
    internal const byte IncarnationKind = 251;
    internal const int SnapshotHeadBytes = 28;
    private const int HeadBytes = 16;
    private readonly Action<long> _onDurable;
    private readonly Action<StorageException> _onFailed;
    private readonly object _gate = new();
    private readonly Queue<(long Position, VotePosition Voted)> _raised = new();
    private readonly VoteLogHistory _history;
    private readonly SegmentLog _log;
    private VoteGuardWriter? _guard;
    private VoteGuard _found;
    private LogInstanceId? _batches;
    private VotePosition _highestVoted;
    private StorageException? _failure;
    private bool _isStarted;
    private long _bytesSinceSnapshot;

    private VoteLog(VoteLogOptions options, Action<long> onDurable, Action<StorageException> onFailed)
    {
        _onDurable = onDurable;
        _onFailed = onFailed;
        _history = new VoteLogHistory();
        _log = SegmentLog.Open(options.ToSegments(), _history.Visit, OnDurable, OnFailed);
        _history.Finish(_log.Opening.LastPosition);
        _highestVoted = _history.HighestVoted;
    }

    /// <summary>What opening found; a torn tail that was cut is reported here.</summary>
    public LogOpening Opening => _log.Opening;

    public long DurablePosition => _log.DurablePosition;

    public SyncTimes SyncTimes => _log.SyncTimes;

    public int SegmentCount => _log.SegmentCount;

    /// <summary>How often this log was opened, this time included.</summary>
    public ulong Incarnation => _history.Incarnation + 1;

    /// <summary>Payload appended since the last snapshot, bytes: what a caller's rule for rotating looks at.</summary>
    public long BytesSinceSnapshot => Volatile.Read(ref _bytesSinceSnapshot);

    public VotePosition HighestVoted
    {
        get
        {
            lock (_gate) return _highestVoted;
        }
    }

    /// <summary>
    /// How far the guard file vouches; behind <see cref="HighestVoted"/> by at most the guard's interval.
    /// </summary>
    public VotePosition GuardedVote => _guard?.Written ?? VotePosition.None;

    /// <summary>Opens or creates the log.</summary>
    /// <param name="options">Where it lies and what guards it.</param>
    /// <param name="onDurable">Everything up to this position is durable; called on the log's thread, once per
    /// sync.</param>
    /// <param name="onFailed">The log or its guard has failed; no durability is reported any more and nothing can be
    /// appended. Called once, on the log's or the guard's thread.</param>
    /// <exception cref="StorageException">
    /// In use, damaged, of a newer format, or the guard is ahead, missing, unreadable or of another log: do not vote.
    /// </exception>
    public static VoteLog Open(
        VoteLogOptions options,
        Action<long> onDurable,
        Action<StorageException> onFailed)
    {
        VoteLog log = new(options, onDurable, onFailed);
        VoteGuardFile? guard = null;
        try
        {
            guard = options.GuardPath is null ? null : VoteGuardFile.Open(options.GuardPath, options.Files);
            if (guard is not null) log.RefuseIfRolledBack(guard.Found, options);
            log.AppendStart();
            if (guard is not null) log.StartGuard(guard, options);
            return log;
        }
        catch
        {
            if (log._guard is null) guard?.Dispose();
            // Left as it was found: a closing record would bring a rolled back log nearer to what the guard knows.
            log.Abandon();
            throw;
        }
    }

    /// <summary>
    /// The records from the newest complete snapshot on, in order, as they were when the log was opened. To be read
    /// before anything is appended.
    /// </summary>
    public IEnumerable<VoteLogRecord> Replay()
    {
        foreach (LogRecord record in _log.Replay(_history.ReplayFrom))
        {
            if (record.Kind > KindMax || _history.IsTorn(record.Position)) continue;
            yield return new(record.Kind, VotedOf(record.Head.Span), record.Body);
        }
    }

    /// <summary>
    /// Appends a record, which becomes durable upon a <see cref="Flush"/>, or a little later by itself.
    /// <paramref name="voted"/> is the slot if this is a vote, else <see cref="VotePosition.None"/>.
    /// </summary>
    /// <exception cref="StorageException">The log has failed or is closed.</exception>
    public AppendResult Append(byte kind, VotePosition voted, ReadOnlySpan<byte> bytes)
    {
        Invariant.Check(kind is > 0 and <= KindMax, "kinds above KindMax are the log's own");
        ThrowIfFailed();
        Span<byte> head = stackalloc byte[HeadBytes];
        WriteVoted(head, voted);
        AppendResult result = _log.Append(kind, head, bytes);
        if (!result.IsAccepted) return result;
        Volatile.Write(ref _bytesSinceSnapshot, _bytesSinceSnapshot + bytes.Length);
        Raise(voted, result.Position);
        return result;
    }

    /// <summary>Has everything appended so far written and synced.</summary>
    public void Flush() => _log.Flush();

    /// <summary>
    /// Replaces the log's content by a snapshot, which must hold all that still matters of what was appended before.
    /// The snapshot opens a new segment; older segments are recycled once it is durable. A crash in between leaves
    /// either the old content or the new.
    /// </summary>
    /// <returns>The position at which the snapshot is durable; RecordTooLarge if it does not fit one segment.</returns>
    public AppendResult Rotate(IReadOnlyList<VoteLogRecord> snapshot)
    {
        ThrowIfFailed();
        byte[] begin = new byte[SnapshotHeadBytes];
        WriteVoted(begin, HighestVoted);
        BinaryPrimitives.WriteInt32BigEndian(begin.AsSpan(16), snapshot.Count);
        BinaryPrimitives.WriteUInt64BigEndian(begin.AsSpan(20), Incarnation);
        List<LogRecord> records = new(snapshot.Count + 1) { new(SnapshotKind, 0, default, begin, default) };
        foreach (VoteLogRecord record in snapshot)
        {
            Invariant.Check(record.Kind is > 0 and <= KindMax, "kinds above KindMax are the log's own");
            byte[] head = new byte[HeadBytes];
            WriteVoted(head, record.Voted);
            records.Add(new(record.Kind, 0, default, head, record.Bytes));
        }
        AppendResult result = _log.AppendAndRetireOlder(records);
        if (result.IsAccepted) Volatile.Write(ref _bytesSinceSnapshot, 0);
        return result;
    }

    /// <summary>
    /// Has the guard compare, and from here on know, how far the batch log is durable: what it lost, own batches and acks,
    /// would be signed a second time, differently. Once, before anything is appended.
    /// </summary>
    /// <exception cref="StorageException">
    /// <see cref="StorageRejection.GuardAhead"/>: do not sign. The batch log is ended as it was found.
    /// </exception>
    public void GuardBatches(BatchLog batches)
    {
        if (_guard is null) return;
        LogOpening opening = batches.Opening;
        bool isAnother = _found.BatchPosition > 0 && _found.Batches != opening.Instance;
        if (isAnother || _found.BatchPosition > opening.LastPosition)
        {
            // A closing record would bring it nearer to what the guard knows.
            batches.Abandon();
            Refuse(
                StorageRejection.GuardAhead,
                $"the guard knows batch log {_found.Batches} up to {_found.BatchPosition}, this is {opening.Instance} and "
                + $"ends at {opening.LastPosition}");
        }
        _batches = opening.Instance;
        _guard.RaiseBatches(opening.Instance, opening.LastPosition);
    }

    /// <summary>The batch log became durable up to this position.</summary>
    public void NoteBatches(long durablePosition)
    {
        if (_batches is { } batches) _guard?.RaiseBatches(batches, durablePosition);
    }

    public void Dispose()
    {
        // The log first: its last sync may raise the guard once more.
        _log.Dispose();
        _guard?.Dispose();
    }

    /// <summary>Ends the log as a crash would; for tests and drills.</summary>
    internal void Abandon()
    {
        _log.Abandon();
        _guard?.Abandon();
    }

    internal static VotePosition ReadVoted(ref CanonicalReader reader) => new(new(reader.U64()), new(reader.U64()));

    private static VotePosition VotedOf(ReadOnlySpan<byte> head)
    {
        CanonicalReader reader = new(head);
        return ReadVoted(ref reader);
    }

    private static void WriteVoted(Span<byte> head, VotePosition voted)
    {
        BinaryPrimitives.WriteUInt64BigEndian(head, voted.Epoch.Value);
        BinaryPrimitives.WriteUInt64BigEndian(head[8..], voted.Slot.Value);
    }

    private void RefuseIfRolledBack(VoteGuard? found, VoteLogOptions options)
    {
        if (found is not { } guard)
        {
            // Before the first start ended there was nothing to guard.
            if (_highestVoted == VotePosition.None && _history.Incarnation <= 1) return;
            if (options.AcceptMissingGuard) return;
            Refuse(StorageRejection.GuardMissing, $"there is no vote guard {options.GuardPath}, but the log has votes");
            return;
        }
        string known = $"the guard knows votes up to {guard.Voted} and records up to {guard.Position}";
        if (guard.Instance != Opening.Instance)
        {
            // Without a vote, too: proposals, acks and batches may have been signed by then.
            if (Opening.IsNew || _highestVoted == VotePosition.None)
                Refuse(StorageRejection.GuardAhead, $"{known}, the log is empty");
            Refuse(StorageRejection.GuardForeign, $"the guard is of log {guard.Instance}, this is {Opening.Instance}");
        }
        if (guard.Voted > _highestVoted) Refuse(StorageRejection.GuardAhead, $"{known}, the log up to {_highestVoted}");
        if (guard.Incarnation > _history.Incarnation)
            Refuse(
                StorageRejection.GuardAhead,
                $"the guard knows start {guard.Incarnation}, the log only {_history.Incarnation}");
        if (guard.Position > Opening.LastPosition)
            Refuse(
                StorageRejection.GuardAhead,
                $"the guard knows records up to {guard.Position}, the log only up to {Opening.LastPosition}");
    }

    private void Refuse(StorageRejection reason, string what) => throw new StorageException(
        reason,
        $"{reason}: {what}. The disk was lost, restored or cloned: voting with this key could contradict earlier "
        + "votes. Re-enter with a new key at an epoch boundary: sharedseq operator rotate");

    /// <summary>
    /// Records this start, durably and in the log before in the guard, so that the guard is never ahead.
    /// </summary>
    private void AppendStart()
    {
        byte[] head = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(head, Incarnation);
        AppendResult start = _log.Append(IncarnationKind, head, []);
        _log.Flush();
        if (!start.IsAccepted)
            throw new StorageException(start.Rejection, $"{start.Rejection}: the vote log has no room to start");
        lock (_gate)
        {
            while (_log.DurablePosition < start.Position && _failure is null) Monitor.Wait(_gate);
            ThrowIfFailed();
            _isStarted = true;
        }
    }

    private void StartGuard(VoteGuardFile guard, VoteLogOptions options)
    {
        VoteGuard before = guard.Found ?? default;
        VoteGuard now = new(
            Opening.Instance, Incarnation, _history.HighestVoted, DurablePosition, before.Batches, before.BatchPosition);
        _found = before;
        guard.Write(now);
        _guard = new VoteGuardWriter(guard, now, options.GuardIntervalMs, OnGuardFailed);
    }

    private void Raise(VotePosition voted, long position)
    {
        lock (_gate)
        {
            if (voted <= _highestVoted) return;
            _highestVoted = voted;
            _raised.Enqueue((position, voted));
        }
        // It may have become durable before it was noted here.
        RaiseGuard(DurablePosition);
    }

    private void RaiseGuard(long durablePosition)
    {
        VotePosition durable = VotePosition.None;
        lock (_gate)
        {
            while (_raised.TryPeek(out (long Position, VotePosition Voted) next) && next.Position <= durablePosition)
                durable = _raised.Dequeue().Voted;
        }
        _guard?.Raise(durable, durablePosition);
    }

    private void OnDurable(long position)
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
            if (!_isStarted || _failure is not null) return;
        }
        _onDurable(position);
        RaiseGuard(position);
    }

    /// <summary>
    /// A vote that the guard does not know could be cast a second time, differently, after the disk was rolled back: no
    /// further vote may become durable, and a write that failed is not tried again, as with the log itself.
    /// </summary>
    private void OnGuardFailed(StorageException failure) => OnFailed(new StorageException(
        StorageRejection.GuardNotWritten,
        $"{StorageRejection.GuardNotWritten}: {failure.Message}. Without it a rolled back vote log can not be told from "
        + "a current one; voting stops. Start again when the guard's disk can be written",
        failure.File, failure.Offset, failure));

    private void ThrowIfFailed()
    {
        lock (_gate)
        {
            if (_failure is { } failure)
                throw new StorageException(failure.Reason, failure.Message, failure.File, failure.Offset, failure);
        }
    }

    private void OnFailed(StorageException failure)
    {
        lock (_gate)
        {
            if (_failure is not null) return;
            _failure = failure;
            Monitor.PulseAll(_gate);
            if (!_isStarted) return;
        }
        _onFailed(failure);
    }
}

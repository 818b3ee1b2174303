using System.Buffers;

namespace SharedSeq.Storage;

/// <summary>
/// An append-only log of opaque records in recycled segments, with group commit. Opening cuts a torn tail back to the
/// last complete record and refuses everything else that is damaged. Safe for use from several threads.
/// </summary>
internal sealed class SegmentLog : IDisposable
{
    private readonly SegmentLogOptions _options;
    private readonly FolderLock _lock;
    private readonly SegmentStore _store;
    private readonly GroupCommit _commit;
    private bool _isClosed;

    private SegmentLog(
        SegmentLogOptions options, FolderLock held, SegmentStore store, GroupCommit commit, LogOpening opening)
    {
        _options = options;
        _lock = held;
        _store = store;
        _commit = commit;
        Opening = opening;
    }

    public LogOpening Opening { get; }

    public long DurablePosition => _commit.DurablePosition;

    public long LastPosition => _commit.LastPosition;

    public SyncTimes SyncTimes => _commit.SyncTimes;

    public int SegmentCount => _store.LiveCount;

    public uint OldestSegment => _store.OldestNumber;

    /// <summary>
    /// Opens or creates the log; <paramref name="visit"/> sees the head of every record that is there.
    /// </summary>
    /// <exception cref="StorageException">The folder is in use, or its files are damaged, foreign or of a newer
    /// format.</exception>
    public static SegmentLog Open(
        SegmentLogOptions options, RecordVisitor visit, Action<long> onDurable, Action<StorageException> onFailed)
    {
        options.Validate();
        FolderLock held = FolderLock.Take(options.Folder, options.Files);
        try
        {
            using SegmentRecovery found = SegmentRecovery.Find(options, FileOpening.Existing);
            found.Walk(options.CheckBodiesOnOpen, visit);
            return found.Segments.Count == 0
                ? Create(options, held, found, onDurable, onFailed)
                : Continue(options, held, found, onDurable, onFailed);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Appends a record, which waits in memory for a flush.</summary>
    public AppendResult Append(
        byte kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, bool useReserve = false) =>
        _commit.Append(kind, head, body, useReserve);

    /// <summary>Has everything appended so far written and synced.</summary>
    public void Flush() => _commit.Flush();

    public AppendResult AppendAndRetireOlder(IReadOnlyList<LogRecord> records) => _commit.AppendAndRetireOlder(records);

    /// <summary>Gives up the segments below a number once everything up to a position is durable.</summary>
    public void RetireBelow(uint segment, long afterPosition) => _commit.RetireBelow(segment, afterPosition);

    /// <summary>
    /// Reads a record, from memory if it has not reached its file; false if its segment was recycled.
    /// </summary>
    /// <exception cref="StorageException"><see cref="StorageRejection.Corrupted"/> if the bytes are not what was
    /// written.</exception>
    public bool TryRead(RecordLocation location, out RecordLease lease)
    {
        lease = default;
        SegmentFile? segment = _store.Acquire(location.Segment);
        if (segment is null) return false;
        int count = SegmentFormat.RecordHeaderBytes + location.Length;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(count);
        bool isKept = false;
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, count);
            int read = count;
            if (!_commit.TryCopyPending(location, bytes)) read = segment.Read(bytes, location.Offset);
            RecordHeader header = SegmentFormat.ReadRecordHeader(bytes);
            bool isIntact = read == count
                && header.Length == location.Length
                && header.HeadLength <= header.Length
                && SegmentFormat.HeadIsIntact(bytes, header, segment.Salt)
                && SegmentFormat.BodyIsIntact(bytes, header);
            if (!isIntact) Unreadable(segment, location.Offset);
            lease = new RecordLease(buffer, header.Kind, header.Position, header.HeadLength, header.Length);
            isKept = true;
            return true;
        }
        finally
        {
            if (!isKept) ArrayPool<byte>.Shared.Return(buffer);
            _store.Release(segment);
        }
    }

    /// <summary>
    /// All records that were there when the log was opened, with bodies, from a position on. Not while segments are
    /// recycled.
    /// </summary>
    public IEnumerable<LogRecord> Replay(long fromPosition)
    {
        IReadOnlyList<SegmentFile> segments = _store.Live();
        for (int i = 0; i < segments.Count; i++)
        {
            if (i + 1 < segments.Count && segments[i + 1].FirstPosition <= fromPosition) continue;
            SegmentReader reader = new(segments[i], _options.RecordBytesMax, checkBodies: true);
            while (reader.NextPosition <= Opening.LastPosition && reader.TryNext())
            {
                if (reader.Current.Position < fromPosition || reader.Current.Kind == SegmentFormat.ClosedKind) continue;
                byte[] payload = reader.CurrentPayload().ToArray();
                RecordLocation location = new(segments[i].Number, (uint)reader.CurrentOffset, reader.Current.Length);
                int head = reader.Current.HeadLength;
                RecordHeader header = reader.Current;
                yield return new(
                    header.Kind, header.Position, location, payload.AsMemory(0, head), payload.AsMemory(head));
            }
            long last = i + 1 < segments.Count ? segments[i + 1].FirstPosition - 1 : long.MaxValue;
            if (reader.NextPosition <= long.Min(last, Opening.LastPosition)) Unreadable(segments[i], reader.Offset);
        }
    }

    public void Dispose() => Close(_commit.Close);

    /// <summary>Ends the log as a crash would; for tests and drills.</summary>
    public void Abandon() => Close(_commit.Abandon);

    private void Close(Action closeCommit)
    {
        if (_isClosed) return;
        _isClosed = true;
        closeCommit();
        _store.Dispose();
        _lock.Dispose();
    }

    private void Unreadable(SegmentFile segment, long offset) => StorageException.ThrowDamaged(
        StorageRejection.Corrupted, "a durable record can not be read", segment.Path, offset, _options.DataFolder);

    private static SegmentLog Create(
        SegmentLogOptions options, FolderLock held, SegmentRecovery found,
        Action<long> onDurable, Action<StorageException> onFailed)
    {
        DeleteLeftovers(options, found);
        LogInstanceId instance = LogInstanceId.Create();
        SegmentStore store = new(options);
        SegmentFile first = store.PrepareNow();
        first.BecomeNumber(instance, 1, 1);
        store.Activate(first, instance);
        LogOpening opening = new(instance, true, 0, 0, null, 0, false);
        GroupCommit commit = new(options, instance, first, SegmentFormat.HeaderBytes, 1, onDurable, onFailed);
        return Start(new SegmentLog(options, held, store, commit, opening), [first], []);
    }

    private static SegmentLog Continue(
        SegmentLogOptions options, FolderLock held, SegmentRecovery found,
        Action<long> onDurable, Action<StorageException> onFailed)
    {
        List<SegmentFile> spares = DeleteLeftovers(options, found);
        SegmentFile last = found.Segments[^1];
        bool torn = found.StaleEnd > 0;
        if (torn) ZeroTail(last, found.EndOffset, found.StaleEnd);
        // What a killed process wrote may still be in memory only; from here on it counts as durable.
        last.File.Sync();
        options.Files.SyncFolder(options.Folder);
        LogOpening opening = new(
            found.Instance, false, found.NextPosition - 1, torn ? found.StaleEnd - found.EndOffset : 0,
            torn ? last.Path : null, torn ? found.EndOffset : 0, found.ClosedInOrder);
        found.HandOver();
        GroupCommit commit =
            new(options, found.Instance, last, found.EndOffset, found.NextPosition, onDurable, onFailed);
        return Start(new SegmentLog(options, held, new SegmentStore(options), commit, opening), found.Segments, spares);
    }

    private static SegmentLog Start(
        SegmentLog log, IReadOnlyList<SegmentFile> segments, IReadOnlyList<SegmentFile> spares)
    {
        log._store.Start(segments, spares, log._commit.OnSparesChanged);
        log._commit.Start(log._store);
        return log;
    }

    /// <summary>
    /// Removes what a torn group left behind the end: its intact records were never acknowledged, and must not come
    /// back when a later, shorter record happens to end where one of them starts.
    /// </summary>
    internal static void ZeroTail(SegmentFile last, long from, long to)
    {
        byte[] zeros = new byte[64 * 1024];
        for (long offset = from; offset < to; offset += zeros.Length)
            last.File.Write(zeros.AsSpan(0, (int)long.Min(zeros.Length, to - offset)), offset);
    }

    /// <summary>Deletes unfinished files and spares of another size; returns the spares that can be used.</summary>
    private static List<SegmentFile> DeleteLeftovers(SegmentLogOptions options, SegmentRecovery found)
    {
        List<SegmentFile> spares = [];
        if (found.Unstarted is not null) options.Files.Delete(found.Unstarted);
        foreach (string name in options.Files.Names(options.Folder))
        {
            string path = Path.Combine(options.Folder, name);
            if (SegmentStore.IsUnfinished(name)) options.Files.Delete(path);
            if (!SegmentStore.IsSpare(name)) continue;
            SegmentFile spare = new(options.Files.Open(path, FileOpening.Existing), path);
            if (spare.Capacity == options.SegmentBytes && spares.Count <= options.SparesWanted)
            {
                spares.Add(spare);
                continue;
            }
            spare.Dispose();
            options.Files.Delete(path);
        }
        return spares;
    }
}

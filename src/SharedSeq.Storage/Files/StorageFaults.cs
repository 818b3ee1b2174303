namespace SharedSeq.Storage;

/// <summary>
/// The faults a <see cref="FaultyFileLayer"/> injects, settable while it runs: drills on a node, and tests.
/// </summary>
public sealed class StorageFaults
{
    private readonly Lock _lock = new();
    private long _freeBytes = long.MaxValue;
    private int _shortWrites;
    private int _failedSyncs;
    private int _failedWrites;
    private bool _readOnly;
    private int _syncDelayMs;

    /// <summary>Bytes by which files may still grow; writes inside a file cost nothing, as on a real disk.</summary>
    public long FreeBytes
    {
        get
        {
            lock (_lock) return _freeBytes;
        }
        set
        {
            lock (_lock) _freeBytes = value;
        }
    }

    /// <summary>Refuses everything that writes.</summary>
    public bool ReadOnly
    {
        get => Volatile.Read(ref _readOnly);
        set => Volatile.Write(ref _readOnly, value);
    }

    /// <summary>Added to every sync, ms: a slow disk.</summary>
    public int SyncDelayMs
    {
        get => Volatile.Read(ref _syncDelayMs);
        set => Volatile.Write(ref _syncDelayMs, value);
    }

    /// <summary>
    /// Called with the path before every sync: lets a test hold a sync without waiting for time to pass.
    /// </summary>
    public Action<string>? BeforeSync { get; set; }

    /// <summary>Only files whose path contains this are touched by the faults; empty: all.</summary>
    public string PathContains { get; set; } = "";

    /// <summary>The next <paramref name="count"/> writes stop half way.</summary>
    public void ShortenWrites(int count) => Interlocked.Exchange(ref _shortWrites, count);

    /// <summary>The next <paramref name="count"/> writes fail whole.</summary>
    public void FailWrites(int count) => Interlocked.Exchange(ref _failedWrites, count);

    /// <summary>The next <paramref name="count"/> syncs fail with an input/output error.</summary>
    public void FailSyncs(int count) => Interlocked.Exchange(ref _failedSyncs, count);

    internal bool Concern(string path) => path.Contains(PathContains, StringComparison.Ordinal);

    internal bool TakeShortWrite() => TakeOne(ref _shortWrites);

    internal bool TakeFailedWrite() => TakeOne(ref _failedWrites);

    internal bool TakeFailedSync() => TakeOne(ref _failedSyncs);

    /// <summary>Claims room for growth; false if the disk is full.</summary>
    internal bool TryGrow(long bytes)
    {
        lock (_lock)
        {
            if (bytes > _freeBytes) return false;
            _freeBytes -= bytes;
            return true;
        }
    }

    private static bool TakeOne(ref int counter)
    {
        int seen = Volatile.Read(ref counter);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref counter, seen - 1, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }
}

using System.Globalization;

namespace SharedSeq.Storage;

/// <summary>
/// The segment files of one log: live ones by number, spares, and a housekeeping thread that prepares spares
/// (zero-filled once and synced) and recycles retired segments by renaming them. Knows nothing of records.
/// </summary>
internal sealed class SegmentStore : IDisposable
{
    private const int RetryMs = 1000;
    private const string SparePrefix = "spare-";
    private const string PreparingPrefix = "preparing-";
    private static readonly byte[] Zeros = new byte[1024 * 1024];
    private readonly SegmentLogOptions _options;
    private readonly Lock _namesLock = new();
    private readonly object _gate = new();
    private readonly SortedDictionary<uint, SegmentFile> _live = [];
    private readonly Queue<SegmentFile> _spares = [];
    private readonly Queue<SegmentFile> _finished = [];
    private readonly List<SegmentFile> _retired = [];
    private readonly Thread _housekeeper;
    private StorageException? _preparingFailure;
    private Action? _onSparesChanged;
    private int _spareNames;
    private bool _isClosing;

    public SegmentStore(SegmentLogOptions options)
    {
        _options = options;
        _housekeeper = new Thread(KeepHouse) { IsBackground = true, Name = $"{options.Kind} segments" };
    }

    /// <summary>Number of live segments, for metrics and retention.</summary>
    public int LiveCount
    {
        get
        {
            lock (_gate) return _live.Count;
        }
    }

    public uint OldestNumber
    {
        get
        {
            lock (_gate) return _live.Keys.First();
        }
    }

    public static string NameOf(uint number) => number.ToString("D10", CultureInfo.InvariantCulture) + ".seg";

    public static bool TryParseName(string name, out uint number)
    {
        number = 0;
        return name.Length == 14
            && name.EndsWith(".seg", StringComparison.Ordinal)
            && uint.TryParse(name.AsSpan(0, 10), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    public static bool IsSpare(string name) => name.StartsWith(SparePrefix, StringComparison.Ordinal);

    public static bool IsUnfinished(string name) => name.StartsWith(PreparingPrefix, StringComparison.Ordinal);

    /// <summary>Takes over the files found on opening and starts preparing and recycling.</summary>
    /// <param name="live">The log's segments, oldest first.</param>
    /// <param name="spares">Spares that can be used.</param>
    /// <param name="onSparesChanged">Called without locks held whenever waiting for a spare may have an answer.</param>
    public void Start(IEnumerable<SegmentFile> live, IEnumerable<SegmentFile> spares, Action onSparesChanged)
    {
        _onSparesChanged = onSparesChanged;
        foreach (SegmentFile segment in live) _live.Add(segment.Number, segment);
        foreach (SegmentFile spare in spares) _spares.Enqueue(spare);
        _housekeeper.Start();
    }

    /// <summary>
    /// Makes a spare the next live segment; otherwise says why there is none: a null refusal means that one is being
    /// prepared. The file is given its number by <see cref="Activate"/>.
    /// </summary>
    public SegmentFile? TryStartSegment(
        LogInstanceId instance, uint number, long firstPosition, out StorageRejection? refusal)
    {
        lock (_gate)
        {
            refusal = null;
            if (_spares.TryDequeue(out SegmentFile? spare))
            {
                spare.BecomeNumber(instance, number, firstPosition);
                _live.Add(number, spare);
                Monitor.PulseAll(_gate);
                return spare;
            }
            if (_live.Count >= _options.SegmentsMax) refusal = StorageRejection.LogFull;
            else if (_preparingFailure is not null) refusal = _preparingFailure.Reason;
            return null;
        }
    }

    /// <summary>
    /// Gives a spare its number, durably and before any record is written to it: folder first, so that new content can
    /// never appear under an old name; then the header, so that records without a header prove damage.
    /// </summary>
    public void Activate(SegmentFile spare, LogInstanceId instance)
    {
        string path = Path.Combine(_options.Folder, NameOf(spare.Number));
        lock (_namesLock)
        {
            _options.Files.Rename(spare.Path, path);
            spare.Path = path;
            _options.Files.SyncFolder(_options.Folder);
        }
        // With the zeros that end the records: a recycled file has old bytes there.
        byte[] page = new byte[SegmentFormat.HeaderBytes + SegmentFormat.TerminatorBytes];
        SegmentFormat.WriteHeader(page, new(_options.Kind, instance, spare.Number, spare.FirstPosition));
        spare.File.Write(page, 0);
        spare.File.Sync();
    }

    /// <summary>
    /// Notes that a segment is full and durable. The two newest stay in memory for readers that are a little behind;
    /// older ones would take memory from others, and new memory costs more than the writes themselves.
    /// </summary>
    public void Finish(SegmentFile segment)
    {
        lock (_gate)
        {
            _finished.Enqueue(segment);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Gives up the segments below a number; their files are recycled when no reader is left.</summary>
    public void RetireBelow(uint number)
    {
        lock (_gate)
        {
            while (_live.Count > 1 && _live.First() is var (oldest, segment) && oldest < number)
            {
                _live.Remove(oldest);
                _retired.Add(segment);
            }
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The segment for reading, or null if it was recycled; release it after use.</summary>
    public SegmentFile? Acquire(uint number)
    {
        lock (_gate)
        {
            if (!_live.TryGetValue(number, out SegmentFile? segment)) return null;
            segment.AddReader();
            return segment;
        }
    }

    public void Release(SegmentFile segment)
    {
        if (!segment.RemoveReader()) return;
        lock (_gate)
        {
            if (_retired.Contains(segment)) Monitor.PulseAll(_gate);
        }
    }

    public IReadOnlyList<SegmentFile> Live()
    {
        lock (_gate) return [.. _live.Values];
    }

    /// <summary>Prepares one segment on the caller's thread: the first of a new log.</summary>
    public SegmentFile PrepareNow() =>
        Prepare() ?? throw new StorageException(StorageRejection.Closed, "the log is being closed");

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosing = true;
            Monitor.PulseAll(_gate);
        }
        if (_housekeeper.ThreadState != ThreadState.Unstarted) _housekeeper.Join();
        lock (_gate)
        {
            foreach (SegmentFile segment in _live.Values) segment.Dispose();
            foreach (SegmentFile segment in _spares) segment.Dispose();
            foreach (SegmentFile segment in _retired) segment.Dispose();
        }
    }

    private void KeepHouse()
    {
        bool failedLast = false;
        while (true)
        {
            SegmentFile? toRecycle;
            SegmentFile? toForget;
            lock (_gate)
            {
                // What failed is tried again now and then: room may have been made on the disk.
                if (failedLast && !_isClosing) Monitor.Wait(_gate, RetryMs);
                while (!_isClosing && !HasSegmentToRecycle() && !HasRoomForSpare() && _finished.Count < 2)
                    Monitor.Wait(_gate);
                if (_isClosing) return;
                toRecycle = HasSegmentToRecycle() ? _retired[0] : null;
                toForget = _finished.Count < 2 ? null : _finished.Dequeue();
            }
            toForget?.File.Forget(0, toForget.Capacity);
            try
            {
                if (toRecycle is not null) Recycle(toRecycle);
                else if (toForget is null) PrepareSpare();
                failedLast = false;
            }
            catch (StorageException e)
            {
                failedLast = true;
                lock (_gate) _preparingFailure = e;
            }
            _onSparesChanged?.Invoke();
        }
    }

    /// <summary>In order only: a crash in between must never leave a hole in the numbers.</summary>
    private bool HasSegmentToRecycle() => _retired.Count > 0 && _retired[0].Readers == 0;

    private bool HasRoomForSpare() =>
        _spares.Count < _options.SparesWanted && _live.Count + _retired.Count + _spares.Count < _options.SegmentsMax;

    private void Recycle(SegmentFile segment)
    {
        bool keep;
        lock (_gate) keep = _spares.Count <= _options.SparesWanted && segment.Capacity == _options.SegmentBytes;
        lock (_namesLock)
        {
            string path = keep ? NextName(SparePrefix) : segment.Path;
            if (keep) _options.Files.Rename(segment.Path, path);
            else _options.Files.Delete(path);
            segment.Path = path;
        }
        lock (_gate)
        {
            _retired.Remove(segment);
            if (keep) _spares.Enqueue(segment);
        }
        if (!keep) segment.Dispose();
    }

    private void PrepareSpare()
    {
        lock (_gate)
        {
            if (!HasRoomForSpare()) return;
        }
        SegmentFile? spare = Prepare();
        if (spare is null) return;
        lock (_gate)
        {
            _preparingFailure = null;
            _spares.Enqueue(spare);
        }
    }

    /// <summary>Writes a whole segment of zeros under a temporary name; null if the log is closed meanwhile.</summary>
    private SegmentFile? Prepare()
    {
        string unfinished;
        lock (_namesLock) unfinished = NextName(PreparingPrefix);
        IStorageFile file = _options.Files.Open(unfinished, FileOpening.Create);
        try
        {
            file.Allocate(_options.SegmentBytes);
            for (long done = 0; done < _options.SegmentBytes; done += Zeros.Length)
            {
                lock (_gate)
                {
                    if (_isClosing) return Abandon(file, unfinished);
                }
                file.Write(Zeros.AsSpan(0, (int)long.Min(Zeros.Length, _options.SegmentBytes - done)), done);
                // Slice by slice, so that a sync of the log beside it never waits for a whole segment of dirty pages.
                file.Sync();
                file.Forget(done, Zeros.Length);
            }
            lock (_namesLock)
            {
                string path = NextName(SparePrefix);
                _options.Files.Rename(unfinished, path);
                return new SegmentFile(file, path);
            }
        }
        catch (StorageException)
        {
            Abandon(file, unfinished);
            throw;
        }
    }

    private SegmentFile? Abandon(IStorageFile file, string path)
    {
        file.Dispose();
        try
        {
            _options.Files.Delete(path);
        }
        catch (StorageException)
        {
            // Left behind on a disk that refuses everything; deleted when the log is opened next.
        }
        return null;
    }

    private string NextName(string prefix)
    {
        while (true)
        {
            string path = Path.Combine(
                _options.Folder, prefix + (++_spareNames).ToString("D6", CultureInfo.InvariantCulture) + ".seg");
            if (!_options.Files.Exists(path)) return path;
        }
    }
}

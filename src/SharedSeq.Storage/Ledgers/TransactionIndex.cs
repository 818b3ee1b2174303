using System.Globalization;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Where ordered transactions are, by id or alias: 16 bytes each, the newest in memory and in a file (tail), older ones
/// in files of <see cref="RunEntries"/> (runs). A row per transaction in a database would cost more than ordering it.
/// Ids are not stored whole: a caller checks what it finds. A view: what a power cut takes is added again from the
/// heights it came from.
/// </summary>
public sealed class TransactionIndex : IDisposable
{
    /// <summary>
    /// Entries from which the tail becomes a run. 262,144: 4 MiB, so that look-ups in memory stay small and a day of
    /// 1,000 transactions a second is some 330 files.
    /// </summary>
    public const int RunEntries = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly IFileLayer _files;
    private readonly List<TransactionRun> _runs = [];
    private readonly TransactionTail _tail;

    /// <summary>
    /// Opens the index in a folder. From the first file that is not whole on, heights must be added again.
    /// </summary>
    public TransactionIndex(string folder, IFileLayer? files = null)
    {
        _folder = folder;
        _files = files ?? DiskFileLayer.Instance;
        _files.CreateFolder(folder);
        bool isWhole = true;
        foreach (string name in _files.Names(folder))
        {
            string path = Path.Combine(folder, name);
            if (name.EndsWith(".part", StringComparison.Ordinal)) _files.Delete(path);
            if (!name.EndsWith(".run", StringComparison.Ordinal)) continue;
            TransactionRun? run = isWhole ? TransactionRun.Open(path, _files) : null;
            isWhole = run is not null;
            if (run is not null) _runs.Add(run);
            else _files.Delete(path);
        }
        string tail = Path.Combine(folder, "tail");
        if (!isWhole && _files.Exists(tail)) _files.Delete(tail);
        _tail = TransactionTail.Open(tail, _files, _runs.Count == 0 ? Height.Zero : _runs[^1].LastHeight);
    }

    /// <summary>Everything up to here is found; heights above it must be added (again).</summary>
    public Height IndexedHeight
    {
        get
        {
            lock (_gate) return _tail.LastHeight;
        }
    }

    /// <summary>Entries in files and in memory.</summary>
    public long Count
    {
        get
        {
            lock (_gate) return _runs.Sum(run => (long)run.Count) + _tail.Count;
        }
    }

    /// <summary>Number of run files: each costs a look-up one read.</summary>
    public int RunCount
    {
        get
        {
            lock (_gate) return _runs.Count;
        }
    }

    /// <summary>Adds the transactions of heights, in order; heights that are indexed already are skipped.</summary>
    public void Add(IReadOnlyList<LedgerHeight> heights)
    {
        lock (_gate)
        {
            Height first = Height.Zero;
            Height last = _tail.LastHeight;
            _tail.Begin();
            foreach (LedgerHeight height in heights)
            {
                if (height.Height <= last) continue;
                if (first == Height.Zero) first = height.Height;
                last = height.Height;
                ReadOnlySpan<ulong> ids = height.Ids.Span;
                for (int i = 0; i < ids.Length; i++) _tail.Add(TransactionEntry.Of(ids[i], last, i));
                foreach ((ulong alias, int place) in height.Aliases)
                    _tail.Add(TransactionEntry.Of(alias, last, place));
            }
            if (first == Height.Zero) return;
            _tail.End(first, last);
            if (_tail.Count >= RunEntries) WriteRun();
        }
    }

    /// <summary>Makes what was added durable.</summary>
    public void Flush()
    {
        lock (_gate) _tail.Sync();
    }

    /// <summary>Places where a transaction with this id or alias may be, newest first: mostly none or one.</summary>
    public IReadOnlyList<(Height Height, int Place)> Find(Hash32 id)
    {
        List<(Height, int)> found = [];
        lock (_gate)
        {
            _tail.Find(id.Prefix, found);
            for (int i = _runs.Count - 1; i >= 0; i--) _runs[i].Find(id.Prefix, found);
        }
        return found;
    }

    /// <summary>Removes files that hold nothing from a height on.</summary>
    public void Prune(Height keepFrom)
    {
        lock (_gate)
        {
            while (_runs.Count > 0 && _runs[0].LastHeight < keepFrom)
            {
                string path = _runs[0].Path;
                _runs[0].Dispose();
                _runs.RemoveAt(0);
                _files.Delete(path);
            }
        }
    }

    /// <summary>Number and digest of the entries from a height on, independent of how they lie in files.</summary>
    public (long Count, Hash32 Digest) ContentFrom(Height from)
    {
        lock (_gate)
        {
            IEnumerable<TransactionEntry> all = _runs.SelectMany(run => run.All()).Concat(_tail.Entries.ToArray());
            TransactionEntry[] kept = [.. all.Where(entry => entry.Where.Height >= from)];
            Array.Sort(kept, (a, b) => (a.Locator, a.Prefix).CompareTo((b.Locator, b.Prefix)));
            CanonicalWriter writer = new(kept.Length * TransactionEntry.Size + 8);
            foreach (TransactionEntry entry in kept)
            {
                writer.U64(entry.Prefix);
                writer.U64(entry.Locator);
            }
            return (kept.Length, Sha.Of(writer.Written));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (TransactionRun run in _runs) run.Dispose();
            _tail.Dispose();
        }
    }

    private void WriteRun()
    {
        string newest = _runs.Count == 0 ? "0" : Path.GetFileNameWithoutExtension(_runs[^1].Path);
        long number = long.Parse(newest, CultureInfo.InvariantCulture) + 1;
        string path = Path.Combine(_folder, number.ToString("D10", CultureInfo.InvariantCulture) + ".run");
        _runs.Add(TransactionRun.Write(path, _files, _tail.FirstHeight, _tail.LastHeight, _tail.Entries));
        _tail.Clear();
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Where ordered transactions are, by id: sorted runs of (first 8 bytes of the id, locator) in files, and an unsorted tail in memory. A row per
/// transaction in a database would cost more than ordering it; a run costs a sort. Ids are not stored whole: a caller checks what it finds.
/// A view: a lost tail is added again from the heights it came from.
/// </summary>
public sealed class TransactionIndex : IDisposable
{
    /// <summary>Entries of a full run and of the tail at most. 262,144: 4 MiB, sorted in some 25 ms, searched in 18 steps.</summary>
    public const int RunEntries = 256 * 1024;

    private const int EntryBytes = 16;
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly List<Run> _runs = [];
    private readonly List<Entry> _tail = new(RunEntries);
    private ulong _tailHeight;

    /// <summary>Opens the runs in a folder; what is not a whole run is left out and its heights must be added again.</summary>
    public TransactionIndex(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        foreach (string part in Directory.EnumerateFiles(folder, "*.part")) File.Delete(part);
        foreach (string path in Directory.EnumerateFiles(folder, "*.run").Order(StringComparer.Ordinal)) _runs.Add(new Run(path));
        IndexedHeight = _runs.Count == 0 ? Height.Zero : _runs[^1].LastHeight;
        _tailHeight = IndexedHeight.Value;
    }

    /// <summary>Everything up to here is in files; heights above it must be added again after a start.</summary>
    public Height IndexedHeight { get; private set; }

    /// <summary>Entries in files and in memory.</summary>
    public long Count
    {
        get
        {
            lock (_gate) return _runs.Sum(run => run.Count) + _tail.Count;
        }
    }

    /// <summary>Adds the transactions of the next height, in its order; the locator is the height and the place in it.</summary>
    public void Add(Height height, IReadOnlyList<Hash32> ids)
    {
        lock (_gate)
        {
            if (height.Value <= _tailHeight) return;
            for (int i = 0; i < ids.Count; i++) _tail.Add(new Entry(ids[i].Prefix, Locate(height, i)));
            _tailHeight = height.Value;
            if (_tail.Count >= RunEntries) Flush();
        }
    }

    /// <summary>Writes the tail to a file, together with the newest run while that is small.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_tailHeight == IndexedHeight.Value) return;
            Run? small = _runs.Count > 0 && _runs[^1].Count + _tail.Count <= RunEntries ? _runs[^1] : null;
            if (small is not null) small.ReadAll(_tail);
            CollectionsMarshal.AsSpan(_tail).Sort();
            Run written = Run.Write(_folder, _runs.Count - (small is null ? 0 : 1), new Height(_tailHeight), _tail);
            if (small is not null)
            {
                small.Dispose();
                _runs.RemoveAt(_runs.Count - 1);
            }

            _runs.Add(written);
            _tail.Clear();
            IndexedHeight = new Height(_tailHeight);
        }
    }

    /// <summary>Places where a transaction with this id may be, newest first: mostly none or one.</summary>
    public IReadOnlyList<(Height Height, int Place)> Find(Hash32 id)
    {
        var found = new List<(Height, int)>();
        ulong prefix = id.Prefix;
        lock (_gate)
        {
            for (int i = _tail.Count - 1; i >= 0; i--)
            {
                if (_tail[i].Prefix == prefix) found.Add(Split(_tail[i].Locator));
            }

            for (int i = _runs.Count - 1; i >= 0; i--) _runs[i].Find(prefix, found);
        }

        return found;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            Flush();
            foreach (Run run in _runs) run.Dispose();
        }
    }

    /// <summary>40 bits of height (over a thousand years at 30 a second), 24 of place in it.</summary>
    private static ulong Locate(Height height, int place) => (height.Value << 24) | (uint)place;

    private static (Height Height, int Place) Split(ulong locator) => (new Height(locator >> 24), (int)(locator & 0xFF_FFFF));

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Entry(ulong Prefix, ulong Locator) : IComparable<Entry>
    {
        public int CompareTo(Entry other)
        {
            int byPrefix = Prefix.CompareTo(other.Prefix);
            return byPrefix != 0 ? byPrefix : Locator.CompareTo(other.Locator);
        }
    }

    /// <summary>One sorted file: last height u64, then entries of prefix u64 and locator u64, big-endian.</summary>
    private sealed class Run : IDisposable
    {
        private const int HeadBytes = 8;
        private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file;

        public Run(string path)
        {
            _file = File.OpenHandle(path);
            Count = (int)((RandomAccess.GetLength(_file) - HeadBytes) / EntryBytes);
            Span<byte> head = stackalloc byte[HeadBytes];
            RandomAccess.Read(_file, head, 0);
            LastHeight = new Height(BinaryPrimitives.ReadUInt64BigEndian(head));
        }

        public int Count { get; }

        public Height LastHeight { get; }

        public static Run Write(string folder, int number, Height lastHeight, List<Entry> entries)
        {
            byte[] bytes = new byte[HeadBytes + (entries.Count * EntryBytes)];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, lastHeight.Value);
            for (int i = 0; i < entries.Count; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(HeadBytes + (i * EntryBytes)), entries[i].Prefix);
                BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(HeadBytes + (i * EntryBytes) + 8), entries[i].Locator);
            }

            string path = Path.Combine(folder, number.ToString("d8", CultureInfo.InvariantCulture) + ".run");
            File.WriteAllBytes(path + ".part", bytes);
            File.Move(path + ".part", path, overwrite: true);
            return new Run(path);
        }

        public void ReadAll(List<Entry> entries)
        {
            byte[] bytes = new byte[Count * EntryBytes];
            RandomAccess.Read(_file, bytes, HeadBytes);
            for (int i = 0; i < Count; i++)
            {
                entries.Add(new Entry(
                    BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * EntryBytes)),
                    BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan((i * EntryBytes) + 8))));
            }
        }

        public void Find(ulong prefix, List<(Height, int)> found)
        {
            int low = 0;
            int high = Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (At(middle).Prefix < prefix) low = middle + 1;
                else high = middle;
            }

            for (; low < Count && At(low) is var entry && entry.Prefix == prefix; low++) found.Add(Split(entry.Locator));
        }

        public void Dispose() => _file.Dispose();

        private Entry At(int index)
        {
            Span<byte> bytes = stackalloc byte[EntryBytes];
            RandomAccess.Read(_file, bytes, HeadBytes + ((long)index * EntryBytes));
            return new Entry(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        }
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// The newest entries of the transaction index: in memory with a hash chain for look-ups, and in an append-only file so
/// that a killed process finds them again. The file is not synced as it grows: after a power cut its end may be missing
/// and is added again from the heights it came from.
/// A chunk names the height that the one before ended at: one that was lost between two others is not passed over.
/// <code>
/// chunk: 0 u32 bytes of entries | 4 u32 crc of 8- | 8 u64 first height | 16 u64 last height
///        24 u64 last height before it | 32 entries
/// </code>
/// </summary>
internal sealed class TransactionTail : IDisposable
{
    private const int ChunkHeaderBytes = 32;
    private const int ChainBits = 18;

    // What one write may add to a tail that is nearly a run. 16,384 in a write of 20 ms would be 800,000 a second.
    private const int SlackEntries = 16 * 1024;
    private readonly IStorageFile _file;
    private readonly int[] _heads = new int[1 << ChainBits];
    private readonly List<TransactionEntry> _entries = [];
    private readonly List<int> _previous = [];
    private byte[] _chunk = new byte[64 * 1024];
    private int _chunkLength;
    private long _fileEnd;

    private TransactionTail(IStorageFile file) => _file = file;

    /// <summary>Height of the first entry, or of the first height without any; 0 if empty.</summary>
    public Height FirstHeight { get; private set; }

    /// <summary>Everything up to here is in the tail or before it.</summary>
    public Height LastHeight { get; private set; }

    public int Count => _entries.Count;

    public ReadOnlySpan<TransactionEntry> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>
    /// Opens the tail's file; chunks of heights up to <paramref name="indexed"/> are in runs already.
    /// </summary>
    public static TransactionTail Open(string path, IFileLayer files, Height indexed)
    {
        IStorageFile file = files.Open(path, files.Exists(path) ? FileOpening.Existing : FileOpening.Create);
        TransactionTail tail = new(file) { LastHeight = indexed };
        tail.Load();
        return tail;
    }

    /// <summary>Starts collecting the entries of heights that are written together.</summary>
    public void Begin() => _chunkLength = ChunkHeaderBytes;

    public void Add(TransactionEntry entry)
    {
        if (_chunkLength + TransactionEntry.Size > _chunk.Length) Array.Resize(ref _chunk, 2 * _chunk.Length);
        MemoryMarshal.Write(_chunk.AsSpan(_chunkLength), entry);
        _chunkLength += TransactionEntry.Size;
    }

    /// <summary>Writes what was collected and makes it visible.</summary>
    public void End(Height first, Height last)
    {
        Span<byte> chunk = _chunk.AsSpan(0, _chunkLength);
        BinaryPrimitives.WriteInt32LittleEndian(chunk, chunk.Length - ChunkHeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk[8..], first.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk[16..], last.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk[24..], LastHeight.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[4..], Crc32C.Of(chunk[8..]));
        _file.Write(chunk, _fileEnd);
        _fileEnd += chunk.Length;
        Show(first, last, MemoryMarshal.Cast<byte, TransactionEntry>(chunk[ChunkHeaderBytes..]));
    }

    /// <summary>Adds the places of a prefix, newest first.</summary>
    public void Find(ulong prefix, List<(Height Height, int Place)> found)
    {
        for (int i = _heads[ChainOf(prefix)] - 1; i >= 0; i = _previous[i] - 1)
            if (_entries[i].Prefix == prefix) found.Add(_entries[i].Where);
    }

    public void Sync() => _file.Sync();

    /// <summary>Empties the tail after its entries became a run.</summary>
    public void Clear()
    {
        _file.SetLength(0);
        _fileEnd = 0;
        _entries.Clear();
        _previous.Clear();
        Array.Clear(_heads);
        FirstHeight = Height.Zero;
    }

    public void Dispose() => _file.Dispose();

    private static int ChainOf(ulong prefix) => (int)(prefix >> (64 - ChainBits));

    private void Show(Height first, Height last, ReadOnlySpan<TransactionEntry> entries)
    {
        if (FirstHeight == Height.Zero) FirstHeight = first;
        LastHeight = last;
        MakeRoom(_entries.Count + entries.Length);
        foreach (TransactionEntry entry in entries)
        {
            ref int head = ref _heads[ChainOf(entry.Prefix)];
            _entries.Add(entry);
            _previous.Add(head);
            head = _entries.Count;
        }
    }

    /// <summary>Grows by doubling up to what a tail comes to before it becomes a run, and not beyond by halves of that.</summary>
    private void MakeRoom(int count)
    {
        if (count <= _entries.Capacity) return;
        int capacity = int.Max(count, int.Min(2 * count, TransactionIndex.RunEntries + SlackEntries));
        _entries.Capacity = capacity;
        _previous.Capacity = capacity;
    }

    private void Load()
    {
        byte[] bytes = new byte[_file.Length];
        int length = ReadWhatCanBe(bytes);
        int offset = 0;
        while (length - offset >= ChunkHeaderBytes)
        {
            Span<byte> rest = bytes.AsSpan(offset, length - offset);
            int entryBytes = BinaryPrimitives.ReadInt32LittleEndian(rest);
            bool fits = entryBytes >= 0
                && entryBytes % TransactionEntry.Size == 0
                && entryBytes <= rest.Length - ChunkHeaderBytes;
            if (!fits) break;
            uint crc = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (crc != Crc32C.Of(rest[8..(ChunkHeaderBytes + entryBytes)])) break;
            Height first = new(BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
            Height last = new(BinaryPrimitives.ReadUInt64LittleEndian(rest[16..]));
            Span<byte> entries = rest.Slice(ChunkHeaderBytes, entryBytes);
            ulong before = BinaryPrimitives.ReadUInt64LittleEndian(rest[24..]);
            if (last > LastHeight && before != LastHeight.Value) break;
            if (last > LastHeight) Show(first, last, MemoryMarshal.Cast<byte, TransactionEntry>(entries));
            offset += ChunkHeaderBytes + entryBytes;
        }
        _fileEnd = offset;
        if (bytes.Length > offset) _file.SetLength(offset);
    }

    /// <summary>All of the file, or its beginning up to a place that can not be read; returns the bytes read.</summary>
    private int ReadWhatCanBe(Span<byte> bytes)
    {
        const int StepBytes = 64 * 1024;
        int done = 0;
        try
        {
            while (done < bytes.Length)
            {
                int count = _file.Read(bytes.Slice(done, int.Min(StepBytes, bytes.Length - done)), done);
                if (count == 0) break;
                done += count;
            }
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            // What comes behind is added again from the heights it came from.
        }
        return done;
    }
}

using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Where a stored record lies, with what is needed to tell several records of one place apart: half of the digest,
/// because an author that wants two batches to look equal here would need 2^64 tries.
/// </summary>
internal readonly record struct IndexedRecord(
    RecordLocation Location, BatchMarks Marks, ulong DigestHigh, ulong DigestLow)
{
    /// <summary>Segments count from 1.</summary>
    public bool IsEmpty => Location.Segment == 0;

    public static IndexedRecord Of(RecordLocation location, BatchMarks marks, Hash32 digest)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        digest.CopyTo(bytes);
        return new(location, marks, digest.Prefix, BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }

    public bool HasDigestOf(in IndexedRecord other) => DigestHigh == other.DigestHigh && DigestLow == other.DigestLow;
}

/// <summary>
/// Records by a number that mostly counts up (sequence of a lane, height): chunks of entries, so that an entry costs
/// its 32 bytes and removing from below frees memory. Further records of one number, rare, are kept beside.
/// </summary>
internal sealed class PlaceIndex
{
    private const int ChunkEntries = 256;
    private readonly SortedDictionary<ulong, IndexedRecord[]> _chunks = [];
    private readonly SortedDictionary<ulong, List<IndexedRecord>> _further = [];
    private ulong _cachedChunk = ulong.MaxValue;
    private IndexedRecord[]? _cached;

    /// <summary>Number above the highest stored; 0 if nothing was stored.</summary>
    public ulong Next { get; private set; }

    /// <summary>Everything below was pruned.</summary>
    public ulong PrunedBelow { get; private set; }

    /// <summary>Entries that memory is held for, used or not.</summary>
    public long Capacity => (long)_chunks.Count * ChunkEntries;

    public bool IsEmpty => _chunks.Count == 0 || PrunedBelow >= Next;

    /// <summary>The lowest number held; <see cref="Next"/> if none.</summary>
    public ulong First
    {
        get
        {
            foreach ((ulong chunk, IndexedRecord[] entries) in _chunks)
                for (int i = 0; i < ChunkEntries; i++)
                    if (!entries[i].IsEmpty) return chunk * ChunkEntries + (ulong)i;
            return Next;
        }
    }

    /// <summary>Adds a record; one of the same digest is replaced, another one of the place is kept too.</summary>
    public void Add(ulong number, IndexedRecord record)
    {
        if (number < PrunedBelow) return;
        Next = ulong.Max(Next, checked(number + 1));
        ref IndexedRecord entry = ref Chunk(number / ChunkEntries)[number % ChunkEntries];
        if (entry.IsEmpty || entry.HasDigestOf(record))
        {
            entry = record;
            return;
        }
        if (!_further.TryGetValue(number, out List<IndexedRecord>? further)) _further[number] = further = [];
        further.RemoveAll(other => other.HasDigestOf(record));
        further.Add(record);
    }

    /// <summary>The records of a number: the acked one first, then in the order stored.</summary>
    public IReadOnlyList<IndexedRecord> Find(ulong number)
    {
        if (!_chunks.TryGetValue(number / ChunkEntries, out IndexedRecord[]? chunk)) return [];
        IndexedRecord first = chunk[number % ChunkEntries];
        if (first.IsEmpty) return [];
        if (!_further.TryGetValue(number, out List<IndexedRecord>? further)) return [first];
        return [.. further.Prepend(first).OrderByDescending(record => record.Marks & BatchMarks.Ackable)];
    }

    public void RemoveBelow(ulong number)
    {
        if (number <= PrunedBelow) return;
        PrunedBelow = number;
        Next = ulong.Max(Next, number);
        while (_chunks.Count > 0 && _chunks.First() is var (chunk, entries) && chunk * ChunkEntries < number)
        {
            if ((chunk + 1) * ChunkEntries <= number)
            {
                _chunks.Remove(chunk);
                continue;
            }
            for (ulong i = chunk * ChunkEntries; i < number; i++) entries[i % ChunkEntries] = default;
            break;
        }
        foreach (ulong old in _further.Keys.TakeWhile(key => key < number).ToArray()) _further.Remove(old);
        _cachedChunk = ulong.MaxValue;
        _cached = null;
    }

    private IndexedRecord[] Chunk(ulong number)
    {
        if (_cachedChunk == number && _cached is not null) return _cached;
        if (!_chunks.TryGetValue(number, out IndexedRecord[]? chunk))
            _chunks[number] = chunk = new IndexedRecord[ChunkEntries];
        _cachedChunk = number;
        _cached = chunk;
        return chunk;
    }
}

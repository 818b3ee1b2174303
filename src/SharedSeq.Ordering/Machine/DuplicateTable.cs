using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.InteropServices;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What the duplicate table says to an id.</summary>
internal enum DuplicateVerdict
{
    Added = 0,
    Present = 1,
    Full = 2,
}

/// <summary>
/// The ids taken before, each until a time of its own. A wheel of one-second slots forgets them: each slot has its ids in chunks of its own, in the order
/// of arrival, and the count drops at once when its second passes. Chained hashing leads to an id; forgotten ones are unlinked a few at a time with later
/// insertions, and their chunks are used again, so there is no rehashing, no garbage per id, and memory follows use. Ids are kept as their first 128
/// bits, against which no second preimage can be found. An id costs 20 bytes and two for its bucket.
/// </summary>
internal sealed class DuplicateTable
{
    /// <summary>Bytes of one remembered id in a snapshot.</summary>
    internal const int EntryBytes = 16 + 8;

    // 512 ids, 10 KiB: a slot that remembers one id costs no more.
    private const int ChunkBits = 9;
    private const int ChunkEntries = 1 << ChunkBits;
    private const int ReclaimedPerInsertion = 2;
    private const int ReclaimedPerAdvance = 256;

    // Free chunks that keep their memory, whatever the use; above it a quarter of the used ones.
    private const int FreeChunksKept = 64;

    // Chunks beyond these, 32,768 ids, lie in the pinned heap: they are used again and again, and counted among what is collected they would let three
    // times as much garbage gather before a collection.
    private const int UnpinnedChunks = 64;

    // Entries are folded into their slot's digest in runs of this many, to hash long texts instead of many short ones.
    private const int FoldEntries = 64;

    /// <summary>The latest second committed time can have, in milliseconds as 64 bits, with any horizon ahead of it.</summary>
    private const ulong LastSecond = (ulong.MaxValue / 1000) - 1_000_000;

    private readonly uint _limit;

    // The newest node of each chain plus one; 0 for none, so that memory nobody has touched need not be filled.
    private readonly int[] _buckets;
    private readonly Slot[] _wheel;
    private readonly List<Chunk> _chunks = [];
    private readonly Stack<int> _free = new();

    // Freed while there is a view, which may show them.
    private readonly List<int> _viewed = [];

    // Chunks of forgotten slots whose ids are still in their buckets' chains, and how many of the first one's are not any more.
    private readonly Queue<(int Chunk, int Count)> _garbage = new();
    private int _unlinked;
    private int _views;
    private ulong _second;
    private uint _live;

    /// <param name="limit">Ids remembered at once.</param>
    /// <param name="horizonSeconds">The furthest an id's time may lie ahead.</param>
    public DuplicateTable(uint limit, uint horizonSeconds)
    {
        _limit = limit;
        _buckets = new int[int.Max(1024, (int)BitOperations.RoundUpToPowerOf2(limit / 2))];
        _wheel = new Slot[horizonSeconds + 3];
        for (int i = 0; i < _wheel.Length; i++) _wheel[i] = new Slot();
    }

    /// <summary>Ids remembered.</summary>
    public uint Count => _live;

    /// <summary>Moves committed time forward and forgets what is due.</summary>
    public void Advance(ulong nowMs)
    {
        ulong second = nowMs / 1000;
        Invariant.Check(second >= _second, "committed time does not go back");
        ulong passed = ulong.Min(second - _second, (ulong)_wheel.Length);
        for (ulong i = 1; i <= passed; i++) Forget(SlotOf(second - passed + i));
        _second = second;
        Reclaim(ReclaimedPerAdvance);
    }

    /// <summary>Takes an id unless it is remembered already.</summary>
    /// <param name="id">The id.</param>
    /// <param name="nowMs">Committed time, as in the last Advance.</param>
    /// <param name="forgetAtMs">The first time at which it may be taken again.</param>
    public DuplicateVerdict Add(in Hash32 id, ulong nowMs, ulong forgetAtMs)
    {
        UInt128 key = id.Prefix128;
        (ulong high, ulong low) = ((ulong)(key >> 64), (ulong)key);
        ref int bucket = ref BucketOf(high);
        for (int at = bucket; at > 0;)
        {
            Chunk chunk = _chunks[(at - 1) >> ChunkBits];
            int place = (at - 1) & (ChunkEntries - 1);
            ref Entry entry = ref chunk.Entries![place];
            if (entry.High == high && entry.Low == low && ForgetAtMs(chunk.FirstMs, chunk.Offsets, place) > nowMs) return DuplicateVerdict.Present;
            at = entry.Next;
        }

        if (_live >= _limit) return DuplicateVerdict.Full;
        Insert(ref bucket, high, low, forgetAtMs);
        Reclaim(ReclaimedPerInsertion);
        return DuplicateVerdict.Added;
    }

    /// <summary>A commitment to what is remembered: per used slot its second, count and digest. Cheap, because full runs are hashed as they come.</summary>
    public void WriteSummary(CanonicalWriter writer)
    {
        writer.U64(_second);
        writer.U32(_live);
        for (ulong second = _second + 1; second <= _second + (ulong)_wheel.Length; second++)
        {
            Slot slot = SlotOf(second);
            if (slot.Count == 0) continue;
            writer.U64(second);
            writer.U32(slot.Count);
            writer.Hash(slot.Digest);
            writer.Raw(slot.Run);
        }
    }

    /// <summary>
    /// Everything remembered now, by slot and in the order of arrival, to be written while the table goes on: ids never change once they are there.
    /// Until the caller is done with it (<see cref="EndView"/>) no chunk is used again.
    /// </summary>
    public DuplicateView BeginView()
    {
        var runs = new List<DuplicateRun>(_chunks.Count);
        for (ulong second = _second + 1; second <= _second + (ulong)_wheel.Length; second++)
        {
            Slot slot = SlotOf(second);
            for (int i = 0; i < slot.Chunks.Count; i++)
            {
                Chunk chunk = _chunks[slot.Chunks[i]];
                runs.Add(new DuplicateRun(chunk.Entries!, slot.CountIn(i), chunk.FirstMs, chunk.Offsets));
            }
        }

        _views++;
        return new DuplicateView(_second, _live, runs);
    }

    /// <summary>A view is not read any more.</summary>
    public void EndView()
    {
        if (--_views > 0) return;
        foreach (int chunk in _viewed) _free.Push(chunk);
        _viewed.Clear();
    }

    /// <summary>Fills this new table with what a view wrote.</summary>
    public void Restore(ref CanonicalReader reader)
    {
        Invariant.Check(_chunks.Count == 0, "only a new table is restored");
        _second = reader.U64();
        uint count = reader.U32();
        if (count > _limit) DecodeException.Throw(DecodeRejection.OverLimit, "remembered ids");
        if (_second > LastSecond) DecodeException.Throw(DecodeRejection.OverLimit, "second of the remembered ids");
        ulong before = 0;
        for (uint i = 0; i < count; i++)
        {
            (ulong high, ulong low, ulong forgetAtMs) = (reader.U64(), reader.U64(), reader.U64());
            ulong second = SecondOf(forgetAtMs);
            if (second <= _second || second > _second + (ulong)_wheel.Length)
                DecodeException.Throw(DecodeRejection.Malformed, "a remembered id is due outside the wheel");
            if (second < before) DecodeException.Throw(DecodeRejection.NotCanonical, "remembered ids ascend by the second they are due");
            before = second;
            Insert(ref BucketOf(high), high, low, forgetAtMs);
        }
    }

    /// <summary>When an id of a chunk is forgotten: as the chunk's first one, or so many milliseconds from that.</summary>
    internal static ulong ForgetAtMs(ulong firstMs, short[]? offsets, int place) =>
        offsets is null ? firstMs : (ulong)((long)firstMs + offsets[place]);

    /// <summary>The second whose beginning is at or after the time.</summary>
    private static ulong SecondOf(ulong forgetAtMs) => (forgetAtMs / 1000) + (forgetAtMs % 1000 == 0 ? 0UL : 1);

    private ref int BucketOf(ulong high) => ref _buckets[(int)(high & (ulong)(_buckets.Length - 1))];

    private Slot SlotOf(ulong second) => _wheel[(int)(second % (ulong)_wheel.Length)];

    private ref Entry EntryAt(int index) => ref _chunks[index >> ChunkBits].Entries![index & (ChunkEntries - 1)];

    private void Insert(ref int bucket, ulong high, ulong low, ulong forgetAtMs)
    {
        ulong second = SecondOf(forgetAtMs);
        Invariant.Check(second > _second && second <= _second + (ulong)_wheel.Length, "an id is due within the wheel");
        Slot slot = SlotOf(second);
        int place = (int)(slot.Count & (ChunkEntries - 1));
        if (place == 0) slot.Chunks.Add(TakeChunk(forgetAtMs));
        int index = (slot.Chunks[^1] << ChunkBits) | place;
        EntryAt(index) = new Entry { High = high, Low = low, Next = bucket };
        NoteTime(slot.Chunks[^1], place, forgetAtMs);
        bucket = index + 1;
        slot.Append(high, low, forgetAtMs);
        _live++;
    }

    private void Forget(Slot slot)
    {
        if (slot.Count == 0) return;
        Invariant.Check(slot.Count <= _live, "a slot's ids are counted");
        _live -= slot.Count;
        for (int i = 0; i < slot.Chunks.Count; i++) _garbage.Enqueue((slot.Chunks[i], slot.CountIn(i)));
        slot.Clear();
    }

    private void Reclaim(int most)
    {
        for (int i = 0; i < most && _garbage.TryPeek(out (int Chunk, int Count) first); i++)
        {
            int index = (first.Chunk << ChunkBits) | _unlinked;
            ref Entry entry = ref EntryAt(index);
            ref int link = ref BucketOf(entry.High);
            while (link != index + 1) link = ref EntryAt(link - 1).Next;
            link = entry.Next;
            if (++_unlinked < first.Count) continue;
            _unlinked = 0;
            _garbage.Dequeue();
            FreeChunk(first.Chunk);
        }
    }

    private int TakeChunk(ulong firstMs)
    {
        if (!_free.TryPop(out int chunk))
        {
            chunk = _chunks.Count;
            _chunks.Add(default);
        }

        _chunks[chunk] = new Chunk(_chunks[chunk].Entries ?? NewEntries(chunk), firstMs, null);
        return chunk;
    }

    private static Entry[] NewEntries(int chunk) => GC.AllocateUninitializedArray<Entry>(ChunkEntries, pinned: chunk >= UnpinnedChunks);

    /// <summary>Times of a slot differ by less than a second, and those of opaque namespaces not at all.</summary>
    private void NoteTime(int index, int place, ulong forgetAtMs)
    {
        Chunk chunk = _chunks[index];
        if (chunk.Offsets is null)
        {
            if (forgetAtMs == chunk.FirstMs) return;
            _chunks[index] = chunk = chunk with { Offsets = new short[ChunkEntries] };
        }

        chunk.Offsets[place] = (short)((long)forgetAtMs - (long)chunk.FirstMs);
    }

    private void FreeChunk(int chunk)
    {
        int used = _chunks.Count - _free.Count - _viewed.Count;
        bool isKept = _free.Count + _viewed.Count < FreeChunksKept + (used / 4);
        if (!isKept) _chunks[chunk] = default;
        if (isKept && _views > 0) _viewed.Add(chunk);
        else _free.Push(chunk);
    }

    /// <summary>A remembered id. 20 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct Entry
    {
        public ulong High;
        public ulong Low;

        /// <summary>The next entry of its bucket plus one, 0 for none.</summary>
        public int Next;
    }

    /// <summary>Ids of one slot.</summary>
    /// <param name="Entries">Null when a free chunk gave its memory back.</param>
    /// <param name="FirstMs">When the first of them is forgotten.</param>
    /// <param name="Offsets">Milliseconds from that to when each of them is; null while all are forgotten with the first.</param>
    private readonly record struct Chunk(Entry[]? Entries, ulong FirstMs, short[]? Offsets);

    /// <summary>The ids that are forgotten when one second begins.</summary>
    private sealed class Slot
    {
        public readonly List<int> Chunks = [];
        public uint Count;

        /// <summary>Chain over the full runs: SHA-256(digest || run).</summary>
        public Hash32 Digest;

        /// <summary>The digest's place, then the run not yet folded.</summary>
        private byte[] _text = [];

        private int _runBytes;

        public ReadOnlySpan<byte> Run => _runBytes == 0 ? [] : _text.AsSpan(Hash32.Size, _runBytes);

        /// <summary>Ids in one of its chunks: all but the last are full.</summary>
        public int CountIn(int chunk) => int.Min(ChunkEntries, (int)Count - (chunk * ChunkEntries));

        public void Append(ulong high, ulong low, ulong forgetAtMs)
        {
            if (_text.Length == 0) _text = new byte[Hash32.Size + (FoldEntries * EntryBytes)];
            Span<byte> entry = _text.AsSpan(Hash32.Size + _runBytes, EntryBytes);
            BinaryPrimitives.WriteUInt64BigEndian(entry, high);
            BinaryPrimitives.WriteUInt64BigEndian(entry[8..], low);
            BinaryPrimitives.WriteUInt64BigEndian(entry[16..], forgetAtMs);
            _runBytes += EntryBytes;
            Count++;
            if (_runBytes < FoldEntries * EntryBytes) return;
            Digest.CopyTo(_text);
            Digest = Sha.Of(_text);
            _runBytes = 0;
        }

        public void Clear()
        {
            Chunks.Clear();
            Count = 0;
            Digest = default;
            _runBytes = 0;
        }
    }
}

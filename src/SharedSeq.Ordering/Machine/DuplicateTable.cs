using System;
using System.Numerics;
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
/// The ids taken before, each until a time of its own. Chained hashing over an arena of nodes that grows by chunks up to the limit and is reused, so there
/// is no rehashing, no garbage per id, and memory follows use. A wheel of one-second slots forgets ids: the count drops at once when a slot's
/// second passes, its nodes are unlinked a few at a time with later insertions. Ids are kept as their first 128 bits, against which no second
/// preimage can be found.
/// </summary>
internal sealed class DuplicateTable
{
    private const int ChunkBits = 14;
    private const int ChunkMask = (1 << ChunkBits) - 1;
    private const int ReclaimedPerInsertion = 2;
    private const int ReclaimedPerAdvance = 256;

    // Entries are folded into their slot's digest in runs of this many, to hash long texts instead of many short ones.
    private const int FoldEntries = 64;
    private const int EntryBytes = 16 + 8;

    private readonly uint _limit;

    // First node of each chain plus one; 0 for none, so that memory nobody has touched need not be filled.
    private readonly int[] _buckets;
    private readonly Slot[] _wheel;
    private Node[][] _chunks = [];
    private int _nodes;
    private int _free = -1;

    // Nodes of forgotten slots, still in their buckets' chains.
    private int _garbage = -1;
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
        for (ulong i = 1; i <= passed; i++) Forget(_wheel[(int)((second - passed + i) % (ulong)_wheel.Length)]);
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
        ref int bucket = ref _buckets[(int)(id.Prefix & (ulong)(_buckets.Length - 1))];
        for (int at = bucket; at > 0;)
        {
            ref Node node = ref NodeAt(at - 1);
            if (node.Key == key && node.ForgetAtMs > nowMs) return DuplicateVerdict.Present;
            at = node.Next;
        }

        if (_live >= _limit) return DuplicateVerdict.Full;
        Insert(ref bucket, key, forgetAtMs);
        Reclaim(ReclaimedPerInsertion);
        return DuplicateVerdict.Added;
    }

    /// <summary>A commitment to what is remembered: per used slot its second, count and digest. Cheap, because full runs are hashed as they come.</summary>
    public void WriteSummary(CanonicalWriter writer)
    {
        writer.U64(_second);
        writer.U32(_live);
        for (ulong i = 1; i <= (ulong)_wheel.Length; i++)
        {
            Slot slot = _wheel[(int)((_second + i) % (ulong)_wheel.Length)];
            if (slot.Count == 0) continue;
            writer.U64(_second + i);
            writer.U32(slot.Count);
            writer.Hash(slot.Digest);
            writer.Raw(slot.Run);
        }
    }

    /// <summary>Everything remembered, by slot and in the order of arrival.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U64(_second);
        writer.U32(_live);
        for (ulong i = 1; i <= (ulong)_wheel.Length; i++)
        {
            for (int at = _wheel[(int)((_second + i) % (ulong)_wheel.Length)].First; at >= 0;)
            {
                ref Node node = ref NodeAt(at);
                writer.U64((ulong)(node.Key >> 64));
                writer.U64((ulong)node.Key);
                writer.U64(node.ForgetAtMs);
                at = node.NextInSlot;
            }
        }
    }

    /// <summary>Fills this new table with what <see cref="Write"/> wrote.</summary>
    public void Restore(ref CanonicalReader reader)
    {
        Invariant.Check(_nodes == 0, "only a new table is restored");
        _second = reader.U64();
        uint count = reader.U32();
        if (count > _limit) DecodeException.Throw(DecodeRejection.OverLimit, "remembered ids");
        for (uint i = 0; i < count; i++)
        {
            var key = new UInt128(reader.U64(), reader.U64());
            ulong forgetAtMs = reader.U64();
            ulong second = SecondOf(forgetAtMs);
            if (second <= _second || second > _second + (ulong)_wheel.Length)
                DecodeException.Throw(DecodeRejection.Malformed, "a remembered id is due outside the wheel");
            Insert(ref _buckets[(int)((ulong)(key >> 64) & (ulong)(_buckets.Length - 1))], key, forgetAtMs);
        }
    }

    /// <summary>The second whose beginning is at or after the time.</summary>
    private static ulong SecondOf(ulong forgetAtMs) => (forgetAtMs + 999) / 1000;

    private void Insert(ref int bucket, UInt128 key, ulong forgetAtMs)
    {
        ulong second = SecondOf(forgetAtMs);
        Invariant.Check(second > _second && second <= _second + (ulong)_wheel.Length, "an id is due within the wheel");
        int index = TakeNode();
        ref Node node = ref NodeAt(index);
        node = new Node { Key = key, ForgetAtMs = forgetAtMs, Next = bucket, NextInSlot = -1 };
        bucket = index + 1;
        Slot slot = _wheel[(int)(second % (ulong)_wheel.Length)];
        if (slot.Last >= 0) NodeAt(slot.Last).NextInSlot = index;
        else slot.First = index;
        slot.Last = index;
        slot.Append(key, forgetAtMs);
        _live++;
    }

    private void Forget(Slot slot)
    {
        if (slot.Count == 0) return;
        Invariant.Check(slot.Count <= _live, "a slot's ids are counted");
        _live -= slot.Count;
        NodeAt(slot.Last).NextInSlot = _garbage;
        _garbage = slot.First;
        slot.Clear();
    }

    private void Reclaim(int most)
    {
        for (int i = 0; i < most && _garbage >= 0; i++)
        {
            int index = _garbage;
            ref Node node = ref NodeAt(index);
            _garbage = node.NextInSlot;
            ref int link = ref _buckets[(int)((ulong)(node.Key >> 64) & (ulong)(_buckets.Length - 1))];
            while (link != index + 1) link = ref NodeAt(link - 1).Next;
            link = node.Next;
            node.Next = _free;
            _free = index;
        }
    }

    private int TakeNode()
    {
        if (_free >= 0)
        {
            int index = _free;
            _free = NodeAt(index).Next;
            return index;
        }

        if (_nodes >> ChunkBits == _chunks.Length)
        {
            Array.Resize(ref _chunks, _chunks.Length + 1);
            _chunks[^1] = new Node[1 << ChunkBits];
        }

        return _nodes++;
    }

    private ref Node NodeAt(int index) => ref _chunks[index >> ChunkBits][index & ChunkMask];

    private struct Node
    {
        public UInt128 Key;
        public ulong ForgetAtMs;

        /// <summary>The next node of its chain plus one, 0 for none; of a free node the next free one, -1 for none.</summary>
        public int Next;

        /// <summary>The next node of its slot or of the garbage, -1 for none.</summary>
        public int NextInSlot;
    }

    /// <summary>The ids that are forgotten when one second begins.</summary>
    private sealed class Slot
    {
        public int First = -1;
        public int Last = -1;
        public uint Count;

        /// <summary>Chain over the full runs: SHA-256(digest || run).</summary>
        public Hash32 Digest;

        /// <summary>The digest's place, then the run not yet folded.</summary>
        private byte[] _text = [];

        private int _runBytes;

        public ReadOnlySpan<byte> Run => _runBytes == 0 ? [] : _text.AsSpan(Hash32.Size, _runBytes);

        public void Append(UInt128 key, ulong forgetAtMs)
        {
            if (_text.Length == 0) _text = new byte[Hash32.Size + (FoldEntries * EntryBytes)];
            Span<byte> entry = _text.AsSpan(Hash32.Size + _runBytes, EntryBytes);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(entry, key);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(entry[16..], forgetAtMs);
            _runBytes += EntryBytes;
            Count++;
            if (_runBytes < FoldEntries * EntryBytes) return;
            Digest.CopyTo(_text);
            Digest = Sha.Of(_text);
            _runBytes = 0;
        }

        public void Clear()
        {
            First = -1;
            Last = -1;
            Count = 0;
            Digest = default;
            _runBytes = 0;
        }
    }
}

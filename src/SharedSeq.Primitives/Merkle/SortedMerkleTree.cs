namespace SharedSeq.Primitives;

/// <summary>
/// A map from u64 keys to 32-byte values kept with its Merkle tree (<see cref="SortedMerkle"/>). Changing values costs
/// O(log n) hashes each, shared where their paths meet; a new key costs O(n) (a key above all others O(log n)). The
/// nodes are brought up to date when a root or proof is asked for. Not safe for parallel use.
/// </summary>
public sealed class SortedMerkleTree
{
    private ulong[] _keys;
    private Hash32[] _values;

    // _levels[0] holds leaf hashes; level k has ceil(count / 2^k) nodes in use; capacities only grow.
    private readonly List<Hash32[]> _levels;
    private int _count;

    // Leaves whose value changed since the last update, and the first leaf from which on everything moved.
    private readonly List<int> _changed = [];
    private int _movedFrom = int.MaxValue;

    /// <summary>An empty map with room for <paramref name="capacity"/> keys before it grows.</summary>
    public SortedMerkleTree(int capacity = 16)
    {
        _keys = new ulong[int.Max(capacity, 1)];
        _values = new Hash32[_keys.Length];
        _levels = [new Hash32[_keys.Length]];
    }

    /// <summary>Keys in the map.</summary>
    public int Count => _count;

    /// <summary>The keys in ascending order; valid until the next <see cref="Set"/>.</summary>
    public ReadOnlySpan<ulong> Keys => _keys.AsSpan(0, _count);

    /// <summary>The value of a key.</summary>
    public bool TryGet(ulong key, out Hash32 value)
    {
        int index = Keys.BinarySearch(key);
        value = index >= 0 ? _values[index] : default;
        return index >= 0;
    }

    /// <summary>Sets the value of a key, new or not.</summary>
    public void Set(ulong key, in Hash32 value)
    {
        int index = Keys.BinarySearch(key);
        if (index < 0)
        {
            Insert(~index, key, value);
            return;
        }
        if (_values[index] == value) return;
        _values[index] = value;
        _levels[0][index] = SortedMerkle.LeafHash(key, value);
        if (index >= _movedFrom) return;
        _changed.Add(index);
        if (_changed.Count <= _count) return;
        // The same keys changed again and again with no root asked for: one full update is cheaper than a growing list.
        _changed.Clear();
        _movedFrom = 0;
    }

    /// <summary>The RFC 6962 root over the leaves.</summary>
    public Hash32 Root()
    {
        Update();
        return _count == 0 ? MerkleTree.EmptyRoot : _levels[Depth()][0];
    }

    /// <summary>The commitment under a tag: what is signed or put into a result.</summary>
    public Hash32 Commitment(ReadOnlySpan<byte> tag) => SortedMerkle.Commit(tag, (ulong)_count, Root());

    /// <summary>A proof of the key's value when it is there, of its absence when it is not.</summary>
    public SortedMerkleProof Prove(ulong key)
    {
        Update();
        int index = Keys.BinarySearch(key);
        if (index >= 0) return SortedMerkleProof.Present(PathOf(index));
        int next = ~index;
        SortedMerkleNeighbour? left = next > 0 ? NeighbourAt(next - 1) : null;
        SortedMerkleNeighbour? right = next < _count ? NeighbourAt(next) : null;
        return SortedMerkleProof.Absent(left, right);
    }

    /// <summary>An independent copy, such as the state at one height. O(n).</summary>
    public SortedMerkleTree Clone()
    {
        Update();
        SortedMerkleTree copy = new(_count);
        Keys.CopyTo(copy._keys);
        _values.AsSpan(0, _count).CopyTo(copy._values);
        copy._levels.Clear();
        for (int level = 0; level <= Depth(); level++)
        {
            Hash32[] nodes = new Hash32[int.Max(WidthOf(level), 1)];
            _levels[level].AsSpan(0, WidthOf(level)).CopyTo(nodes);
            copy._levels.Add(nodes);
        }
        copy._count = _count;
        return copy;
    }

    private void Insert(int index, ulong key, in Hash32 value)
    {
        if (_count == _keys.Length)
        {
            Array.Resize(ref _keys, 2 * _count);
            Array.Resize(ref _values, 2 * _count);
        }
        Hash32[] leaves = LevelWithRoomFor(0, _count + 1);
        int moved = _count - index;
        Array.Copy(_keys, index, _keys, index + 1, moved);
        Array.Copy(_values, index, _values, index + 1, moved);
        Array.Copy(leaves, index, leaves, index + 1, moved);
        _keys[index] = key;
        _values[index] = value;
        leaves[index] = SortedMerkle.LeafHash(key, value);
        _count++;
        _movedFrom = int.Min(_movedFrom, index);
    }

    private void Update()
    {
        if (_changed.Count == 0 && _movedFrom == int.MaxValue) return;
        _changed.Sort();
        for (int level = 0; level < Depth(); level++)
        {
            Hash32[] below = _levels[level];
            int width = WidthOf(level);
            int widthAbove = WidthOf(level + 1);
            Hash32[] above = LevelWithRoomFor(level + 1, widthAbove);
            int movedAbove = _movedFrom >> (level + 1);
            int updated = -1;
            foreach (int leaf in _changed)
            {
                int parent = leaf >> (level + 1);
                if (parent == updated) continue;
                if (parent >= movedAbove) break;
                above[parent] = MerkleTree.Parent(below, width, parent);
                updated = parent;
            }
            for (int parent = movedAbove; parent < widthAbove; parent++)
                above[parent] = MerkleTree.Parent(below, width, parent);
        }
        _changed.Clear();
        _movedFrom = int.MaxValue;
    }

    private SortedMerkleNeighbour NeighbourAt(int index) => new(_keys[index], _values[index], PathOf(index));

    private MerkleProof PathOf(int index) => MerkleProof.FromLevels(_levels, _count, index);

    private int WidthOf(int level) => (int)((_count + (1L << level) - 1) >> level);

    /// <summary>The level of the root: the number of halvings until one node is left.</summary>
    private int Depth()
    {
        int level = 0;
        while (WidthOf(level) > 1) level++;
        return level;
    }

    private Hash32[] LevelWithRoomFor(int level, int width)
    {
        if (level == _levels.Count) _levels.Add(new Hash32[width]);
        if (_levels[level].Length < width)
        {
            Hash32[] grown = new Hash32[int.Max(width, 2 * _levels[level].Length)];
            _levels[level].CopyTo(grown, 0);
            _levels[level] = grown;
        }
        return _levels[level];
    }
}

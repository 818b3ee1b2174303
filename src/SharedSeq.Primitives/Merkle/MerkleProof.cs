using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Primitives;

/// <summary>
/// The path of one leaf in an RFC 6962 tree (its audit path). An object of this type always has the length that its
/// index and count ask for; whether it leads to a root is what <see cref="Verify"/> answers.
/// </summary>
public sealed class MerkleProof : IEquatable<MerkleProof>
{
    /// <summary>Longest path and most levels of any tree here, in nodes: a count of leaves is a u64.</summary>
    public const int MaxDepth = 64;

    private readonly Hash32[] _path;

    private MerkleProof(ulong index, ulong count, Hash32[] path)
    {
        Index = index;
        Count = count;
        _path = path;
    }

    /// <summary>The leaf's place, from 0.</summary>
    public ulong Index { get; }

    /// <summary>Leaves in the tree.</summary>
    public ulong Count { get; }

    /// <summary>Siblings from the leaf's level upwards.</summary>
    public ReadOnlySpan<Hash32> Path => _path;

    /// <summary>
    /// Makes a proof from its parts; false when index, count and length of the path do not fit together.
    /// </summary>
    public static bool TryCreate(
        ulong index, ulong count, ReadOnlySpan<Hash32> path, [NotNullWhen(true)] out MerkleProof? proof)
    {
        bool fits = index < count && path.Length == DepthOf(index, count);
        proof = fits ? new MerkleProof(index, count, path.ToArray()) : null;
        return fits;
    }

    /// <summary>The root that this path leads to from a ready leaf hash.</summary>
    public Hash32 RootFrom(in Hash32 leafHash)
    {
        Hash32 node = leafHash;
        int next = 0;
        ulong index = Index;
        for (ulong last = Count - 1; last > 0; last >>= 1, index >>= 1)
        {
            if ((index & 1) == 1) node = MerkleTree.NodeHash(_path[next++], node);
            else if (index < last) node = MerkleTree.NodeHash(node, _path[next++]);
        }
        Invariant.Check(next == _path.Length, "a path is used up at the root");
        return node;
    }

    /// <summary>
    /// Whether the leaf with this ready hash is in the tree with this root. The count is only proved where the root's
    /// owner committed to it, too (as <see cref="SortedMerkle"/> and batch headers do).
    /// </summary>
    public bool Verify(in Hash32 root, in Hash32 leafHash) => RootFrom(leafHash) == root;

    /// <summary>
    /// Index u64, count u64, path length u8, path. The length follows from the other two and must agree.
    /// </summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U64(Index);
        writer.U64(Count);
        writer.Byte((byte)_path.Length);
        foreach (Hash32 node in _path) writer.Hash(node);
    }

    public static MerkleProof Read(ref CanonicalReader reader)
    {
        ulong index = reader.U64();
        ulong count = reader.U64();
        int depth = reader.Byte();
        if (depth > MaxDepth)
            DecodeException.Throw(DecodeRejection.OverLimit, $"Merkle path: {depth} nodes, limit {MaxDepth}");
        if (index >= count) DecodeException.Throw(DecodeRejection.Malformed, "Merkle path: index not below count");
        if (depth != DepthOf(index, count))
            DecodeException.Throw(DecodeRejection.Malformed, "Merkle path: length does not fit index and count");
        Hash32[] path = new Hash32[depth];
        for (int i = 0; i < depth; i++) path[i] = reader.Hash();
        return new MerkleProof(index, count, path);
    }

    public bool Equals(MerkleProof? other) =>
        other is not null && Index == other.Index && Count == other.Count && _path.AsSpan().SequenceEqual(other._path);

    public override bool Equals(object? obj) => Equals(obj as MerkleProof);

    public override int GetHashCode() => HashCode.Combine(Index, Count);

    internal static MerkleProof FromLevels(IReadOnlyList<Hash32[]> levels, int count, int index)
    {
        Hash32[] path = new Hash32[DepthOf((ulong)index, (ulong)count)];
        int next = 0;
        int at = index;
        for (int level = 0, last = count - 1; last > 0; level++, last >>= 1, at >>= 1)
        {
            if ((at ^ 1) <= last) path[next++] = levels[level][at ^ 1];
        }
        return new MerkleProof((ulong)index, (ulong)count, path);
    }

    private static int DepthOf(ulong index, ulong count)
    {
        int depth = 0;
        for (ulong last = count - 1; last > 0; last >>= 1, index >>= 1)
        {
            if ((index & 1) == 1 || index < last) depth++;
        }
        return depth;
    }
}

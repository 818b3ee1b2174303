namespace SharedSeq.Primitives;

/// <summary>
/// Merkle trees after RFC 6962: SHA-256, leaf prefix 0x00, node prefix 0x01; the empty tree is SHA-256 of nothing. A
/// last node without a sibling moves up unchanged, so no two lists of leaves of one count share a root. The static
/// members compute roots; an instance keeps all nodes, to prove many leaves of one list.
/// </summary>
public sealed class MerkleTree
{
    /// <summary>The root of no leaves.</summary>
    public static readonly Hash32 EmptyRoot = Sha.Of([]);

    // _levels[0] are the leaf hashes, the last level is the root alone; empty for the empty tree.
    private readonly Hash32[][] _levels;

    private MerkleTree(Hash32[][] levels) => _levels = levels;

    public Hash32 Root => _levels.Length == 0 ? EmptyRoot : _levels[^1][0];

    public int Count => _levels.Length == 0 ? 0 : _levels[0].Length;

    /// <summary>A leaf's hash: SHA-256(0x00 || data).</summary>
    public static Hash32 LeafHash(ReadOnlySpan<byte> data) => Sha.Of([0], data);

    /// <summary>An inner node's hash: SHA-256(0x01 || left || right).</summary>
    public static Hash32 NodeHash(in Hash32 left, in Hash32 right)
    {
        Span<byte> bytes = stackalloc byte[1 + 2 * Hash32.Size];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[33..]);
        return Sha.Of(bytes);
    }

    /// <summary>The root over leaf hashes that are ready (already prefixed and hashed). Allocates nothing.</summary>
    public static Hash32 RootOfLeafHashes(ReadOnlySpan<Hash32> leafHashes)
    {
        Span<Hash32> peaks = stackalloc Hash32[MerkleProof.MaxDepth];
        ulong count = 0;
        MerkleFrontier.Append(peaks, ref count, leafHashes);
        return MerkleFrontier.Root(peaks, count);
    }

    /// <summary>The root over raw leaves, each of which is prefixed and hashed here.</summary>
    public static Hash32 RootOfRawLeaves(IEnumerable<ReadOnlyMemory<byte>> leaves)
    {
        MerkleFrontier frontier = new();
        foreach (ReadOnlyMemory<byte> leaf in leaves) frontier.Append(LeafHash(leaf.Span));
        return frontier.Root();
    }

    /// <summary>Keeps the whole tree over ready leaf hashes.</summary>
    public static MerkleTree FromLeafHashes(ReadOnlySpan<Hash32> leafHashes)
    {
        if (leafHashes.Length == 0) return new MerkleTree([]);
        List<Hash32[]> levels = [leafHashes.ToArray()];
        while (levels[^1].Length > 1)
        {
            Hash32[] below = levels[^1];
            Hash32[] level = new Hash32[(below.Length + 1) / 2];
            for (int i = 0; i < level.Length; i++) level[i] = Parent(below, below.Length, i);
            levels.Add(level);
        }
        return new MerkleTree([.. levels]);
    }

    /// <summary>Keeps the whole tree over raw leaves, each of which is prefixed and hashed here.</summary>
    public static MerkleTree FromRawLeaves(IReadOnlyList<ReadOnlyMemory<byte>> leaves)
    {
        Hash32[] hashes = new Hash32[leaves.Count];
        for (int i = 0; i < hashes.Length; i++) hashes[i] = LeafHash(leaves[i].Span);
        return FromLeafHashes(hashes);
    }

    /// <summary>One path for neighbouring leaves, in O(log n).</summary>
    public MerkleRangeProof ProveRange(int first, int length)
    {
        Invariant.Check(first >= 0 && length > 0 && first <= Count - length, "a range proof covers leaves that exist");
        return MerkleRangeProof.FromLevels(_levels, Count, first, length);
    }

    /// <summary>The path of one leaf, in O(log n).</summary>
    public MerkleProof Prove(int index)
    {
        Invariant.Check(index >= 0 && index < Count, "a proof is asked for a leaf that exists");
        return MerkleProof.FromLevels(_levels, Count, index);
    }

    /// <summary>
    /// Node <paramref name="index"/> of the level above <paramref name="below"/>, of which the first
    /// <paramref name="count"/> are in use.
    /// </summary>
    internal static Hash32 Parent(Hash32[] below, int count, int index) =>
        2 * index + 1 < count ? NodeHash(below[2 * index], below[2 * index + 1]) : below[2 * index];
}

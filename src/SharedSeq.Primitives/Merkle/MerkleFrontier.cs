using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// The right edge of a growing RFC 6962 tree: leaf hashes are appended without allocation and the root of everything
/// appended so far takes O(log n). It keeps one hash per full subtree (at most 64), not the leaves, so it cannot prove.
/// </summary>
public sealed class MerkleFrontier
{
    // _peaks[k] is the root of a full subtree of 2^k leaves; in use exactly when bit k of _count is set, larger ones
    // further left.
    private readonly Hash32[] _peaks = new Hash32[MerkleProof.MaxDepth];
    private ulong _count;

    /// <summary>Leaves appended.</summary>
    public ulong Count => _count;

    /// <summary>Appends one ready leaf hash.</summary>
    public void Append(in Hash32 leafHash) => Append(_peaks, ref _count, leafHash);

    /// <summary>Appends ready leaf hashes in order.</summary>
    public void Append(ReadOnlySpan<Hash32> leafHashes) => Append(_peaks, ref _count, leafHashes);

    /// <summary>Prefixes and hashes one raw leaf, then appends it.</summary>
    public void AppendRaw(ReadOnlySpan<byte> leaf) => Append(MerkleTree.LeafHash(leaf));

    /// <summary>The root over all leaves appended so far.</summary>
    public Hash32 Root() => Root(_peaks, _count);

    /// <summary>An independent copy, such as the state at one height.</summary>
    public MerkleFrontier Clone()
    {
        MerkleFrontier copy = new() { _count = _count };
        _peaks.CopyTo(copy._peaks.AsSpan());
        return copy;
    }

    /// <summary>Starts over with no leaves.</summary>
    public void Reset() => _count = 0;

    /// <summary>Count u64, then the hashes in use from the smallest subtree to the largest.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U64(_count);
        for (int level = 0; level < _peaks.Length; level++)
        {
            if ((_count >> level & 1) == 1) writer.Hash(_peaks[level]);
        }
    }

    public static MerkleFrontier Read(ref CanonicalReader reader)
    {
        MerkleFrontier frontier = new();
        frontier.Restore(ref reader);
        return frontier;
    }

    /// <summary>Replaces this frontier by what <see cref="Write"/> wrote.</summary>
    public void Restore(ref CanonicalReader reader)
    {
        _count = reader.U64();
        for (int level = 0; level < _peaks.Length; level++)
        {
            if ((_count >> level & 1) == 1) _peaks[level] = reader.Hash();
        }
    }

    internal static void Append(Span<Hash32> peaks, ref ulong count, ReadOnlySpan<Hash32> leafHashes)
    {
        foreach (ref readonly Hash32 leafHash in leafHashes) Append(peaks, ref count, leafHash);
    }

    internal static Hash32 Root(ReadOnlySpan<Hash32> peaks, ulong count)
    {
        if (count == 0) return MerkleTree.EmptyRoot;
        int level = BitOperations.TrailingZeroCount(count);
        Hash32 root = peaks[level];
        for (level++; level < MerkleProof.MaxDepth; level++)
        {
            if ((count >> level & 1) == 1) root = MerkleTree.NodeHash(peaks[level], root);
        }
        return root;
    }

    private static void Append(Span<Hash32> peaks, ref ulong count, in Hash32 leafHash)
    {
        Hash32 node = leafHash;
        int level = 0;
        for (; (count >> level & 1) == 1; level++) node = MerkleTree.NodeHash(peaks[level], node);
        peaks[level] = node;
        count++;
    }
}

namespace SharedSeq.Primitives;

/// <summary>Merkle trees after RFC 6962: SHA-256, leaf prefix 0x00, node prefix 0x01; the empty tree is SHA-256 of nothing.</summary>
public static class MerkleTree
{
    /// <summary>The root over leaf hashes that are ready (already prefixed and hashed).</summary>
    public static Hash32 RootOfLeafHashes(ReadOnlySpan<Hash32> leaves)
    {
        if (leaves.Length == 0) return Sha.Of([]);
        if (leaves.Length == 1) return leaves[0];
        int split = 1;
        while (split * 2 < leaves.Length) split *= 2;
        return Node(RootOfLeafHashes(leaves[..split]), RootOfLeafHashes(leaves[split..]));
    }

    private static Hash32 Node(Hash32 left, Hash32 right)
    {
        Span<byte> bytes = stackalloc byte[65];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[33..]);
        return Sha.Of(bytes);
    }
}

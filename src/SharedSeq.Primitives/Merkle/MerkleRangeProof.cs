namespace SharedSeq.Primitives;

/// <summary>
/// The path of neighbouring leaves First..First+Length-1 in an RFC 6962 tree: at most two nodes a level, however many leaves it covers. A client
/// that sent transactions side by side proves all of them with one. An object of this type always has as many nodes as its numbers ask for.
/// </summary>
public sealed class MerkleRangeProof
{
    private readonly Hash32[] _nodes;

    private MerkleRangeProof(ulong first, uint length, ulong count, Hash32[] nodes)
    {
        First = first;
        Length = length;
        Count = count;
        _nodes = nodes;
    }

    /// <summary>The first leaf's place, from 0.</summary>
    public ulong First { get; }

    /// <summary>Leaves covered, at least 1.</summary>
    public uint Length { get; }

    /// <summary>Leaves in the tree.</summary>
    public ulong Count { get; }

    /// <summary>Neighbours of the covered nodes from the leaves upwards, left before right on each level.</summary>
    public ReadOnlySpan<Hash32> Nodes => _nodes;

    internal static MerkleRangeProof FromLevels(IReadOnlyList<Hash32[]> levels, int count, int first, int length)
    {
        var nodes = new Hash32[NodesOf((ulong)first, (uint)length, (ulong)count)];
        int next = 0;
        int low = first;
        int high = first + length - 1;
        for (int level = 0, width = count; width > 1; level++, width = (width + 1) / 2, low >>= 1, high >>= 1)
        {
            if ((low & 1) == 1) nodes[next++] = levels[level][low - 1];
            if ((high & 1) == 0 && high + 1 < width) nodes[next++] = levels[level][high + 1];
        }

        return new MerkleRangeProof((ulong)first, (uint)length, (ulong)count, nodes);
    }

    /// <summary>Whether these ready leaf hashes are the covered leaves of the tree with this root.</summary>
    public bool Verify(in Hash32 root, ReadOnlySpan<Hash32> leafHashes)
    {
        if ((uint)leafHashes.Length != Length) return false;
        Hash32[] level = new Hash32[leafHashes.Length + 2];
        leafHashes.CopyTo(level.AsSpan(1));
        int begin = 1;
        int used = leafHashes.Length;
        int next = 0;
        ulong low = First;
        ulong high = First + Length - 1;
        for (ulong count = Count; count > 1; count = (count + 1) / 2, low >>= 1, high >>= 1)
        {
            if ((low & 1) == 1)
            {
                level[--begin] = _nodes[next++];
                used++;
            }

            if ((high & 1) == 0 && high + 1 < count) level[begin + used++] = _nodes[next++];
            int parents = (used + 1) / 2;
            for (int i = 0; i < parents; i++)
            {
                Hash32 left = level[begin + (2 * i)];
                level[1 + i] = (2 * i) + 1 < used ? MerkleTree.NodeHash(left, level[begin + (2 * i) + 1]) : left;
            }

            begin = 1;
            used = parents;
        }

        return level[begin] == root;
    }

    /// <summary>First u64, length u32, count u64, nodes; their number follows from the others.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U64(First);
        writer.U32(Length);
        writer.U64(Count);
        foreach (Hash32 node in _nodes) writer.Hash(node);
    }

    public static MerkleRangeProof Read(ref CanonicalReader reader)
    {
        ulong first = reader.U64();
        uint length = reader.U32();
        ulong count = reader.U64();
        if (length == 0 || count > long.MaxValue || length > count || first > count - length)
            DecodeException.Throw(DecodeRejection.Malformed, "Merkle range: covers leaves that do not exist");
        int needed = NodesOf(first, length, count);
        if ((long)needed * Hash32.Size > reader.Remaining) DecodeException.Throw(DecodeRejection.Truncated, "Merkle range");
        var nodes = new Hash32[needed];
        for (int i = 0; i < needed; i++) nodes[i] = reader.Hash();
        return new MerkleRangeProof(first, length, count, nodes);
    }

    private static int NodesOf(ulong first, uint length, ulong count)
    {
        int nodes = 0;
        ulong low = first;
        ulong high = first + length - 1;
        for (; count > 1; count = (count + 1) / 2, low >>= 1, high >>= 1)
        {
            if ((low & 1) == 1) nodes++;
            if ((high & 1) == 0 && high + 1 < count) nodes++;
        }

        return nodes;
    }
}

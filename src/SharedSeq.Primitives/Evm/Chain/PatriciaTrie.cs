namespace SharedSeq.Primitives;

/// <summary>Roots of Ethereum's Merkle Patricia tries, built from all their entries.</summary>
/// <remarks>Source: Ethereum Yellow Paper, appendix D.</remarks>
public static class PatriciaTrie
{
    /// <summary>The root of a trie without entries: the hash of the empty string.</summary>
    public static readonly Hash32 EmptyRoot = Keccak256.Of([0x80]);

    /// <summary>The root of a list: its keys are the places as RLP. Receipts and transactions are committed to so.</summary>
    public static Hash32 RootOfList(IReadOnlyList<byte[]> values) =>
        RootOf(values.Select((value, place) => (new RlpWriter().Number((ulong)place).ToArray(), value)));

    /// <summary>The root of entries with different keys and values that are not empty, in any order.</summary>
    public static Hash32 RootOf(IEnumerable<(byte[] Key, byte[] Value)> entries)
    {
        Entry[] sorted = [.. entries.Select(entry => new Entry(Nibbles(entry.Key), entry.Value))];
        if (sorted.Length == 0) return EmptyRoot;
        Array.Sort(sorted, (x, y) => x.Nibbles.AsSpan().SequenceCompareTo(y.Nibbles));
        return Keccak256.Of(Node(sorted, 0));
    }

    internal static byte[] Nibbles(ReadOnlySpan<byte> key)
    {
        byte[] nibbles = new byte[2 * key.Length];
        for (int i = 0; i < nibbles.Length; i++) nibbles[i] = (byte)(i % 2 == 0 ? key[i / 2] >> 4 : key[i / 2] & 0x0F);
        return nibbles;
    }

    /// <summary>The node over entries that agree in their first nibbles.</summary>
    private static byte[] Node(ReadOnlySpan<Entry> entries, int depth)
    {
        if (entries.Length == 1)
        {
            byte[] path = HexPrefix(entries[0].Nibbles.AsSpan(depth), isLeaf: true);
            return new RlpWriter().List(new RlpWriter().Bytes(path).Bytes(entries[0].Value)).ToArray();
        }

        // Sorted, so that what the first and the last share is shared by all.
        int shared = entries[0].Nibbles.AsSpan(depth).CommonPrefixLength(entries[^1].Nibbles.AsSpan(depth));
        if (shared == 0) return Branch(entries, depth);
        byte[] prefix = HexPrefix(entries[0].Nibbles.AsSpan(depth, shared), isLeaf: false);
        var items = new RlpWriter().Bytes(prefix);
        AddReference(items, Branch(entries, depth + shared));
        return new RlpWriter().List(items).ToArray();
    }

    private static byte[] Branch(ReadOnlySpan<Entry> entries, int depth)
    {
        var items = new RlpWriter(17 * 33);
        byte[] own = [];
        // A key that ends here comes before all that go on.
        if (entries[0].Nibbles.Length == depth)
        {
            own = entries[0].Value;
            entries = entries[1..];
        }

        for (int nibble = 0; nibble < 16; nibble++)
        {
            int count = 0;
            while (count < entries.Length && entries[count].Nibbles[depth] == nibble) count++;
            if (count == 0) items.Bytes([]);
            else AddReference(items, Node(entries[..count], depth + 1));
            entries = entries[count..];
        }

        return new RlpWriter().List(items.Bytes(own)).ToArray();
    }

    /// <summary>A node of 32 bytes or more is named by its hash, a shorter one stands in its parent.</summary>
    private static void AddReference(RlpWriter items, byte[] node)
    {
        if (node.Length < Hash32.Size) items.Raw(node);
        else items.Bytes(Keccak256.Of(node).ToArray());
    }

    /// <summary>Nibbles as bytes: the first holds whether their number is odd and whether a leaf follows.</summary>
    private static byte[] HexPrefix(ReadOnlySpan<byte> nibbles, bool isLeaf)
    {
        byte[] path = new byte[1 + (nibbles.Length / 2)];
        int flags = isLeaf ? 2 : 0;
        if (nibbles.Length % 2 == 1)
        {
            path[0] = (byte)(((flags | 1) << 4) | nibbles[0]);
            nibbles = nibbles[1..];
        }
        else
        {
            path[0] = (byte)(flags << 4);
        }

        for (int i = 0; i < nibbles.Length; i += 2) path[1 + (i / 2)] = (byte)((nibbles[i] << 4) | nibbles[i + 1]);
        return path;
    }

    private readonly record struct Entry(byte[] Nibbles, byte[] Value);
}

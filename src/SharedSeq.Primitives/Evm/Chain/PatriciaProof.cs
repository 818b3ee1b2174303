namespace SharedSeq.Primitives;

/// <summary>Why the nodes of a proof prove nothing. Pinned: labels of metrics.</summary>
public enum PatriciaRejection : byte
{
    /// <summary>They prove the value, or that there is none.</summary>
    None = 0,

    /// <summary>The way goes on and there is no node for it.</summary>
    MissingNode = 1,

    /// <summary>A node does not hash to what its parent, or the root, says.</summary>
    WrongHash = 2,

    /// <summary>A node is none: no branch, extension or leaf in the form that the trie has.</summary>
    MalformedNode = 3,

    /// <summary>Nodes are left over.</summary>
    TrailingNodes = 4,

    /// <summary>The value is none of the kind that is asked for.</summary>
    MalformedValue = 5,
}

/// <summary>Verifies the proof of one entry of a Merkle Patricia trie against its root (EIP-1186).</summary>
public static class PatriciaProof
{
    /// <summary>
    /// Follows the hash of a key from the root; <paramref name="value"/> is what the trie holds for it, empty when it
    /// holds nothing.
    /// </summary>
    /// <param name="root">The trie's root, from a header or an account that is proved.</param>
    /// <param name="key">What was hashed to the trie's key: an address, or a slot in 32 bytes.</param>
    /// <param name="nodes">From the root on, each as RLP; nodes below 32 bytes stand in their parents.</param>
    /// <param name="value">The value.</param>
    public static PatriciaRejection Verify(
        Hash32 root, ReadOnlySpan<byte> key, IReadOnlyList<byte[]> nodes, out byte[] value)
    {
        value = [];
        // Some clients show the empty trie as no nodes, some as its encoding.
        if (root == PatriciaTrie.EmptyRoot && (nodes.Count == 0 || nodes is [[0x80]])) return PatriciaRejection.None;
        ReadOnlySpan<byte> path = PatriciaTrie.Nibbles(Keccak256.Of(key).ToArray());
        ReadOnlySpan<byte> reference = new RlpWriter().Bytes(root.ToArray()).Written;
        int used = 0;
        while (true)
        {
            PatriciaRejection rejection = Resolve(reference, nodes, ref used, out ReadOnlySpan<byte> node);
            if (rejection != PatriciaRejection.None) return rejection;
            if (!TryStep(node, ref path, out reference, out ReadOnlySpan<byte> found)) return PatriciaRejection.MalformedNode;
            if (!reference.IsEmpty) continue;
            value = found.ToArray();
            return used == nodes.Count ? PatriciaRejection.None : PatriciaRejection.TrailingNodes;
        }
    }

    /// <summary>The node that a reference names: the next of the proof, or the reference itself when it is a node.</summary>
    private static PatriciaRejection Resolve(
        ReadOnlySpan<byte> reference, IReadOnlyList<byte[]> nodes, scoped ref int used, out ReadOnlySpan<byte> node)
    {
        node = reference;
        if (new RlpReader(reference).IsAtList) return PatriciaRejection.None;
        var reader = new RlpReader(reference);
        if (!reader.TryFixed(Hash32.Size, out ReadOnlySpan<byte> hash)) return PatriciaRejection.MalformedNode;
        if (used == nodes.Count) return PatriciaRejection.MissingNode;
        node = nodes[used++];
        return Keccak256.Of(node) == new Hash32(hash) ? PatriciaRejection.None : PatriciaRejection.WrongHash;
    }

    /// <summary>
    /// One node further: what is left of the path and the reference to go on with, or no reference and what was found.
    /// </summary>
    private static bool TryStep(
        ReadOnlySpan<byte> node, scoped ref ReadOnlySpan<byte> path, out ReadOnlySpan<byte> reference, out ReadOnlySpan<byte> value)
    {
        reference = value = default;
        var outer = new RlpReader(node);
        if (!outer.TryList(out RlpReader items) || !outer.AtEnd) return false;
        RlpReader counting = items;
        int count = 0;
        while (!counting.AtEnd)
        {
            if (++count > 17 || !counting.TryEncoded(out _)) return false;
        }

        if (count == 2) return TryPath(items, ref path, out reference, out value);
        if (count != 17) return false;
        int place = path.IsEmpty ? 16 : path[0];
        for (int i = 0; i < place; i++) items.TryEncoded(out _);
        if (path.IsEmpty) return items.TryBytes(out value);
        path = path[1..];
        return TryReference(ref items, out reference);
    }

    private static bool TryPath(
        RlpReader items, scoped ref ReadOnlySpan<byte> path, out ReadOnlySpan<byte> reference, out ReadOnlySpan<byte> value)
    {
        reference = value = default;
        if (!items.TryBytes(out ReadOnlySpan<byte> prefix) || prefix.IsEmpty) return false;
        ReadOnlySpan<byte> nibbles = PatriciaTrie.Nibbles(prefix);
        bool isLeaf = nibbles[0] is 2 or 3, isOdd = nibbles[0] is 1 or 3;
        if (nibbles[0] > 3 || (!isOdd && nibbles[1] != 0)) return false;
        nibbles = nibbles[(isOdd ? 1 : 2)..];
        if (isLeaf)
        {
            if (!items.TryBytes(out ReadOnlySpan<byte> held) || held.IsEmpty) return false;
            if (path.SequenceEqual(nibbles)) value = held;
            return true;
        }

        if (nibbles.IsEmpty) return false;
        bool isOn = path.StartsWith(nibbles);
        if (isOn) path = path[nibbles.Length..];
        // The way ends where the trie goes elsewhere: there is no such entry.
        return !isOn || (TryReference(ref items, out reference) && !reference.IsEmpty);
    }

    /// <summary>A child: a hash, a short node, or nothing.</summary>
    private static bool TryReference(scoped ref RlpReader items, out ReadOnlySpan<byte> reference)
    {
        if (!items.TryEncoded(out reference)) return false;
        bool isNothing = reference.SequenceEqual((ReadOnlySpan<byte>)[0x80]);
        if (isNothing) reference = default;
        return true;
    }
}

using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Where a namespace stands after a height: its newest block, and how far the open one has grown.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Number">Number of the newest block; 0 when there is none yet.</param>
/// <param name="Hash">Its hash; the namespace's genesis hash when there is none yet.</param>
/// <param name="OpenCount">Transactions in the open block.</param>
/// <param name="OpenRoot">RFC 6962 root over their TxIds.</param>
public readonly record struct NamespaceHead(NamespaceId Namespace, ulong Number, Hash32 Hash, uint OpenCount, Hash32 OpenRoot)
{
    /// <summary>The value under the namespace's id in NamespacesRoot: SHA-256("SharedSeq.head" || encoding).</summary>
    public Hash32 Value
    {
        get
        {
            Span<byte> bytes = stackalloc byte[14 + 8 + 8 + 32 + 4 + 32];
            "SharedSeq.head"u8.CopyTo(bytes);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[14..], Namespace.Value);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[22..], Number);
            Hash.CopyTo(bytes[30..]);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[62..], OpenCount);
            OpenRoot.CopyTo(bytes[66..]);
            return Sha.Of(bytes);
        }
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Namespace.Value);
        writer.U64(Number);
        writer.Hash(Hash);
        writer.U32(OpenCount);
        writer.Hash(OpenRoot);
    }

    public static NamespaceHead Read(ref CanonicalReader reader) =>
        new(new NamespaceId(reader.U64()), reader.U64(), reader.Hash(), reader.U32(), reader.Hash());
}

/// <summary>All namespaces' heads after one height, as NamespacesRoot commits to them: what membership and absence are proved from.</summary>
public sealed class NamespaceHeads
{
    private readonly NamespaceHead[] _heads;
    private readonly SortedMerkleTree _tree;

    internal NamespaceHeads(NamespaceHead[] heads, SortedMerkleTree tree)
    {
        _heads = heads;
        _tree = tree;
    }

    /// <summary>Opens the commitment: namespacesRoot = SHA-256(tag || count u64 || RFC 6962 root).</summary>
    public static ReadOnlySpan<byte> Tag => "SharedSeq.namespaces"u8;

    /// <summary>Ascending by namespace.</summary>
    public IReadOnlyList<NamespaceHead> Heads => _heads;

    public Hash32 Root => _tree.Commitment(Tag);

    /// <summary>The head of a namespace; false when it is not registered.</summary>
    public bool TryGet(NamespaceId id, out NamespaceHead head)
    {
        int index = _tree.Keys.BinarySearch(id.Value);
        head = index >= 0 ? _heads[index] : default;
        return index >= 0;
    }

    /// <summary>Proves the namespace's head when it is registered, its absence when it is not.</summary>
    public SortedMerkleProof Prove(NamespaceId id) => _tree.Prove(id.Value);

    /// <summary>Count u32, then each head: what a node keeps to prove from later.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U32((uint)_heads.Length);
        foreach (NamespaceHead head in _heads) head.Write(writer);
    }

    public static NamespaceHeads Read(ref CanonicalReader reader)
    {
        uint count = reader.U32();
        if (count > (uint)reader.Remaining / 84) DecodeException.Throw(DecodeRejection.Truncated, "namespace heads");
        var heads = new NamespaceHead[count];
        var tree = new SortedMerkleTree((int)count);
        for (int i = 0; i < heads.Length; i++)
        {
            heads[i] = NamespaceHead.Read(ref reader);
            if (i > 0 && heads[i - 1].Namespace >= heads[i].Namespace) DecodeException.Throw(DecodeRejection.NotCanonical, "namespaces ascend");
            tree.Set(heads[i].Namespace.Value, heads[i].Value);
        }

        return new NamespaceHeads(heads, tree);
    }
}

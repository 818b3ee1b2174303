using System.Buffers.Binary;

namespace SharedSeq.Primitives;

/// <summary>
/// A commitment to a map from u64 keys to 32-byte values that can also prove a key's absence (ordering.md 4): leaves
/// SHA-256(0x00 || key || value) in strictly ascending order of keys, an RFC 6962 tree over them, and SHA-256(tag ||
/// count || root) as the commitment.
/// </summary>
public static class SortedMerkle
{
    /// <summary>Longest tag, in bytes.</summary>
    public const int MaxTagBytes = 64;

    /// <summary>The leaf hash of one entry; the key is in it, so a value cannot be moved to another key.</summary>
    public static Hash32 LeafHash(ulong key, in Hash32 value)
    {
        Span<byte> bytes = stackalloc byte[1 + 8 + Hash32.Size];
        bytes[0] = 0;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], key);
        value.CopyTo(bytes[9..]);
        return Sha.Of(bytes);
    }

    /// <summary>
    /// SHA-256(tag || count u64 || root). The tag names the use. Its first byte must be printable: then no commitment
    /// can be read as a leaf or a node (0x00, 0x01), and the fixed length behind it keeps different tags apart.
    /// </summary>
    public static Hash32 Commit(ReadOnlySpan<byte> tag, ulong count, in Hash32 root)
    {
        Invariant.Check(tag.Length is > 0 and <= MaxTagBytes && tag[0] > 0x20, "a tag is a short printable name");
        Span<byte> bytes = stackalloc byte[tag.Length + 8 + Hash32.Size];
        tag.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[tag.Length..], count);
        root.CopyTo(bytes[(tag.Length + 8)..]);
        return Sha.Of(bytes);
    }
}

using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The value of a slot: (height, block hash), or skip (⊥), which is all zero. The height is part of the voted value, so that a certificate
/// alone tells a leader its parent's height.
/// </summary>
public readonly record struct BlockId(Height Height, Hash32 Hash) : IComparable<BlockId>
{
    public const int Size = 8 + Hash32.Size;

    /// <summary>⊥: the slot ends without a block.</summary>
    public static readonly BlockId Skip;

    public bool IsSkip => Hash.IsZero;

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Height.Value);
        writer.Hash(Hash);
    }

    public static BlockId Read(ref CanonicalReader reader)
    {
        var id = new BlockId(new Height(reader.U64()), reader.Hash());
        if (id.IsSkip && id.Height != Height.Zero)
            DecodeException.Throw(DecodeRejection.NotCanonical, "skip has height 0");
        return id;
    }

    public int CompareTo(BlockId other)
    {
        int byHeight = Height.CompareTo(other.Height);
        return byHeight != 0 ? byHeight : Hash.CompareTo(other.Hash);
    }

    public override string ToString() => IsSkip ? "skip" : $"{Height}:{Hash.Prefix:x16}";
}

using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// What one height did, as EffectsRoot covers it: effectsRoot(h) = SHA-256(effectsRoot(h-1) || effects(h)). Because effects chain, the certificate of a
/// later height covers this one.
/// </summary>
/// <param name="Height">The height.</param>
/// <param name="BlockHash">The committed block.</param>
/// <param name="Timestamp">Its committed time.</param>
/// <param name="NamespacesRoot">Commitment over all namespaces' heads after the height.</param>
/// <param name="RejectionsRoot">RFC 6962 root over the rejections.</param>
/// <param name="Rejections">Their number.</param>
/// <param name="Duplicates">Transactions dropped because the same one was taken before.</param>
public sealed record HeightEffects(
    Height Height, Hash32 BlockHash, TimestampMs Timestamp, Hash32 NamespacesRoot, Hash32 RejectionsRoot, uint Rejections, uint Duplicates)
{
    /// <summary>SHA-256("SharedSeq.effects" || encoding).</summary>
    public Hash32 Hash
    {
        get
        {
            var writer = new CanonicalWriter(160);
            writer.Raw("SharedSeq.effects"u8);
            Write(writer);
            return Sha.Of(writer.Written);
        }
    }

    /// <summary>The effects root after these effects.</summary>
    public Hash32 RootAfter(Hash32 before) => Chain(before, Hash);

    /// <summary>SHA-256(before || effects).</summary>
    public static Hash32 Chain(Hash32 before, Hash32 effects)
    {
        System.Span<byte> bytes = stackalloc byte[2 * Hash32.Size];
        before.CopyTo(bytes);
        effects.CopyTo(bytes[Hash32.Size..]);
        return Sha.Of(bytes);
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Height.Value);
        writer.Hash(BlockHash);
        writer.U64(Timestamp.Value);
        writer.Hash(NamespacesRoot);
        writer.Hash(RejectionsRoot);
        writer.U32(Rejections);
        writer.U32(Duplicates);
    }

    public static HeightEffects Read(ref CanonicalReader reader) =>
        new(new Height(reader.U64()), reader.Hash(), new TimestampMs(reader.U64()), reader.Hash(), reader.Hash(), reader.U32(), reader.U32());
}

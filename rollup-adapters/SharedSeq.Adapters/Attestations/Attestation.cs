using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>
/// One operator's statement about an executed block. Unsigned: the node signs <see cref="WriteSigningText"/> under its
/// own domain, with the kind of attestations.
/// </summary>
public sealed record Attestation(NamespaceId Namespace, ulong Number, Hash32 Hash, Hash32 StateRoot, Hash32 SkippedRoot)
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 8 + 8 + (3 * Hash32.Size);

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Namespace.Value);
        writer.U64(Number);
        writer.Hash(Hash);
        writer.Hash(StateRoot);
        writer.Hash(SkippedRoot);
    }

    public static Attestation Read(ref CanonicalReader reader) =>
        new(new NamespaceId(reader.U64()), reader.U64(), reader.Hash(), reader.Hash(), reader.Hash());

    /// <summary>"SharedSeq.attestation" || encoding: what follows the signing domain in the signed text.</summary>
    public void WriteSigningText(CanonicalWriter writer)
    {
        writer.Raw("SharedSeq.attestation"u8);
        Write(writer);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// A member's statement that its own quorum of providers shows this L1 block and that it verified the block and all inputs up to it (V1). The digest is part
/// of it: two members with the same block and another reading of it must not count as one, and who can not check the inputs itself, a new member or an
/// observer, has the word of one honest member for them.
/// </summary>
public sealed class ViewReport(Epoch epoch, ReplicaId reporter, ulong number, Hash32 hash, Hash32 inputsDigest, Signature64 signature) : PeerMessage
{
    public override MessageKind Kind => MessageKind.ViewReport;

    public Epoch Epoch { get; } = epoch;

    public ReplicaId Reporter { get; } = reporter;

    public ulong Number { get; } = number;

    public Hash32 Hash { get; } = hash;

    public Hash32 InputsDigest { get; } = inputsDigest;

    /// <summary>The reporter's, by its node key.</summary>
    public Signature64 Signature { get; } = signature;

    public static void WriteSignedText(CanonicalWriter writer, SigningDomain domain, Epoch epoch, ulong number, Hash32 hash, Hash32 inputsDigest)
    {
        domain.Open(writer, epoch, SignedKind.ViewReport);
        writer.U64(number);
        writer.Hash(hash);
        writer.Hash(inputsDigest);
    }

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U16(Reporter.Value);
        writer.U64(Number);
        writer.Hash(Hash);
        writer.Hash(InputsDigest);
        writer.Signature(Signature);
    }

    public static ViewReport Read(ref CanonicalReader reader) =>
        new(new Epoch(reader.U64()), new ReplicaId(reader.U16()), reader.U64(), reader.Hash(), reader.Hash(), reader.Signature());
}

/// <summary>A view report inside a payload, which says what is reported.</summary>
public readonly record struct ReportSignature(ReplicaId Reporter, Signature64 Signature)
{
    public const int Size = 2 + Signature64.Size;

    public void Write(CanonicalWriter writer)
    {
        writer.U16(Reporter.Value);
        writer.Signature(Signature);
    }

    public static ReportSignature Read(ref CanonicalReader reader) => new(new ReplicaId(reader.U16()), reader.Signature());
}

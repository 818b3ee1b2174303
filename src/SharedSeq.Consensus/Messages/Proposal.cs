using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// What justifies building on a parent: the parent's certificate (absent when the parent is the epoch's genesis or the receiver has finalized it)
/// and skip certificates of the slots between, as many as fit inline; the rest is asked for by CertificateRequest.
/// </summary>
public sealed class Justification(Notarization? parent, IReadOnlyList<Notarization> skips)
{
    /// <summary>Skip certificates carried inline: 64 of about 300 bytes each stay below one frame of 64 KiB at n = 4.</summary>
    public const int MaxInline = 64;

    public static readonly Justification None = new(null, []);

    public Notarization? Parent { get; } = parent;

    public IReadOnlyList<Notarization> Skips { get; } = skips;

    public void Write(CanonicalWriter writer)
    {
        writer.Bool(Parent is not null);
        Parent?.Write(writer);
        writer.U16((ushort)Skips.Count);
        foreach (Notarization skip in Skips) skip.Write(writer);
    }

    public static Justification Read(ref CanonicalReader reader)
    {
        Notarization? parent = reader.Bool() ? Notarization.Read(ref reader) : null;
        var skips = new Notarization[reader.Count(MaxInline, 58, "skip certificates")];
        for (int i = 0; i < skips.Length; i++) skips[i] = Notarization.Read(ref reader);
        return new Justification(parent, skips);
    }
}

/// <summary>A leader's block for its slot with its signature, the PoAs of the lanes it advances, and its justification.</summary>
public sealed class Proposal(Block block, Signature64 signature, IReadOnlyList<ProofOfAvailability> proofs, Justification justification)
    : PeerMessage
{
    public override MessageKind Kind => MessageKind.Proposal;

    public Block Block { get; } = block;

    /// <summary>The leader's, over <see cref="WriteSignedText"/>.</summary>
    public Signature64 Signature { get; } = signature;

    /// <summary>PoAs of the lane tips that advance over the parent's cut.</summary>
    public IReadOnlyList<ProofOfAvailability> Proofs { get; } = proofs;

    public Justification Justification { get; } = justification;

    public Slot Slot => Block.Header.Slot;

    /// <summary>The opening, then the slot and the block hash: two different blocks signed for one slot are evidence E1.</summary>
    public static void WriteSignedText(CanonicalWriter writer, SigningDomain domain, Epoch epoch, Slot slot, BlockId block)
    {
        domain.Open(writer, epoch, SignedKind.Proposal);
        writer.U64(slot.Value);
        block.Write(writer);
    }

    public override void Write(CanonicalWriter writer)
    {
        Block.Write(writer);
        writer.Signature(Signature);
        writer.U16((ushort)Proofs.Count);
        foreach (ProofOfAvailability proof in Proofs) proof.Write(writer);
        Justification.Write(writer);
    }

    public static Proposal Read(ref CanonicalReader reader)
    {
        Block block = Block.Read(ref reader);
        Signature64 signature = reader.Signature();
        var proofs = new ProofOfAvailability[reader.Count(Header.MaxLanes, 54, "proofs of availability")];
        for (int i = 0; i < proofs.Length; i++) proofs[i] = ProofOfAvailability.Read(ref reader);
        return new Proposal(block, signature, proofs, Justification.Read(ref reader));
    }
}

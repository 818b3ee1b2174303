using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>First, Extra or Final (consensus.md 2). Values are pinned.</summary>
public enum VoteKind : byte
{
    First = 1,
    Extra = 2,
    Final = 3,
}

/// <summary>One replica's vote in one slot. Final(⊥) is malformed.</summary>
public sealed class Vote(Epoch epoch, Slot slot, VoteKind voteKind, BlockId value, ReplicaId voter, Signature64 signature) : PeerMessage
{
    public override MessageKind Kind => MessageKind.Vote;

    public Epoch Epoch { get; } = epoch;

    public Slot Slot { get; } = slot;

    public VoteKind VoteKind { get; } = voteKind;

    public BlockId Value { get; } = value;

    public ReplicaId Voter { get; } = voter;

    public Signature64 Signature { get; } = signature;

    /// <summary>The text a voter signs: the opening, then slot and value. The kind is in the opening.</summary>
    public static void WriteSignedText(CanonicalWriter writer, SigningDomain domain, Epoch epoch, Slot slot, VoteKind kind, BlockId value)
    {
        domain.Open(writer, epoch, (SignedKind)((byte)SignedKind.FirstVote + (byte)kind - 1));
        writer.U64(slot.Value);
        value.Write(writer);
    }

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Slot.Value);
        writer.Byte((byte)VoteKind);
        Value.Write(writer);
        writer.U16(Voter.Value);
        writer.Signature(Signature);
    }

    public static Vote Read(ref CanonicalReader reader)
    {
        var epoch = new Epoch(reader.U64());
        var slot = new Slot(reader.U64());
        var kind = (VoteKind)reader.Byte();
        if (kind is < VoteKind.First or > VoteKind.Final) DecodeException.Throw(DecodeRejection.UnknownValue, "vote kind");
        BlockId value = BlockId.Read(ref reader);
        if (kind == VoteKind.Final && value.IsSkip) DecodeException.Throw(DecodeRejection.Malformed, "Final(skip) does not exist");
        if (slot == Slot.Zero) DecodeException.Throw(DecodeRejection.Malformed, "slot 0 is genesis and has no votes");
        return new Vote(epoch, slot, kind, value, new ReplicaId(reader.U16()), reader.Signature());
    }

    public override string ToString() => $"{VoteKind}({Slot},{Value}) by {Voter}";
}

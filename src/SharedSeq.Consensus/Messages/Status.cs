using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A replica's own account of where it is, signed with its node key: a hint for sync, and what ends a dead leader's short timeout (R5).</summary>
public sealed class Status(Epoch epoch, ReplicaId replica, Slot finalSlot, BlockId final, Slot current, Signature64 signature) : PeerMessage
{
    public override MessageKind Kind => MessageKind.Status;

    public Epoch Epoch { get; } = epoch;

    public ReplicaId Replica { get; } = replica;

    public Slot FinalSlot { get; } = finalSlot;

    public BlockId Final { get; } = final;

    /// <summary>The slot the replica is in.</summary>
    public Slot Current { get; } = current;

    public Signature64 Signature { get; } = signature;

    public static void WriteSignedText(
        CanonicalWriter writer, SigningDomain domain, Epoch epoch, Slot finalSlot, BlockId final, Slot current)
    {
        domain.Open(writer, epoch, SignedKind.Status);
        writer.U64(finalSlot.Value);
        final.Write(writer);
        writer.U64(current.Value);
    }

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U16(Replica.Value);
        writer.U64(FinalSlot.Value);
        Final.Write(writer);
        writer.U64(Current.Value);
        writer.Signature(Signature);
    }

    public static Status Read(ref CanonicalReader reader) =>
        new(new Epoch(reader.U64()), new ReplicaId(reader.U16()), new Slot(reader.U64()), BlockId.Read(ref reader),
            new Slot(reader.U64()), reader.Signature());
}

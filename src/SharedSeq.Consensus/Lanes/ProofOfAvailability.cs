using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// A replica's statement that it has stored a batch and the lane below it, made at the committed height it names. Signed with the node key.
/// At most one digest is acknowledged per lane and sequence; two are evidence E6.
/// </summary>
public sealed class Ack(LaneTip tip, ReplicaId acker, Height height, Signature64 signature) : PeerMessage
{
    public override MessageKind Kind => MessageKind.Ack;

    public LaneTip Tip { get; } = tip;

    public ReplicaId Acker { get; } = acker;

    /// <summary>The acker's committed height when it signed; a receipt's deadline counts from the highest one (ordering.md 5).</summary>
    public Height Height { get; } = height;

    public Signature64 Signature { get; } = signature;

    public static void WriteSignedText(CanonicalWriter writer, SigningDomain domain, LaneTip tip, Height height)
    {
        domain.Open(writer, tip.Lane.Epoch, SignedKind.Ack);
        tip.Write(writer);
        writer.U64(height.Value);
    }

    public override void Write(CanonicalWriter writer)
    {
        Tip.Write(writer);
        writer.U16(Acker.Value);
        writer.U64(Height.Value);
        writer.Signature(Signature);
    }

    public static Ack Read(ref CanonicalReader reader) =>
        new(LaneTip.Read(ref reader), new ReplicaId(reader.U16()), new Height(reader.U64()), reader.Signature());
}

/// <summary>One ack inside a PoA.</summary>
public readonly record struct AckSignature(ReplicaId Acker, Height Height, Signature64 Signature);

/// <summary>PoA: acks of q distinct members for one lane tip. Two PoAs for one place of a lane always name the same digest.</summary>
public sealed class ProofOfAvailability : PeerMessage
{
    private readonly AckSignature[] _acks;

    /// <param name="tip">The batch, and with it the lane below it.</param>
    /// <param name="acks">Sorted by acker, each once.</param>
    public ProofOfAvailability(LaneTip tip, IReadOnlyList<AckSignature> acks)
    {
        Tip = tip;
        _acks = [.. acks];
    }

    public override MessageKind Kind => MessageKind.ProofOfAvailability;

    public LaneTip Tip { get; }

    public ReadOnlySpan<AckSignature> Acks => _acks;

    /// <summary>The highest height an ack names: the base of the receipt's deadline.</summary>
    public Height HighestHeight
    {
        get
        {
            Height highest = Height.Zero;
            foreach (AckSignature ack in _acks)
            {
                if (ack.Height > highest) highest = ack.Height;
            }

            return highest;
        }
    }

    public override void Write(CanonicalWriter writer)
    {
        Tip.Write(writer);
        writer.U16((ushort)_acks.Length);
        foreach (AckSignature ack in _acks)
        {
            writer.U16(ack.Acker.Value);
            writer.U64(ack.Height.Value);
            writer.Signature(ack.Signature);
        }
    }

    public static ProofOfAvailability Read(ref CanonicalReader reader)
    {
        LaneTip tip = LaneTip.Read(ref reader);
        var acks = new AckSignature[reader.Count(QuorumParameters.MaxMembers, 10 + Signature64.Size, "acks")];
        for (int i = 0; i < acks.Length; i++)
        {
            acks[i] = new AckSignature(new ReplicaId(reader.U16()), new Height(reader.U64()), reader.Signature());
            if (i > 0 && acks[i - 1].Acker >= acks[i].Acker)
                DecodeException.Throw(DecodeRejection.NotCanonical, "ackers of a PoA ascend");
        }

        return new ProofOfAvailability(tip, acks);
    }
}

using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>One signature in a certificate; IsExtra tells a Notarization which kind of vote was signed.</summary>
public readonly record struct CertificateSignature(ReplicaId Voter, bool IsExtra, Signature64 Signature);

/// <summary>Notar(s, X): First or Extra votes of q distinct members for one value of one slot, a block or skip. Transferable.</summary>
public sealed class Notarization : PeerMessage
{
    private readonly CertificateSignature[] _signatures;

    /// <param name="epoch">The epoch whose committee signed.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="value">The block, or skip.</param>
    /// <param name="signatures">Sorted by voter, each voter once.</param>
    public Notarization(Epoch epoch, Slot slot, BlockId value, IReadOnlyList<CertificateSignature> signatures)
    {
        Epoch = epoch;
        Slot = slot;
        Value = value;
        _signatures = [.. signatures];
    }

    public override MessageKind Kind => MessageKind.Notarization;

    public Epoch Epoch { get; }

    public Slot Slot { get; }

    public BlockId Value { get; }

    public ReadOnlySpan<CertificateSignature> Signatures => _signatures;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Slot.Value);
        Value.Write(writer);
        writer.U16((ushort)_signatures.Length);
        foreach (CertificateSignature item in _signatures)
        {
            writer.U16(item.Voter.Value);
            writer.Bool(item.IsExtra);
            writer.Signature(item.Signature);
        }
    }

    public static Notarization Read(ref CanonicalReader reader)
    {
        var epoch = new Epoch(reader.U64());
        var slot = new Slot(reader.U64());
        BlockId value = BlockId.Read(ref reader);
        var signatures = new CertificateSignature[reader.Count(QuorumParameters.MaxMembers, 3 + Signature64.Size, "signatures")];
        for (int i = 0; i < signatures.Length; i++)
        {
            signatures[i] = new CertificateSignature(new ReplicaId(reader.U16()), reader.Bool(), reader.Signature());
            if (i > 0 && signatures[i - 1].Voter >= signatures[i].Voter)
                DecodeException.Throw(DecodeRejection.NotCanonical, "voters of a certificate ascend");
        }

        return new Notarization(epoch, slot, value, signatures);
    }

    public override string ToString() => $"Notar({Slot},{Value})";
}

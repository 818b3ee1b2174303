using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>How a block was finalized. Values are pinned.</summary>
public enum CommitPath : byte
{
    /// <summary>F First votes: one round.</summary>
    Fast = 1,

    /// <summary>q Final votes: two rounds.</summary>
    Slow = 2,
}

/// <summary>
/// FinProof(s, B): proof that a block and all its ancestors are committed. Transferable: light clients, rollups and L1 check it against the
/// epoch's committee alone.
/// </summary>
public sealed class CommitProof : PeerMessage
{
    private readonly CertificateSignature[] _signatures;

    /// <param name="epoch">The epoch whose committee signed.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="block">The block; never skip.</param>
    /// <param name="path">Whether the signatures are First votes (fast) or Final votes (slow).</param>
    /// <param name="signatures">Sorted by voter, each voter once; IsExtra is always false.</param>
    public CommitProof(Epoch epoch, Slot slot, BlockId block, CommitPath path, IReadOnlyList<CertificateSignature> signatures)
    {
        Epoch = epoch;
        Slot = slot;
        Block = block;
        Path = path;
        _signatures = [.. signatures];
    }

    public override MessageKind Kind => MessageKind.CommitProof;

    public Epoch Epoch { get; }

    public Slot Slot { get; }

    public BlockId Block { get; }

    public CommitPath Path { get; }

    public ReadOnlySpan<CertificateSignature> Signatures => _signatures;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Slot.Value);
        Block.Write(writer);
        writer.Byte((byte)Path);
        writer.U16((ushort)_signatures.Length);
        foreach (CertificateSignature item in _signatures)
        {
            writer.U16(item.Voter.Value);
            writer.Signature(item.Signature);
        }
    }

    public static CommitProof Read(ref CanonicalReader reader)
    {
        var epoch = new Epoch(reader.U64());
        var slot = new Slot(reader.U64());
        BlockId block = BlockId.Read(ref reader);
        if (block.IsSkip) DecodeException.Throw(DecodeRejection.Malformed, "skip is never final");
        var path = (CommitPath)reader.Byte();
        if (path is not (CommitPath.Fast or CommitPath.Slow)) DecodeException.Throw(DecodeRejection.UnknownValue, "commit path");
        var signatures = new CertificateSignature[reader.Count(QuorumParameters.MaxMembers, 2 + Signature64.Size, "signatures")];
        for (int i = 0; i < signatures.Length; i++)
        {
            signatures[i] = new CertificateSignature(new ReplicaId(reader.U16()), IsExtra: false, reader.Signature());
            if (i > 0 && signatures[i - 1].Voter >= signatures[i].Voter)
                DecodeException.Throw(DecodeRejection.NotCanonical, "voters of a certificate ascend");
        }

        return new CommitProof(epoch, slot, block, path, signatures);
    }

    public override string ToString() => $"{Path}({Slot},{Block})";
}

using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What a signed statement is. The kind is part of the signed text, so no statement passes for one of another kind. Values are pinned.</summary>
public enum SignedKind : byte
{
    Proposal = 1,
    FirstVote = 2,
    ExtraVote = 3,
    FinalVote = 4,
    ResultVote = 5,
    Ack = 6,
    Status = 7,
    ViewReport = 8,
    Attestation = 9,
    OperatorStatement = 10,
}

/// <summary>The network a statement belongs to. Together with epoch and kind it opens every signed text.</summary>
public sealed record SigningDomain(ChainId Chain, ProtocolVersion Version)
{
    private static ReadOnlySpan<byte> Tag => "SharedSeq"u8;

    /// <summary>tag (9 bytes) || version u16 || chain id u64 || epoch u64 || kind u8.</summary>
    public void Open(CanonicalWriter writer, Epoch epoch, SignedKind kind)
    {
        writer.Raw(Tag);
        writer.U16(Version.Value);
        writer.U64(Chain.Value);
        writer.U64(epoch.Value);
        writer.Byte((byte)kind);
    }
}

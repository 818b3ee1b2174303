using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>An execution attestation on its way between operators; opaque to consensus, read by the node (adapters.md 1).</summary>
public sealed class AttestationMessage(ReadOnlyMemory<byte> body) : PeerMessage
{
    /// <summary>Bytes of an attestation: fixed fields, one signature, and 1,600 skipped transactions; a block of 30 million gas has 1,428 at most.</summary>
    public const int MaxBytes = 8 * 1024;

    public override MessageKind Kind => MessageKind.Attestation;

    public ReadOnlyMemory<byte> Body { get; } = body;

    public override void Write(CanonicalWriter writer) => writer.Bytes(Body.Span);

    public static AttestationMessage Read(ref CanonicalReader reader) => new(reader.Bytes(MaxBytes, "attestation").ToArray());
}

/// <summary>Reads any message between replicas from its frame, strictly.</summary>
public static class MessageCodec
{
    /// <summary>
    /// Decodes one frame (kind byte, body). Batches keep slices of <paramref name="frame"/>, and hold it where it is pooled: its memory is not to be
    /// changed.
    /// </summary>
    /// <exception cref="DecodeException">The bytes are not exactly one well-formed message.</exception>
    public static PeerMessage Decode(ReadOnlyMemory<byte> frame)
    {
        if (frame.IsEmpty) DecodeException.Throw(DecodeRejection.Truncated, "message kind");
        var kind = (MessageKind)frame.Span[0];
        if (kind == MessageKind.Batch) return Batch.Read(frame[1..]);
        if (kind == MessageKind.BatchResponse) return BatchResponse.Read(frame[1..]);
        var reader = new CanonicalReader(frame.Span[1..]);
        PeerMessage message = ReadBody(kind, ref reader);
        reader.End("message");
        return message;
    }

    private static PeerMessage ReadBody(MessageKind kind, ref CanonicalReader reader)
    {
        switch (kind)
        {
            case MessageKind.Proposal: return Proposal.Read(ref reader);
            case MessageKind.Vote: return Vote.Read(ref reader);
            case MessageKind.Notarization: return Notarization.Read(ref reader);
            case MessageKind.CommitProof: return CommitProof.Read(ref reader);
            case MessageKind.Status: return Status.Read(ref reader);
            case MessageKind.CertificateRequest: return CertificateRequest.Read(ref reader);
            case MessageKind.CertificateResponse: return CertificateResponse.Read(ref reader);
            case MessageKind.BlockRequest: return BlockRequest.Read(ref reader);
            case MessageKind.BlockResponse: return BlockResponse.Read(ref reader);
            case MessageKind.Ack: return Ack.Read(ref reader);
            case MessageKind.ProofOfAvailability: return ProofOfAvailability.Read(ref reader);
            case MessageKind.BatchRequest: return BatchRequest.Read(ref reader);
            case MessageKind.ResultVote: return ResultVote.Read(ref reader);
            case MessageKind.ResultRequest: return ResultRequest.Read(ref reader);
            case MessageKind.ResultResponse: return ResultResponse.Read(ref reader);
            case MessageKind.Evidence: return Evidence.Read(ref reader);
            case MessageKind.Attestation: return AttestationMessage.Read(ref reader);
            case MessageKind.CheckpointRequest: return CheckpointRequest.Read(ref reader);
            case MessageKind.CheckpointOffers: return CheckpointOffers.Read(ref reader);
            case MessageKind.PieceRequest: return PieceRequest.Read(ref reader);
            case MessageKind.PieceResponse: return PieceResponse.Read(ref reader);
            case MessageKind.HandOverRequest: return HandOverRequest.Read(ref reader);
            case MessageKind.HandOverResponse: return HandOverResponse.Read(ref reader);
            case MessageKind.ViewReport: return ViewReport.Read(ref reader);
            case MessageKind.L1InputsRequest: return L1InputsRequest.Read(ref reader);
            case MessageKind.L1InputsResponse: return L1InputsResponse.Read(ref reader);
            default:
                DecodeException.Throw(DecodeRejection.UnknownValue, $"message kind {(byte)kind}");
                return null!;
        }
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The kind byte in front of every message between replicas. Values are pinned.</summary>
public enum MessageKind : byte
{
    Proposal = 1,
    Vote = 2,
    Notarization = 3,
    CommitProof = 4,
    Status = 5,
    CertificateRequest = 6,
    CertificateResponse = 7,
    BlockRequest = 8,
    BlockResponse = 9,
    Batch = 10,
    Ack = 11,
    ProofOfAvailability = 12,
    BatchRequest = 13,
    BatchResponse = 14,
    ResultVote = 15,
    ResultRequest = 16,
    ResultResponse = 17,
    Evidence = 18,
    Attestation = 19,
    CheckpointRequest = 20,
    CheckpointOffers = 21,
    PieceRequest = 22,
    PieceResponse = 23,
    HandOverRequest = 24,
    HandOverResponse = 25,
    ViewReport = 26,
    L1InputsRequest = 27,
    L1InputsResponse = 28,
}

/// <summary>A message between replicas: one documented class per kind, each with its write and its strict read side.</summary>
public abstract class PeerMessage
{
    public abstract MessageKind Kind { get; }

    /// <summary>Writes the body, without the kind byte.</summary>
    public abstract void Write(CanonicalWriter writer);

    /// <summary>The kind byte, then the body: the frame that travels.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter();
        writer.Byte((byte)Kind);
        Write(writer);
        return writer.ToArray();
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Asks for the notarizations of the slots First..Last, or for a commit proof at or above them (C6).</summary>
public sealed class CertificateRequest(Epoch epoch, Slot first, Slot last) : PeerMessage
{
    /// <summary>Slots one request may span; a longer gap is asked for piece by piece.</summary>
    public const int MaxSlots = 64;

    public override MessageKind Kind => MessageKind.CertificateRequest;

    public Epoch Epoch { get; } = epoch;

    public Slot First { get; } = first;

    public Slot Last { get; } = last;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(First.Value);
        writer.U64(Last.Value);
    }

    public static CertificateRequest Read(ref CanonicalReader reader)
    {
        var request = new CertificateRequest(new Epoch(reader.U64()), new Slot(reader.U64()), new Slot(reader.U64()));
        if (request.Last < request.First || request.Last.Value - request.First.Value >= MaxSlots)
            DecodeException.Throw(DecodeRejection.OverLimit, "slots of a certificate request");
        return request;
    }
}

/// <summary>The answer to a <see cref="CertificateRequest"/>: certificates held for the range, or a commit proof at or above it.</summary>
public sealed class CertificateResponse(IReadOnlyList<Notarization> certificates, CommitProof? commitProof) : PeerMessage
{
    /// <summary>Two values can be notarized in one slot (agreement concerns finality only).</summary>
    public const int MaxCertificates = 2 * CertificateRequest.MaxSlots;

    public override MessageKind Kind => MessageKind.CertificateResponse;

    public IReadOnlyList<Notarization> Certificates { get; } = certificates;

    public CommitProof? CommitProof { get; } = commitProof;

    public override void Write(CanonicalWriter writer)
    {
        writer.Bool(CommitProof is not null);
        CommitProof?.Write(writer);
        writer.U16((ushort)Certificates.Count);
        foreach (Notarization item in Certificates) item.Write(writer);
    }

    public static CertificateResponse Read(ref CanonicalReader reader)
    {
        CommitProof? proof = reader.Bool() ? Consensus.CommitProof.Read(ref reader) : null;
        var items = new Notarization[reader.Count(MaxCertificates, 58, "certificates")];
        for (int i = 0; i < items.Length; i++) items[i] = Notarization.Read(ref reader);
        return new CertificateResponse(items, proof);
    }
}

using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>One replica's signature over the hash of its BlockResult for a height. Vote key, own kind.</summary>
public sealed class ResultVote(Epoch epoch, Height height, Hash32 resultHash, ReplicaId voter, Signature64 signature) : PeerMessage
{
    public override MessageKind Kind => MessageKind.ResultVote;

    public Epoch Epoch { get; } = epoch;

    public Height Height { get; } = height;

    public Hash32 ResultHash { get; } = resultHash;

    public ReplicaId Voter { get; } = voter;

    public Signature64 Signature { get; } = signature;

    public static void WriteSignedText(CanonicalWriter writer, SigningDomain domain, Epoch epoch, Height height, Hash32 resultHash)
    {
        domain.Open(writer, epoch, SignedKind.ResultVote);
        writer.U64(height.Value);
        writer.Hash(resultHash);
    }

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Height.Value);
        writer.Hash(ResultHash);
        writer.U16(Voter.Value);
        writer.Signature(Signature);
    }

    public static ResultVote Read(ref CanonicalReader reader) =>
        new(new Epoch(reader.U64()), new Height(reader.U64()), reader.Hash(), new ReplicaId(reader.U16()), reader.Signature());
}

/// <summary>q equal result votes with the result they certify.</summary>
public sealed class ResultCertificate
{
    private readonly CertificateSignature[] _signatures;

    /// <param name="result">The certified result.</param>
    /// <param name="signatures">Vote-key signatures sorted by voter; IsExtra is always false.</param>
    public ResultCertificate(BlockResult result, IReadOnlyList<CertificateSignature> signatures)
    {
        Result = result;
        _signatures = [.. signatures];
    }

    public BlockResult Result { get; }

    public ReadOnlySpan<CertificateSignature> Signatures => _signatures;

    public void Write(CanonicalWriter writer)
    {
        Result.Write(writer);
        writer.U16((ushort)_signatures.Length);
        foreach (CertificateSignature item in _signatures)
        {
            writer.U16(item.Voter.Value);
            writer.Signature(item.Signature);
        }
    }

    public static ResultCertificate Read(ref CanonicalReader reader)
    {
        BlockResult result = BlockResult.Read(ref reader);
        var signatures = new CertificateSignature[reader.Count(QuorumParameters.MaxMembers, 2 + Signature64.Size, "signatures")];
        for (int i = 0; i < signatures.Length; i++)
        {
            signatures[i] = new CertificateSignature(new ReplicaId(reader.U16()), IsExtra: false, reader.Signature());
            if (i > 0 && signatures[i - 1].Voter >= signatures[i].Voter)
                DecodeException.Throw(DecodeRejection.NotCanonical, "voters of a certificate ascend");
        }

        return new ResultCertificate(result, signatures);
    }
}

/// <summary>Asks for the newest result certificate at or above a height.</summary>
public sealed class ResultRequest(Height atOrAbove) : PeerMessage
{
    public override MessageKind Kind => MessageKind.ResultRequest;

    public Height AtOrAbove { get; } = atOrAbove;

    public override void Write(CanonicalWriter writer) => writer.U64(AtOrAbove.Value);

    public static ResultRequest Read(ref CanonicalReader reader) => new(new Height(reader.U64()));
}

/// <summary>The answer to a <see cref="ResultRequest"/>; empty when nothing that new is held.</summary>
public sealed class ResultResponse(ResultCertificate? certificate) : PeerMessage
{
    public override MessageKind Kind => MessageKind.ResultResponse;

    public ResultCertificate? Certificate { get; } = certificate;

    public override void Write(CanonicalWriter writer)
    {
        writer.Bool(Certificate is not null);
        Certificate?.Write(writer);
    }

    public static ResultResponse Read(ref CanonicalReader reader) =>
        new(reader.Bool() ? ResultCertificate.Read(ref reader) : null);
}

using System;
using System.Collections.Generic;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A committed transaction was left out at a height, and why: the rejection is under the height's effects, whose chain a certificate covers.</summary>
public sealed class RejectionProof(
    Rejection rejection, MerkleProof path, Hash32 before, HeightEffects effects, IReadOnlyList<Hash32> later, ResultCertificate certificate) : Proof
{
    /// <summary>Heights between the rejection and the certificate: results are signed every 50 ms, so few lie between.</summary>
    public const int MaxLater = 16_384;

    public override ProofKind Kind => ProofKind.Rejection;

    public override Epoch Epoch => Certificate.Result.Epoch;

    public Rejection Rejection { get; } = rejection;

    /// <summary>From the rejection to the height's RejectionsRoot.</summary>
    public MerkleProof Path { get; } = path;

    /// <summary>EffectsRoot of the height below.</summary>
    public Hash32 Before { get; } = before;

    /// <summary>The height's effects.</summary>
    public HeightEffects Effects { get; } = effects;

    /// <summary>Hashes of the effects of the heights after it, up to the certified one.</summary>
    public IReadOnlyList<Hash32> Later { get; } = later;

    public ResultCertificate Certificate { get; } = certificate;

    public override void Write(CanonicalWriter writer)
    {
        writer.Hash(Rejection.Id.Value);
        writer.U64(Rejection.Namespace.Value);
        writer.Byte((byte)Rejection.Reason);
        Path.Write(writer);
        writer.Hash(Before);
        Effects.Write(writer);
        writer.U16((ushort)Later.Count);
        foreach (Hash32 item in Later) writer.Hash(item);
        Certificate.Write(writer);
    }

    public static RejectionProof Read(ref CanonicalReader reader)
    {
        var rejection = new Rejection(new TxId(reader.Hash()), new NamespaceId(reader.U64()), (RejectionReason)reader.Byte());
        if (!Enum.IsDefined(rejection.Reason)) DecodeException.Throw(DecodeRejection.UnknownValue, "reason of a rejection");
        MerkleProof path = MerkleProof.Read(ref reader);
        Hash32 before = reader.Hash();
        HeightEffects effects = HeightEffects.Read(ref reader);
        var later = new Hash32[reader.Count(MaxLater, Hash32.Size, "later effects")];
        for (int i = 0; i < later.Length; i++) later[i] = reader.Hash();
        return new RejectionProof(rejection, path, before, effects, later, ResultCertificate.Read(ref reader));
    }

    public override ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = trust.Check(Certificate);
        if (!verdict.IsValid) return verdict;
        if (Path.Count != Effects.Rejections || !Path.Verify(Effects.RejectionsRoot, Rejection.LeafHash))
            return new ProofVerdict(ProofFault.WrongCommitment, "the rejection is not among those of its height");
        Height certified = Certificate.Result.Height;
        if (Effects.Height > certified || certified.Value - Effects.Height.Value != (ulong)Later.Count)
            return new ProofVerdict(ProofFault.BrokenChain, "the effects do not reach the certified height");
        Hash32 root = Effects.RootAfter(Before);
        foreach (Hash32 next in Later) root = HeightEffects.Chain(root, next);
        return root == Certificate.Result.EffectsRoot
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.WrongCommitment, "the effects are not those of the certified height");
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteString("txId", Rejection.Id.ToString());
        writer.WriteNumber("namespace", Rejection.Namespace.Value);
        writer.WriteString("reason", Rejection.Reason.ToString());
        writer.WriteNumber("rejectedAtHeight", Effects.Height.Value);
        ProofJson.Write(writer, Certificate);
    }
}

using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>q replicas signed this BlockResult: its height is committed and executed alike.</summary>
public sealed class ResultProof(ResultCertificate certificate) : Proof
{
    public override ProofKind Kind => ProofKind.Result;

    public override Epoch Epoch => Certificate.Result.Epoch;

    public ResultCertificate Certificate { get; } = certificate;

    public override void Write(CanonicalWriter writer) => Certificate.Write(writer);

    public static ResultProof Read(ref CanonicalReader reader) => new(ResultCertificate.Read(ref reader));

    public override ProofVerdict Check(ProofTrust trust) => trust.Check(Certificate);

    public override void WriteJson(Utf8JsonWriter writer) => ProofJson.Write(writer, Certificate);
}

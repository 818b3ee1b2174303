using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>No such namespace is registered at a certified height: its two neighbours are next to each other.</summary>
public sealed class NamespaceAbsenceProof(NamespaceId ns, SortedMerkleProof path, ResultCertificate certificate) : Proof
{
    public override ProofKind Kind => ProofKind.NamespaceAbsence;

    public override Epoch Epoch => Certificate.Result.Epoch;

    public NamespaceId Namespace { get; } = ns;

    public SortedMerkleProof Path { get; } = path;

    public ResultCertificate Certificate { get; } = certificate;

    public static NamespaceAbsenceProof Create(NamespaceId ns, NamespaceHeads heads, ResultCertificate certificate) =>
        new(ns, heads.Prove(ns), certificate);

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Namespace.Value);
        Path.Write(writer);
        Certificate.Write(writer);
    }

    public static NamespaceAbsenceProof Read(ref CanonicalReader reader) =>
        new(new NamespaceId(reader.U64()), SortedMerkleProof.Read(ref reader), ResultCertificate.Read(ref reader));

    public override ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = trust.Check(Certificate);
        if (!verdict.IsValid) return verdict;
        ProofRejection path = Path.CheckAbsent(NamespaceHeads.Tag, Certificate.Result.NamespacesRoot, Namespace.Value);
        return path == ProofRejection.None
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.WrongCommitment, $"the absence of namespace {Namespace} is not shown: {path}");
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteNumber("absentNamespace", Namespace.Value);
        ProofJson.Write(writer, Certificate);
    }
}

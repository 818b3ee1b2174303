using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The head of a namespace at a certified height: part of the proofs about its blocks and transactions.</summary>
/// <param name="Head">The head.</param>
/// <param name="Path">Its path in NamespacesRoot.</param>
/// <param name="Certificate">The certificate of the height.</param>
public sealed record NamespaceHeadProof(NamespaceHead Head, SortedMerkleProof Path, ResultCertificate Certificate)
{
    /// <summary>Proves a registered namespace's head from the heads of the certified height.</summary>
    public static NamespaceHeadProof Create(NamespaceId ns, NamespaceHeads heads, ResultCertificate certificate)
    {
        Invariant.Check(heads.TryGet(ns, out NamespaceHead head), "a head is proved of a registered namespace");
        return new NamespaceHeadProof(head, heads.Prove(ns), certificate);
    }

    public void Write(CanonicalWriter writer)
    {
        Head.Write(writer);
        Path.Write(writer);
        Certificate.Write(writer);
    }

    public static NamespaceHeadProof Read(ref CanonicalReader reader) =>
        new(NamespaceHead.Read(ref reader), SortedMerkleProof.Read(ref reader), ResultCertificate.Read(ref reader));

    public ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = trust.Check(Certificate);
        if (!verdict.IsValid) return verdict;
        ProofRejection path = Path.CheckPresent(
            NamespaceHeads.Tag, Certificate.Result.NamespacesRoot, Head.Namespace.Value, Head.Value);
        return path == ProofRejection.None
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.WrongCommitment, $"the head of namespace {Head.Namespace} is not under the namespaces root: {path}");
    }

    public void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("head");
        writer.WriteNumber("namespace", Head.Namespace.Value);
        writer.WriteNumber("number", Head.Number);
        writer.WriteString("hash", Head.Hash.ToString());
        writer.WriteNumber("openCount", Head.OpenCount);
        writer.WriteString("openRoot", Head.OpenRoot.ToString());
        writer.WriteEndObject();
        ProofJson.Write(writer, Certificate);
    }
}

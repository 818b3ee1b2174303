using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Who serves an epoch: the committee before it certified the boundary's result that names it.</summary>
public sealed class CommitteeProof(HandOver handOver) : Proof
{
    public override ProofKind Kind => ProofKind.Committee;

    public override Epoch Epoch => HandOver.Ended;

    public HandOver HandOver { get; } = handOver;

    public override void Write(CanonicalWriter writer) => HandOver.Write(writer);

    public static CommitteeProof Read(ref CanonicalReader reader) => new(HandOver.Read(ref reader));

    public override ProofVerdict Check(ProofTrust trust) => trust.Check(HandOver);

    public override void WriteJson(Utf8JsonWriter writer)
    {
        CommitteePlan next = HandOver.Next;
        writer.WriteNumber("epoch", next.Epoch.Value);
        writer.WriteString("epochGenesis", HandOver.Boundary.Result.BlockHash.ToString());
        writer.WriteString("checkpoint", HandOver.Checkpoint.ToString());
        writer.WriteNumber("n", next.Quorum.N);
        writer.WriteNumber("f", next.Quorum.F);
        writer.WriteNumber("p", next.Quorum.P);
        writer.WriteStartArray("members");
        foreach (CommitteeMember member in next.Members)
        {
            writer.WriteStartObject();
            writer.WriteString("voteKey", member.VoteKey.ToString());
            writer.WriteString("nodeKey", member.NodeKey.ToString());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        ProofJson.Write(writer, HandOver.Boundary);
    }
}

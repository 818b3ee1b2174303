using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A transaction was accepted: q operators stored its batch, and the committed header at the deadline must have it in its cut.</summary>
public sealed class ReceiptProof(Receipt receipt) : Proof
{
    public override ProofKind Kind => ProofKind.Receipt;

    public override Epoch Epoch => Receipt.Proof.Tip.Lane.Epoch;

    public Receipt Receipt { get; } = receipt;

    public override void Write(CanonicalWriter writer) => Receipt.Write(writer);

    public static ReceiptProof Read(ref CanonicalReader reader) => new(Receipt.Read(ref reader));

    public override ProofVerdict Check(ProofTrust trust) => trust.Check(Receipt);

    /// <summary>The height whose header shows whether the promise was kept.</summary>
    public Height DeadlineOf(Genesis genesis) => Receipt.Deadline(genesis.Policy.ReceiptDeadlineHeights);

    public override void WriteJson(Utf8JsonWriter writer)
    {
        LaneTip place = Receipt.Place;
        writer.WriteString("txId", Receipt.Transaction.ToString());
        writer.WriteNumber("place", Receipt.Path.Index);
        writer.WriteString("lane", place.Lane.ToString());
        writer.WriteNumber("sequence", place.Seq.Value);
        writer.WriteString("batch", place.Digest.ToString());
        writer.WriteNumber("highestAckHeight", Receipt.Proof.HighestHeight.Value);
        writer.WriteStartArray("ackers");
        foreach (AckSignature ack in Receipt.Proof.Acks) writer.WriteNumberValue(ack.Acker.Value);
        writer.WriteEndArray();
    }
}

using System;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A member of the committee signed two statements that an honest member never makes both (consensus.md 8, E1 to E7).</summary>
public sealed class EvidenceProof(Evidence evidence) : Proof
{
    public override ProofKind Kind => ProofKind.Evidence;

    public override Epoch Epoch => Evidence.Epoch;

    public Evidence Evidence { get; } = evidence;

    public override void Write(CanonicalWriter writer) => Evidence.Write(writer);

    public static EvidenceProof Read(ref CanonicalReader reader) => new(Evidence.Read(ref reader));

    public override ProofVerdict Check(ProofTrust trust) => trust.Check(Evidence);

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteString("offence", $"E{(byte)Evidence.EvidenceKind} {Evidence.EvidenceKind}");
        writer.WriteString("id", Evidence.Id.ToString());
        writer.WriteNumber("epoch", Evidence.Epoch.Value);
        writer.WriteNumber("offender", Evidence.Offender.Value);
        WriteStatement(writer, "first", Evidence.First);
        WriteStatement(writer, "second", Evidence.Second);
    }

    private static void WriteStatement(Utf8JsonWriter writer, string name, SignedStatement statement)
    {
        writer.WriteStartObject(name);
        writer.WriteString("signed", statement.SignedKind.ToString());
        WriteMeaning(writer, statement);
        writer.WriteString("content", "0x" + Convert.ToHexStringLower(statement.Content.Span));
        writer.WriteString("signature", statement.Signature.ToString());
        writer.WriteEndObject();
    }

    /// <summary>The content's fields; a content that does not decode is shown as bytes only, because a file is printed before it is checked too.</summary>
    private static void WriteMeaning(Utf8JsonWriter writer, SignedStatement statement)
    {
        try
        {
            var reader = new CanonicalReader(statement.Content.Span);
            switch (statement.SignedKind)
            {
                case SignedKind.Proposal or SignedKind.FirstVote or SignedKind.ExtraVote or SignedKind.FinalVote:
                    (ulong slot, BlockId value) = (reader.U64(), BlockId.Read(ref reader));
                    writer.WriteNumber("slot", slot);
                    writer.WriteString("value", value.ToString());
                    break;
                case SignedKind.Ack:
                    LaneTip tip = LaneTip.Read(ref reader);
                    writer.WriteString("lane", tip.Lane.ToString());
                    writer.WriteNumber("sequence", tip.Seq.Value);
                    writer.WriteString("digest", tip.Digest.ToString());
                    break;
                case SignedKind.ResultVote:
                    (ulong height, Hash32 result) = (reader.U64(), reader.Hash());
                    writer.WriteNumber("height", height);
                    writer.WriteString("resultHash", result.ToString());
                    break;
                default: break;
            }
        }
        catch (DecodeException)
        {
            // The bytes below say what is there.
        }
    }
}

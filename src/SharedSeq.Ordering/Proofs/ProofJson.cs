using System;
using System.Text.Json;
using SharedSeq.Consensus;

namespace SharedSeq.Ordering;

/// <summary>Parts that several kinds of proof print.</summary>
internal static class ProofJson
{
    public static void Write(Utf8JsonWriter writer, ResultCertificate certificate)
    {
        BlockResult result = certificate.Result;
        writer.WriteStartObject("certificate");
        writer.WriteNumber("epoch", result.Epoch.Value);
        writer.WriteNumber("height", result.Height.Value);
        writer.WriteString("blockHash", result.BlockHash.ToString());
        writer.WriteString("namespacesRoot", result.NamespacesRoot.ToString());
        writer.WriteString("effectsRoot", result.EffectsRoot.ToString());
        writer.WriteString("auctionRoot", result.AuctionRoot.ToString());
        writer.WriteString("stateRoot", result.StateRoot.ToString());
        writer.WriteString("nextCommitteeHash", result.NextCommitteeHash.ToString());
        writer.WriteString("resultHash", result.Hash.ToString());
        WriteSigners(writer, certificate.Signatures);
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, string name, NamespaceBlock block)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("namespace", block.Namespace.Value);
        writer.WriteNumber("number", block.Number);
        writer.WriteNumber("branch", block.Branch);
        writer.WriteString("hash", block.Hash.ToString());
        writer.WriteString("parentHash", block.ParentHash.ToString());
        writer.WriteNumber("firstHeight", block.FirstHeight.Value);
        writer.WriteNumber("lastHeight", block.LastHeight.Value);
        writer.WriteNumber("timestampMs", block.Timestamp.Value);
        writer.WriteNumber("l1OriginNumber", block.L1Origin.Number);
        writer.WriteString("l1OriginHash", block.L1Origin.Hash.ToString());
        writer.WriteNumber("forcedCount", block.ForcedCount);
        writer.WriteNumber("policyVersion", block.PolicyVersion);
        writer.WriteString("txRoot", block.TxRoot.ToString());
        writer.WriteNumber("count", block.Count);
        writer.WriteNumber("bytes", block.Bytes);
        writer.WriteNumber("flags", (byte)block.Flags);
        writer.WriteEndObject();
    }

    public static void WriteSigners(Utf8JsonWriter writer, ReadOnlySpan<CertificateSignature> signatures)
    {
        writer.WriteStartArray("signers");
        foreach (CertificateSignature item in signatures) writer.WriteNumberValue(item.Voter.Value);
        writer.WriteEndArray();
    }
}

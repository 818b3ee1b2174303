using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The human form of a genesis: JSON, comments allowed, unknown and repeated keys refused, every omitted policy field at its default.</summary>
public static class GenesisJson
{
    /// <exception cref="GenesisException">The document is refused; reason and key are named.</exception>
    public static Genesis Read(string json)
    {
        JsonDocument document;
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        try
        {
            var options = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            if (!JsonText.IsUnicode(bytes, options)) throw new GenesisException(GenesisRejection.NotJson, "document", "a text in it is not Unicode");
            document = JsonDocument.Parse(bytes, new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
                AllowDuplicateProperties = false,
            });
        }
        catch (JsonException e)
        {
            throw new GenesisException(GenesisRejection.NotJson, "document", e.Message);
        }

        using (document)
        {
            return ReadDocument(new JsonFields(document.RootElement, ""));
        }
    }

    private static Genesis ReadDocument(JsonFields fields)
    {
        ulong version = fields.U64("protocolVersion");
        if (version != ProtocolVersion.Current.Value)
        {
            GenesisException.Throw(
                GenesisRejection.UnsupportedVersion, "protocolVersion", $"this code speaks {ProtocolVersion.Current}, not {version}");
        }

        var chain = new ChainId(fields.U64("chainId"));
        var timestamp = new TimestampMs(fields.U64("timestampMs"));
        (QuorumParameters quorum, List<CommitteeMember> members, List<OperatorEndpoints> endpoints) = ReadCommittee(fields.Object("committee"));
        Policy policy = fields.Has("policy") ? ReadPolicy(fields.Object("policy")) : new Policy();
        var namespaces = new List<NamespacePolicy>();
        foreach (JsonFields item in fields.Objects("namespaces")) namespaces.Add(ReadNamespace(item));
        fields.End();
        return Genesis.Create(chain, timestamp, quorum, members, policy, namespaces, endpoints);
    }

    private static (QuorumParameters Quorum, List<CommitteeMember> Members, List<OperatorEndpoints> Endpoints) ReadCommittee(JsonFields fields)
    {
        var members = new List<CommitteeMember>();
        var endpoints = new List<OperatorEndpoints>();
        foreach (JsonFields item in fields.Objects("members"))
        {
            members.Add(new CommitteeMember(item.PublicKey("voteKey"), item.PublicKey("nodeKey")));
            if (item.Has("peer"))
                endpoints.Add(new OperatorEndpoints(item.Text("name", ""), item.Text("peer"), item.Has("rpc") ? item.Text("rpc") : null));
            item.End();
        }

        int f = (int)fields.U32("f");
        int p = (int)fields.U32("p");
        fields.End();
        if (!QuorumParameters.IsValid(members.Count, f, p))
        {
            GenesisException.Throw(
                GenesisRejection.OutOfRange, "committee", $"n={members.Count}, f={f}, p={p}: n must be at least 3f+2p+1, at most 128");
        }

        return (new QuorumParameters(members.Count, f, p), members, endpoints);
    }

    private static Policy ReadPolicy(JsonFields fields)
    {
        var defaults = new Policy();
        var policy = new Policy
        {
            Version = fields.U32("version", defaults.Version),
            ReceiptDeadlineHeights = fields.U32("receiptDeadlineHeights", defaults.ReceiptDeadlineHeights),
            DedupSeconds = fields.U32("dedupSeconds", defaults.DedupSeconds),
            EvmDedupMs = fields.U32("evmDedupMs", defaults.EvmDedupMs),
            DedupIdsMax = fields.U32("dedupIdsMax", defaults.DedupIdsMax),
            TransactionBytesMax = fields.U32("transactionBytesMax", defaults.TransactionBytesMax),
            NamespacesMax = fields.U32("namespacesMax", defaults.NamespacesMax),
            HeightBytes = fields.U64("heightBytes", defaults.HeightBytes),
            QueueBytes = fields.U64("queueBytes", defaults.QueueBytes),
            CheckpointInterval = fields.U32("checkpointInterval", defaults.CheckpointInterval),
            ResultIntervalMs = fields.U32("resultIntervalMs", defaults.ResultIntervalMs),
            BlocksPerHeightMax = fields.U32("blocksPerHeightMax", defaults.BlocksPerHeightMax),
            FreshnessMs = fields.U32("freshnessMs", defaults.FreshnessMs),
            ClockDriftMs = fields.U32("clockDriftMs", defaults.ClockDriftMs),
            MaxBatchesPerLane = fields.U32("maxBatchesPerLane", defaults.MaxBatchesPerLane),
            EpochSeconds = fields.U32("epochSeconds", defaults.EpochSeconds),
            BoundaryLead = fields.U32("boundaryLead", defaults.BoundaryLead),
        };
        fields.End();
        return policy;
    }

    private static NamespacePolicy ReadNamespace(JsonFields fields)
    {
        var id = new NamespaceId(fields.U64("id"));
        var defaults = new NamespacePolicy { Id = id, Name = "", Admission = AdmissionKind.Opaque };
        var policy = new NamespacePolicy
        {
            Id = id,
            Name = fields.Text("name"),
            Admission = fields.Choice("admission", null, ("opaque", AdmissionKind.Opaque), ("evm", AdmissionKind.Evm)),
            EvmChainId = fields.U64("evmChainId", 0),
            BlockTimeMs = fields.U32("blockTimeMs", defaults.BlockTimeMs),
            TimeGaps = fields.Choice("timeGaps", "fill", ("fill", TimeGaps.Fill), ("jump", TimeGaps.Jump)),
            L1Origin = fields.Choice("l1Origin", "latest", ("latest", L1OriginMode.Latest), ("stepOne", L1OriginMode.StepOne)),
            ByteCap = fields.U64("byteCap", defaults.ByteCap),
            Share = fields.U32("share", defaults.Share),
            GasCap = fields.U64("gasCap", defaults.GasCap),
            Attesters = fields.Replicas("attesters"),
        };
        fields.End();
        return policy;
    }

    /// <summary>The document of a genesis, every field written out, indented.</summary>
    public static string Write(Genesis genesis)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("chainId", genesis.Chain.Value);
            writer.WriteNumber("protocolVersion", genesis.Version.Value);
            writer.WriteNumber("timestampMs", genesis.Timestamp.Value);
            WriteCommittee(writer, genesis);
            WritePolicy(writer, genesis.Policy);
            writer.WriteStartArray("namespaces");
            foreach (NamespacePolicy ns in genesis.Namespaces) WriteNamespace(writer, ns);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void WriteCommittee(Utf8JsonWriter writer, Genesis genesis)
    {
        writer.WriteStartObject("committee");
        writer.WriteNumber("f", genesis.Quorum.F);
        writer.WriteNumber("p", genesis.Quorum.P);
        writer.WriteStartArray("members");
        for (int i = 0; i < genesis.Members.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("voteKey", genesis.Members[i].VoteKey.ToString());
            writer.WriteString("nodeKey", genesis.Members[i].NodeKey.ToString());
            if (genesis.Endpoints.Count != 0)
            {
                if (genesis.Endpoints[i].Name.Length != 0) writer.WriteString("name", genesis.Endpoints[i].Name);
                writer.WriteString("peer", genesis.Endpoints[i].Peer);
                if (genesis.Endpoints[i].Rpc is { } rpc) writer.WriteString("rpc", rpc);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter writer, Policy policy)
    {
        writer.WriteStartObject("policy");
        writer.WriteNumber("version", policy.Version);
        writer.WriteNumber("receiptDeadlineHeights", policy.ReceiptDeadlineHeights);
        writer.WriteNumber("dedupSeconds", policy.DedupSeconds);
        writer.WriteNumber("evmDedupMs", policy.EvmDedupMs);
        writer.WriteNumber("dedupIdsMax", policy.DedupIdsMax);
        writer.WriteNumber("transactionBytesMax", policy.TransactionBytesMax);
        writer.WriteNumber("namespacesMax", policy.NamespacesMax);
        writer.WriteNumber("heightBytes", policy.HeightBytes);
        writer.WriteNumber("queueBytes", policy.QueueBytes);
        writer.WriteNumber("checkpointInterval", policy.CheckpointInterval);
        writer.WriteNumber("resultIntervalMs", policy.ResultIntervalMs);
        writer.WriteNumber("blocksPerHeightMax", policy.BlocksPerHeightMax);
        writer.WriteNumber("freshnessMs", policy.FreshnessMs);
        writer.WriteNumber("clockDriftMs", policy.ClockDriftMs);
        writer.WriteNumber("maxBatchesPerLane", policy.MaxBatchesPerLane);
        writer.WriteNumber("epochSeconds", policy.EpochSeconds);
        writer.WriteNumber("boundaryLead", policy.BoundaryLead);
        writer.WriteEndObject();
    }

    private static void WriteNamespace(Utf8JsonWriter writer, NamespacePolicy ns)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", ns.Id.Value);
        writer.WriteString("name", ns.Name);
        writer.WriteString("admission", ns.Admission == AdmissionKind.Evm ? "evm" : "opaque");
        if (ns.EvmChainId != 0) writer.WriteNumber("evmChainId", ns.EvmChainId);
        writer.WriteNumber("blockTimeMs", ns.BlockTimeMs);
        writer.WriteString("timeGaps", ns.TimeGaps == TimeGaps.Jump ? "jump" : "fill");
        writer.WriteString("l1Origin", ns.L1Origin == L1OriginMode.StepOne ? "stepOne" : "latest");
        writer.WriteNumber("byteCap", ns.ByteCap);
        writer.WriteNumber("share", ns.Share);
        if (ns.GasCap != 0) writer.WriteNumber("gasCap", ns.GasCap);
        if (ns.Attesters is { } set)
        {
            writer.WriteStartArray("attesters");
            foreach (ReplicaId id in set) writer.WriteNumberValue(id.Value);
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("attesters", "all");
        }

        writer.WriteEndObject();
    }
}

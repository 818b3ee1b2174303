using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Reads a node configuration from its three sources and checks every value.</summary>
public static class ConfigurationLoader
{
    public const string EnvironmentPrefix = "SHAREDSEQ__";

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
    };

    /// <summary>Loads and validates; relative paths become absolute, seen from the file's folder.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="environment">Environment variables; those with the prefix override the file.</param>
    /// <param name="overrides">Command line pairs such as rpc.listen=127.0.0.1:0; they override both.</param>
    /// <exception cref="ConfigurationException">With a typed reason and the key concerned.</exception>
    public static NodeConfiguration Load(
        string path, IReadOnlyDictionary<string, string> environment, IReadOnlyList<KeyValuePair<string, string>> overrides)
    {
        try
        {
            return Read(File.ReadAllText(path), path, environment, overrides);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(ConfigurationRejection.Unreadable, $"configuration '{path}' can not be read: {e.Message}", e);
        }
    }

    /// <summary>As <see cref="Load"/>, of a text that was read from <paramref name="path"/>.</summary>
    internal static NodeConfiguration Read(
        string text, string path, IReadOnlyDictionary<string, string> environment, IReadOnlyList<KeyValuePair<string, string>> overrides)
    {
        JsonObject root = Parse(text, path);
        foreach ((string name, string value) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
                Set(root, name[EnvironmentPrefix.Length..].Split("__"), value);
        }

        foreach ((string key, string value) in overrides) Set(root, key.Split('.'), value);
        NodeConfiguration configuration = Deserialize(root, path);
        Validate(configuration);
        return Rooted(configuration, Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static JsonObject Parse(string text, string path)
    {
        try
        {
            var reading = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            if (!JsonText.IsUnicode(Encoding.UTF8.GetBytes(text), reading))
                throw new ConfigurationException(ConfigurationRejection.Malformed, $"configuration '{path}': a text in it is not Unicode");
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };
            return JsonNode.Parse(text, documentOptions: options) as JsonObject
                ?? throw new ConfigurationException(ConfigurationRejection.Malformed, $"configuration '{path}' is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new ConfigurationException(ConfigurationRejection.Malformed, $"configuration '{path}' is not JSON: {e.Message}", e);
        }
    }

    /// <summary>Sets one value by its path of keys, matched without regard to case, as environment variables are written.</summary>
    private static void Set(JsonObject root, string[] path, string value)
    {
        JsonNode node = root;
        for (int i = 0; i < path.Length; i++)
        {
            bool isLast = i == path.Length - 1;
            if (node is JsonArray array && int.TryParse(path[i], out int index) && index >= 0 && index < array.Count)
            {
                if (isLast) array[index] = value;
                else node = array[index]!;
                continue;
            }

            if (node is not JsonObject parent)
                throw new ConfigurationException(ConfigurationRejection.UnknownKey, $"unknown configuration key '{string.Join('.', path)}'");
            string key = parent.Select(pair => pair.Key).FirstOrDefault(name => string.Equals(name, path[i], StringComparison.OrdinalIgnoreCase))
                ?? JsonNamingPolicy.CamelCase.ConvertName(path[i]);
            if (isLast) parent[key] = ValueOf(value);
            else node = parent[key] ??= new JsonObject();
        }
    }

    private static JsonNode ValueOf(string value) => value switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ => JsonValue.Create(value)!,
    };

    private static NodeConfiguration Deserialize(JsonObject root, string path)
    {
        try
        {
            return root.Deserialize<NodeConfiguration>(Strict)!;
        }
        catch (JsonException e)
        {
            bool isUnknown = e.Message.Contains("could not be mapped", StringComparison.Ordinal);
            string detail = isUnknown ? $"unknown configuration key: {e.Message.Split(" could not")[0]}" : $"bad value at {e.Path}: {e.Message}";
            throw new ConfigurationException(
                isUnknown ? ConfigurationRejection.UnknownKey : ConfigurationRejection.BadValue, $"configuration '{path}': {detail}", e);
        }
    }

    private static void Validate(NodeConfiguration c)
    {
        Require(c.Genesis.Length > 0, "genesis", "is required: the path of the genesis document");
        Require(c.DataDir.Length > 0, "dataDir", "is required");
        RequirePath(c.Genesis, "genesis");
        RequirePath(c.DataDir, "dataDir");
        RequirePath(c.Replica.VoteKeyFile, "replica.voteKeyFile");
        RequirePath(c.Replica.NodeKeyFile, "replica.nodeKeyFile");
        RequirePath(c.Replica.KeyPasswordFile, "replica.keyPasswordFile");
        RequirePath(c.Replica.VoteGuardFile, "replica.voteGuardFile");
        RequirePath(c.Replica.NewVoteKeyFile, "replica.newVoteKeyFile");
        RequirePath(c.Replica.NewNodeKeyFile, "replica.newNodeKeyFile");
        Require(c.GenesisHash.Length == 0 || Hash32.TryParse(c.GenesisHash, out _), "genesisHash", "is 0x and 64 hex digits");
        RequireEndpoint(c.Peers.Listen, "peers.listen");
        RequireEndpoint(c.Rpc.Listen, "rpc.listen");
        Range(c.Rpc.RequestBytesMax, 266_240, 64 * 1024 * 1024, "rpc.requestBytesMax");
        Range(c.Rpc.BatchItemsMax, 1, 10_000, "rpc.batchItemsMax");
        Range(c.Rpc.SubscriptionsMax, 1, 10_000, "rpc.subscriptionsMax");
        Range(c.Rpc.StreamPausedMsMax, 1_000, 3_600_000, "rpc.streamPausedMsMax");
        Range(c.Rpc.ConnectionsMax, 1, 1_000_000, "rpc.connectionsMax");
        Range(c.Rpc.CallsPerSecondMax, 1, 1_000_000, "rpc.callsPerSecondMax");
        Range(c.Rpc.AddressConnectionsMax, 1, 1_000_000, "rpc.addressConnectionsMax");
        Range(c.Rpc.AddressCallsPerSecondMax, 1, 1_000_000, "rpc.addressCallsPerSecondMax");
        Require(c.Rpc.CorsOrigins is "" or "*" || IsOrigin(c.Rpc.CorsOrigins), "rpc.corsOrigins", "is *, one origin such as https://app.example, or empty");
        Range(c.Consensus.SlotTimeoutMs, 50, 60_000, "consensus.slotTimeoutMs");
        Range(c.Consensus.SlotTimeoutMaxMs, c.Consensus.SlotTimeoutMs, 600_000, "consensus.slotTimeoutMaxMs");
        Range(c.Consensus.HeartbeatMs, 5, c.Consensus.SlotTimeoutMs / 3, "consensus.heartbeatMs");
        Range(c.Consensus.MinHeightMs, 0, c.Consensus.SlotTimeoutMs / 2, "consensus.minHeightMs");
        Range(c.Consensus.SyncHeights, 1, 1_000_000_000, "consensus.syncHeights");
        Range(c.Storage.VoteSegmentBytes, 4 * 1024 * 1024, 1 << 30, "storage.voteSegmentBytes");
        Range(c.Storage.BatchSegmentBytes, 4 * 1024 * 1024, 1 << 30, "storage.batchSegmentBytes");
        Require(c.Storage.RetentionBytes >= 2L * c.Storage.BatchSegmentBytes, "storage.retentionBytes", "is at least two batch segments");
        for (int i = 0; i < c.Peers.Addresses.Count; i++) Require(c.Peers.Addresses[i] is not null, $"peers.addresses.{i}", "is host:port");
        Require(c.Peers.Known.Count <= 256, "peers.known", "names up to 256 operators");
        for (int i = 0; i < c.Peers.Known.Count; i++)
            Require(KnownPeer.Parse(c.Peers.Known[i]) is not null, $"peers.known.{i}", "is nodeKey@host:port, the key as 0x and 128 hex digits");
        for (int i = 0; i < c.Adapters.Count; i++)
        {
            Require(c.Adapters[i] is not null, $"adapters.{i}", "is an object");
            Require(c.Adapters[i].Kind == "evmDev", $"adapters.{i}.kind", "is one of: evmDev");
            Require(c.Adapters[i].Namespace != 0, $"adapters.{i}.namespace", "is not 0, the system namespace");
            Range(c.Adapters[i].Port, 0, 65_535, $"adapters.{i}.port");
            Require(
                c.Adapters[i].Rpc.Length == 0 || IsHttp(c.Adapters[i].Rpc), $"adapters.{i}.rpc", "is an http or https address");
        }

        Require(
            Enum.TryParse<Microsoft.Extensions.Logging.LogLevel>(c.Telemetry.LogLevel, out _), "telemetry.logLevel",
            "is one of Trace, Debug, Information, Warning, Error");
        Require(
            c.Telemetry.OtlpEndpoint.Length == 0 || IsHttp(c.Telemetry.OtlpEndpoint), "telemetry.otlpEndpoint",
            "is an http or https address");
    }

    /// <summary>localhost:8545 is an absolute address, too: of a scheme called localhost.</summary>
    private static bool IsHttp(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    /// <summary>Scheme, host and port as browsers write them: a header with anything else would match no page.</summary>
    private static bool IsOrigin(string text) => IsHttp(text) && new Uri(text).GetLeftPart(UriPartial.Authority) == text;

    private static NodeConfiguration Rooted(NodeConfiguration c, string folder) => c with
    {
        Genesis = Path.GetFullPath(c.Genesis, folder),
        DataDir = Path.GetFullPath(c.DataDir, folder),
        Replica = c.Replica with
        {
            VoteKeyFile = Path.GetFullPath(c.Replica.VoteKeyFile, folder),
            NodeKeyFile = Path.GetFullPath(c.Replica.NodeKeyFile, folder),
            NewVoteKeyFile = c.Replica.NewVoteKeyFile.Length == 0 ? "" : Path.GetFullPath(c.Replica.NewVoteKeyFile, folder),
            NewNodeKeyFile = c.Replica.NewNodeKeyFile.Length == 0 ? "" : Path.GetFullPath(c.Replica.NewNodeKeyFile, folder),
            KeyPasswordFile = c.Replica.KeyPasswordFile.Length == 0 ? "" : Path.GetFullPath(c.Replica.KeyPasswordFile, folder),
            VoteGuardFile = c.Replica.VoteGuardFile.Length == 0 ? "" : Path.GetFullPath(c.Replica.VoteGuardFile, folder),
        },
    };

    private static void RequirePath(string value, string key) =>
        Require(!value.Contains('\0', StringComparison.Ordinal), key, "is a path, which has no zero character");

    private static void RequireEndpoint(string value, string key) =>
        Require(IPEndPoint.TryParse(value, out IPEndPoint? parsed) && value.Contains(':', StringComparison.Ordinal) && parsed is not null, key,
            $"is address:port, got '{value}'");

    private static void Range(long value, long low, long high, string key) =>
        Require(value >= low && value <= high, key, $"is {low} to {high}, got {value}");

    private static void Require(bool condition, string key, string rule)
    {
        if (!condition) throw new ConfigurationException(ConfigurationRejection.BadValue, $"configuration key '{key}' {rule}");
    }
}

namespace SharedSeq.Node;

/// <summary>
/// The configuration of one operator's node. Read from a JSON file with comments, then environment (SHAREDSEQ__Section__Key), then command line;
/// unknown keys are errors. Relative paths are relative to the file. What all operators must agree on is in the genesis document, not here.
/// </summary>
public sealed record NodeConfiguration
{
    /// <summary>Path of the genesis document. Required: it is what the node trusts.</summary>
    public string Genesis { get; init; } = "";

    /// <summary>Expected genesis hash, 0x and 64 hex digits; empty accepts the document's own. A mismatch refuses to start.</summary>
    public string GenesisHash { get; init; } = "";

    /// <summary>Folder of logs and ledger; created when missing. One process at a time.</summary>
    public string DataDir { get; init; } = "data";

    public ReplicaSection Replica { get; init; } = new();

    public PeersSection Peers { get; init; } = new();

    public RpcSection Rpc { get; init; } = new();

    public ConsensusSection Consensus { get; init; } = new();

    public StorageSection Storage { get; init; } = new();

    /// <summary>Execution clients this operator drives, one per namespace; none is fine.</summary>
    public IReadOnlyList<AdapterSection> Adapters { get; init; } = [];

    public TelemetrySection Telemetry { get; init; } = new();
}

/// <summary>Who this node is.</summary>
public sealed record ReplicaSection
{
    /// <summary>Key file of the vote key, which signs proposals, votes and result votes. Its public key decides the seat.</summary>
    public string VoteKeyFile { get; init; } = "keys/vote.json";

    /// <summary>Key file of the node key, which signs batches, acks and statuses and is the TLS identity.</summary>
    public string NodeKeyFile { get; init; } = "keys/node.json";

    /// <summary>Key file of the vote key that a rotation puts in the place of the present one, from the epoch on that knows it; empty for none.</summary>
    public string NewVoteKeyFile { get; init; } = "";

    /// <summary>Key file of the node key that a rotation puts in the place of the present one; empty for none.</summary>
    public string NewNodeKeyFile { get; init; } = "";

    /// <summary>File with the password of all key files; empty for unprotected development keys.</summary>
    public string KeyPasswordFile { get; init; } = "";

    /// <summary>Accept key files without protection. Default false: only development networks should say true.</summary>
    public bool AllowUnprotectedKeys { get; init; }

    /// <summary>Where the highest voted slot is kept a second time, best on another disk than the data folder; empty keeps none.
    /// A start that finds it ahead of the log refuses to vote.</summary>
    public string VoteGuardFile { get; init; } = "";
}

/// <summary>Sessions with the other operators.</summary>
public sealed record PeersSection
{
    /// <summary>Address and port to listen on for other operators. Default 127.0.0.1:7700.</summary>
    public string Listen { get; init; } = "127.0.0.1:7700";

    /// <summary>host:port of every replica by index, the own one included; empty takes the endpoints of the genesis document.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>
    /// nodeKey@host:port of further operators: how to reach members that joined or took new keys after genesis before the own archive names them. Up to 256:
    /// two whole committees.
    /// </summary>
    public IReadOnlyList<string> Known { get; init; } = [];
}

/// <summary>The public interface.</summary>
public sealed record RpcSection
{
    /// <summary>Address and port of HTTP and WebSocket. Default 127.0.0.1:8700.</summary>
    public string Listen { get; init; } = "127.0.0.1:8700";

    /// <summary>Bytes of one request. Default 2 MiB: a batch of transactions at the transaction limit would not fit a batch anyway.</summary>
    public int RequestBytesMax { get; init; } = 2 * 1024 * 1024;

    /// <summary>Calls in one JSON-RPC batch. Default 100: what wallets and indexers send at most.</summary>
    public int BatchItemsMax { get; init; } = 100;

    /// <summary>Subscriptions over one WebSocket. Default 64.</summary>
    public int SubscriptionsMax { get; init; } = 64;

    /// <summary>Milliseconds a subscriber may take nothing before it is dropped and may resume, 1,000 to 3,600,000. Default 30,000.</summary>
    public int StreamPausedMsMax { get; init; } = 30_000;

    /// <summary>HTTP connections at once, and as many WebSockets. Default 4,096: above it new ones are refused, the open ones stay quick.</summary>
    public int ConnectionsMax { get; init; } = 4_096;

    /// <summary>
    /// JSON-RPC calls a second over one connection, HTTP or WebSocket, and as many at once after a pause; 1 to 1,000,000. Default 2,000: an indexer that
    /// reads hundreds of blocks a second is below it, and one connection keeps no more than a core busy.
    /// </summary>
    public int CallsPerSecondMax { get; init; } = 2_000;

    /// <summary>
    /// Connections of one address at once, HTTP and WebSocket together, IPv6 networks of 64 bits counted as one address; 1 to 1,000,000. Default 256: more
    /// than an office, an indexer or a load generator opens, and one client can not take everybody's places or memory. Above it a connection is answered
    /// with TooManyConnections.
    /// </summary>
    public int AddressConnectionsMax { get; init; } = 256;

    /// <summary>
    /// JSON-RPC calls a second of one address over all of its connections, and as many at once after a pause; 1 to 1,000,000. Default 8,000: four
    /// connections at their full rate.
    /// </summary>
    public int AddressCallsPerSecondMax { get; init; } = 8_000;

    /// <summary>The origin whose pages may call, by CORS; "*" for any, empty for none. Default any: everything served is public.</summary>
    public string CorsOrigins { get; init; } = "*";
}

/// <summary>Local timing of consensus; factors may differ between operators (consensus.md 6).</summary>
public sealed record ConsensusSection
{
    /// <summary>Slot timer after a commit, milliseconds, 50 to 60,000. Default 300 for one site; at least four one-way delays.</summary>
    public int SlotTimeoutMs { get; init; } = 300;

    /// <summary>Upper bound of the slot timer, milliseconds. Default 10,000.</summary>
    public int SlotTimeoutMaxMs { get; init; } = 10_000;

    /// <summary>Longest silence of an idle leader, milliseconds, at most a third of SlotTimeoutMs. Default 100.</summary>
    public int HeartbeatMs { get; init; } = 100;

    /// <summary>Least milliseconds between two heights of this leader when idle; raised under load. Default 2.</summary>
    public int MinHeightMs { get; init; } = 2;

    /// <summary>Heights that a certified checkpoint of the others must be ahead of the own archive to be started from, instead of fetching the heights;
    /// 1 to 1,000,000,000. Default 10,000: fewer are fetched in some seconds, and history is worth having.</summary>
    public int SyncHeights { get; init; } = 10_000;
}

/// <summary>Disk use.</summary>
public sealed record StorageSection
{
    /// <summary>Bytes of one vote log segment. Default 16 MiB: a few minutes of votes, replaced by a snapshot when full.</summary>
    public int VoteSegmentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of one batch log segment. Default 64 MiB.</summary>
    public int BatchSegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of batches and blocks kept for others before the oldest are pruned. Default 16 GiB.</summary>
    public long RetentionBytes { get; init; } = 16L * 1024 * 1024 * 1024;
}

/// <summary>One execution client.</summary>
public sealed record AdapterSection
{
    /// <summary>The namespace whose blocks it executes.</summary>
    public ulong Namespace { get; init; }

    /// <summary>Kind of client: evmDev.</summary>
    public string Kind { get; init; } = "evmDev";

    /// <summary>JSON-RPC address of a running client; empty starts an own one (evmDev only).</summary>
    public string Rpc { get; init; } = "";

    /// <summary>Port for an own client on loopback; 0 lets the system choose.</summary>
    public int Port { get; init; }
}

/// <summary>What the node tells about itself.</summary>
public sealed record TelemetrySection
{
    /// <summary>Least level of log lines: Trace, Debug, Information, Warning, Error. Default Information.</summary>
    public string LogLevel { get; init; } = "Information";

    /// <summary>Log lines as JSON instead of text. Default false.</summary>
    public bool LogJson { get; init; }

    /// <summary>OTLP endpoint for metrics, http://host:4317; empty sends nothing.</summary>
    public string OtlpEndpoint { get; init; } = "";
}

namespace SharedSeq.Primitives;

/// <content>Limits of networking, the public interface and storage: they protect one process.</content>
public sealed partial record ProtocolLimits
{
    [Limit(LimitScope.Local, "bytes", 131_072, 67_108_864,
        "the largest proposal or block response of a committee of 13, with room")]
    public int ControlFrameBytesMax { get; init; } = 1024 * 1024;

    [Limit(LimitScope.Local, "bytes", 1_048_576, 67_108_864,
        "a batch response of four full batches with their headers")]
    public int BulkFrameBytesMax { get; init; } = (2 * 1024 * 1024) + (256 * 1024);

    [Limit(LimitScope.Local, "frames", 64, 1_048_576,
        "more than all own statements of a full slot window; beyond it the oldest is dropped, the protocol sends " +
        "again what matters")]
    public int PeerControlQueueFramesMax { get; init; } = 8_192;

    [Limit(LimitScope.Local, "bytes", 1_048_576, 4_294_967_296,
        "a second and a half of a 40 MB/s link per peer; beyond it frames are dropped and sent again later")]
    public long PeerBulkQueueBytesMax { get; init; } = 64L * 1024 * 1024;

    [Limit(LimitScope.Local, "frames/s", 100, 10_000_000,
        "ten times a busy committee's traffic from one peer; above it reading pauses")]
    public int PeerFramesPerSecondMax { get; init; } = 20_000;

    [Limit(LimitScope.Local, "bytes/s", 1_048_576, 68_719_476_736,
        "above any link this serves, below what could starve a machine")]
    public long PeerBytesPerSecondMax { get; init; } = 512L * 1024 * 1024;

    [Limit(LimitScope.Local, "frames", 1, 1_024,
        "a bug shows at once, an attacker gains nothing; then the session is closed")]
    public int PeerBadFramesMax { get; init; } = 16;

    [Limit(LimitScope.Local, "connections", 4, 65_536,
        "the largest committee can reconnect at once, two connections each; too few to exhaust sockets")]
    public int PeerPendingConnectionsMax { get; init; } = 256;

    [Limit(LimitScope.Local, "connections", 2, 65_536,
        "more than operators that share an address have at once, and one stranger can not keep members from connecting")]
    public int PeerPendingPerAddressMax { get; init; } = 32;

    [Limit(LimitScope.Local, "ms", 100, 60_000, "TCP, TLS and hello across the world take less than two seconds")]
    public int PeerHandshakeMs { get; init; } = 5_000;

    [Limit(LimitScope.Local, "ms", 10, 60_000,
        "twice a round trip across the world; the kernel repeats an unanswered attempt ever more seldom, a new one finds a healed network sooner")]
    public int PeerConnectMs { get; init; } = 1_000;

    [Limit(LimitScope.Local, "ms", 10, 10_000, "four pings within the silence that closes a session")]
    public int PeerPingMs { get; init; } = 250;

    [Limit(LimitScope.Local, "ms", 100, 60_000,
        "a dead leader is known after three slot timers; a pause for garbage collection is far shorter")]
    public int PeerSilenceMs { get; init; } = 1_000;

    [Limit(LimitScope.Local, "ms", 10, 60_000,
        "a healed partition is noticed within half a second, a dead address costs two attempts a second")]
    public int PeerReconnectMs { get; init; } = 500;

    [Limit(LimitScope.Local, "bytes", 266_240, 67_108_864,
        "four full batches' worth of transactions in binary or one in hexadecimal; more belongs into several " +
        "requests")]
    public int RpcRequestBytesMax { get; init; } = 2 * 1024 * 1024;

    [Limit(LimitScope.Local, "calls", 1, 10_000, "what wallets and indexers send at most in one JSON-RPC batch")]
    public int RpcBatchItemsMax { get; init; } = 100;

    [Limit(LimitScope.Local, "subscriptions", 1, 10_000, "a page that shows dozens of rollups over one connection")]
    public int RpcSubscriptionsMax { get; init; } = 64;

    [Limit(LimitScope.Local, "connections", 1, 1_000_000,
        "about 64 KiB each; above it new ones are refused, the open ones stay quick")]
    public int RpcConnectionsMax { get; init; } = 4_096;

    [Limit(LimitScope.Local, "calls a second", 1, 1_000_000,
        "of one connection: an indexer reading hundreds of blocks a second is below it, and no client keeps more than a core busy by one")]
    public int RpcCallsPerSecondMax { get; init; } = 2_000;

    [Limit(LimitScope.Local, "connections", 1, 1_000_000,
        "more than an office, an indexer or a load generator opens; with 2 MiB of a request each, half a GiB, and a sixteenth of all places")]
    public int RpcAddressConnectionsMax { get; init; } = 256;

    [Limit(LimitScope.Local, "calls a second", 1, 1_000_000,
        "four connections at their full rate: one address keeps no more than a part of the machine busy, however many connections it opens")]
    public int RpcAddressCallsPerSecondMax { get; init; } = 8_000;

    [Limit(LimitScope.Local, "ms", 100, 600_000,
        "as long as the longest slot: the caller learns the state reached and can ask again")]
    public int RpcWaitMsMax { get; init; } = 10_000;

    [Limit(LimitScope.Local, "blocks", 1, 65_536,
        "blocks sent and not yet acknowledged by one subscriber; then its stream pauses")]
    public int StreamWindowBlocksMax { get; init; } = 256;

    [Limit(LimitScope.Local, "ms", 1_000, 3_600_000,
        "a paused subscriber that has not moved for this long is dropped with the reason and can resume by cursor")]
    public int StreamPausedMsMax { get; init; } = 30_000;

    [Limit(LimitScope.Local, "bytes", 4_194_304, 1_073_741_824,
        "a few minutes of votes; small, so that it is preallocated quickly and read back at once on start")]
    public int VoteSegmentBytes { get; init; } = 16 * 1024 * 1024;

    [Limit(LimitScope.Local, "bytes", 4_194_304, 1_073_741_824,
        "128 full batches; preallocating and freeing stay below 0.1 s")]
    public int BatchSegmentBytes { get; init; } = 64 * 1024 * 1024;

    [Limit(LimitScope.Local, "bytes", 65_536, 67_108_864,
        "twice a full batch; a length above it is corruption, not data")]
    public int LogRecordBytesMax { get; init; } = 1024 * 1024;

    [Limit(LimitScope.Local, "bytes", 1_073_741_824, 1_125_899_906_842_624,
        "a returning operator finds some minutes at full speed and days at normal load with its peers")]
    public long RetentionBytes { get; init; } = 16L * 1024 * 1024 * 1024;
}

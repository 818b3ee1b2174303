namespace SharedSeq.Primitives;

/// <content>Limits of lanes (consensus.md 7) and ordering (ordering.md 1 to 3).</content>
public sealed partial record ProtocolLimits
{
    [Limit(LimitScope.Protocol, "bytes", 131_072, 131_072, "what Ethereum's clients take as one transaction")]
    public int TransactionBytesMax { get; init; } = 128 * 1024;

    [Limit(LimitScope.Protocol, "bytes", 21, 21,
        "length, leaf prefix, namespace and validUntil in front of each payload")]
    public int TransactionRecordOverheadBytes { get; init; } = 21;

    [Limit(LimitScope.Protocol, "bytes", 524_288, 524_288,
        "a thousand small transactions share one signature and one sync; 5 ms on a 100 MB/s link, so none holds " +
        "up a lane")]
    public int BatchBytesMax { get; init; } = 512 * 1024;

    [Limit(LimitScope.Protocol, "batches", 256, 256, "one request covers all that a lane may have uncommitted")]
    public int BatchRequestMax { get; init; } = 256;

    [Limit(LimitScope.Protocol, "bytes", 2_097_152, 2_097_152,
        "four full batches: catch-up is limited by the link, not by round trips")]
    public int BatchResponseBytesMax { get; init; } = 4 * 512 * 1024;

    [Limit(LimitScope.Policy, "batches", 1, 4_096,
        "32 MiB of one lane in a block at most, so one lane's backlog cannot make a block that takes seconds to " +
        "fetch")]
    public int LaneBatchesPerBlockMax { get; init; } = 64;

    [Limit(LimitScope.Local, "batches", 1, 65_536, "four full blocks ahead; acks stop beyond it (back-pressure)")]
    public int LaneUncommittedBatchesMax { get; init; } = 256;

    [Limit(LimitScope.Local, "bytes", 1_048_576, 17_179_869_184,
        "about a second of the fastest lane; with 100 members 6.4 GB of disk and no memory")]
    public long LaneUncommittedBytesMax { get; init; } = 64L * 1024 * 1024;

    [Limit(LimitScope.Policy, "namespaces", 1, 1_000_000,
        "one entry and one tree node each: 4 KiB per idle namespace is 64 MiB")]
    public int NamespacesMax { get; init; } = 16_384;

    [Limit(LimitScope.Policy, "bytes", 131_093, 1_073_741_824,
        "a backlog of lanes drains in pieces that streams and execution can take")]
    public long HeightBytesMax { get; init; } = 16L * 1024 * 1024;

    [Limit(LimitScope.Policy, "bytes", 131_093, 1_073_741_824,
        "eight seconds at a namespace's cap of 8 MiB; beyond it transactions are rejected as congested")]
    public long NamespaceQueueBytesMax { get; init; } = 64L * 1024 * 1024;

    [Limit(LimitScope.Policy, "bytes", 131_093, 1_073_741_824, "what a subscriber takes in as one piece")]
    public long NamespaceBlockBytesMax { get; init; } = 8L * 1024 * 1024;

    [Limit(LimitScope.Policy, "blocks", 1, 4_096, "a pause of the network must not turn into one huge height")]
    public int NamespaceBlocksPerHeightMax { get; init; } = 64;

    [Limit(LimitScope.Policy, "seconds", 1, 600,
        "how far validUntil may lie ahead: a minute covers retries, and ids need not be kept longer")]
    public int DedupSecondsMax { get; init; } = 60;

    [Limit(LimitScope.Policy, "ms", 1, 60_000,
        "wallets re-send an unchanged transaction within seconds; later the nonce protects")]
    public int EvmDedupMs { get; init; } = 5_000;

    [Limit(LimitScope.Policy, "ids", 1, 67_108_864,
        "70,000 transactions a second for the whole 60 s, in 128 MiB; a full table rejects as congested")]
    public int DedupIdsMax { get; init; } = 4 * 1024 * 1024;

    [Limit(LimitScope.Protocol, "candidates", 64, 64, "each was approved by q members: more than join in a year")]
    public int OperatorCandidatesMax { get; init; } = 64;

    [Limit(LimitScope.Protocol, "keys", 4_096, 4_096,
        "keys that served are remembered for good, as none serves twice: 128 KiB of state, and 2,000 joins and rotations")]
    public int OperatorKeysMax { get; init; } = 4_096;

    [Limit(LimitScope.Protocol, "rotations", 64, 64,
        "weekly for a year and more; one operator can not use up the keys of all, and joins anew when it needs more")]
    public int OperatorRotationsMax { get; init; } = 64;

    [Limit(LimitScope.Protocol, "bytes", 18_432, 18_432, "a join that 128 members approved")]
    public int OperatorStatementBytesMax { get; init; } = 18 * 1024;

    [Limit(LimitScope.Protocol, "statements", 1, 1,
        "per lane and height: each costs up to a quorum of signature checks, and an operator has no use for more")]
    public int OperatorStatementsPerLaneMax { get; init; } = 1;

    [Limit(LimitScope.Protocol, "legs", 8, 8,
        "an atomic bundle over more rollups than that is hard to price and to solve exactly")]
    public int BundleLegsMax { get; init; } = 8;

    [Limit(LimitScope.Policy, "bids", 1, 4_096, "the solver's work is bounded; the highest visible bonds stay")]
    public int BidsPerAuctionMax { get; init; } = 512;
}

using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>The limits a node is about to run with: its own configuration's and its network's policy, which only make sense together.</summary>
public static class NodeLimits
{
    /// <summary>Milliseconds that a call waits for the level it asked for. 10,000: as long as the longest slot, three times the usual deadline of a
    /// receipt; the caller learns the state reached and can ask again.</summary>
    public const int RpcWaitMs = 10_000;

    /// <summary>What both say, as one list; what neither can change has its default.</summary>
    public static ProtocolLimits Of(NodeConfiguration configuration, Policy policy) => new()
    {
        SlotTimeoutMs = configuration.Consensus.SlotTimeoutMs,
        SlotTimeoutMaxMs = configuration.Consensus.SlotTimeoutMaxMs,
        HeartbeatMs = configuration.Consensus.HeartbeatMs,
        MinHeightMs = configuration.Consensus.MinHeightMs,
        RpcRequestBytesMax = configuration.Rpc.RequestBytesMax,
        RpcBatchItemsMax = configuration.Rpc.BatchItemsMax,
        RpcSubscriptionsMax = configuration.Rpc.SubscriptionsMax,
        RpcConnectionsMax = configuration.Rpc.ConnectionsMax,
        RpcCallsPerSecondMax = configuration.Rpc.CallsPerSecondMax,
        RpcAddressConnectionsMax = configuration.Rpc.AddressConnectionsMax,
        RpcAddressCallsPerSecondMax = configuration.Rpc.AddressCallsPerSecondMax,
        StreamPausedMsMax = configuration.Rpc.StreamPausedMsMax,
        VoteSegmentBytes = configuration.Storage.VoteSegmentBytes,
        BatchSegmentBytes = configuration.Storage.BatchSegmentBytes,
        RetentionBytes = configuration.Storage.RetentionBytes,
        FreshnessMs = (int)policy.FreshnessMs,
        ClockDriftMs = (int)policy.ClockDriftMs,
        ReceiptDeadlineHeights = (int)policy.ReceiptDeadlineHeights,
        CheckpointIntervalHeights = (int)policy.CheckpointInterval,
        ResultIntervalMs = (int)policy.ResultIntervalMs,
        LaneBatchesPerBlockMax = (int)policy.MaxBatchesPerLane,
        NamespacesMax = (int)policy.NamespacesMax,
        HeightBytesMax = (long)policy.HeightBytes,
        NamespaceQueueBytesMax = (long)policy.QueueBytes,
        NamespaceBlocksPerHeightMax = (int)policy.BlocksPerHeightMax,
        DedupSecondsMax = (int)policy.DedupSeconds,
        EvmDedupMs = (int)policy.EvmDedupMs,
        DedupIdsMax = (int)policy.DedupIdsMax,
    };

    /// <exception cref="ConfigurationException">Every limit that is out of its range or contradicts another.</exception>
    public static void Check(NodeConfiguration configuration, Genesis genesis)
    {
        IReadOnlyList<LimitFault> faults = Of(configuration, genesis.Policy).Faults(genesis.Quorum.N, genesis.Quorum.Quorum);
        if (faults.Count > 0)
        {
            throw new ConfigurationException(
                ConfigurationRejection.ImpossibleLimits,
                $"limits of genesis {genesis.Hash} and this configuration do not fit together: {string.Join("; ", faults)}");
        }
    }
}

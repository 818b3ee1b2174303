using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Configuration;

/// <summary>The options of the shell and the list of limits (docs/protocol/limits.md) say the same.</summary>
public sealed class LimitAgreementTests
{
    private static readonly ProtocolLimits Limits = ProtocolLimits.Default;

    [Fact]
    public void Peer_limits_agree()
    {
        PeerLimits peer = new();
        Assert.Equal(Limits.ControlFrameBytesMax, peer.ControlFrameBytes);
        Assert.Equal(Limits.BulkFrameBytesMax, peer.BulkFrameBytes);
        Assert.Equal(Limits.PeerControlQueueFramesMax, peer.ControlQueueFrames);
        Assert.Equal(Limits.PeerBulkQueueBytesMax, peer.BulkQueueBytes);
        Assert.Equal(Limits.PeerFramesPerSecondMax, peer.FramesPerSecond);
        Assert.Equal(Limits.PeerBytesPerSecondMax, peer.BytesPerSecond);
        Assert.Equal(Limits.PeerBadFramesMax, peer.BadFrames);
        Assert.Equal(Limits.PeerHandshakeMs, peer.HandshakeMs);
        Assert.Equal(Limits.PeerConnectMs, peer.ConnectMs);
        Assert.Equal(Limits.PeerPingMs, peer.PingMs);
        Assert.Equal(Limits.PeerSilenceMs, peer.SilenceMs);
        Assert.Equal(Limits.PeerReconnectMs, peer.ReconnectMs);
        Assert.Equal(Limits.PeerPendingConnectionsMax, peer.PendingConnections);
        Assert.Equal(Limits.PeerPendingPerAddressMax, peer.PendingPerAddress);
    }

    [Fact]
    public void The_configurations_defaults_agree()
    {
        NodeConfiguration configuration = new();
        Assert.Equal(Limits.RpcRequestBytesMax, configuration.Rpc.RequestBytesMax);
        Assert.Equal(Limits.RpcBatchItemsMax, configuration.Rpc.BatchItemsMax);
        Assert.Equal(Limits.RpcSubscriptionsMax, configuration.Rpc.SubscriptionsMax);
        Assert.Equal(Limits.StreamPausedMsMax, configuration.Rpc.StreamPausedMsMax);
        Assert.Equal(Limits.RpcConnectionsMax, configuration.Rpc.ConnectionsMax);
        Assert.Equal(Limits.RpcCallsPerSecondMax, configuration.Rpc.CallsPerSecondMax);
        Assert.Equal(Limits.RpcAddressConnectionsMax, configuration.Rpc.AddressConnectionsMax);
        Assert.Equal(Limits.RpcAddressCallsPerSecondMax, configuration.Rpc.AddressCallsPerSecondMax);
        Assert.Equal(NodeLimits.RpcWaitMs, Limits.RpcWaitMsMax);
        Assert.Equal(Limits.SlotTimeoutMs, configuration.Consensus.SlotTimeoutMs);
        Assert.Equal(Limits.SlotTimeoutMaxMs, configuration.Consensus.SlotTimeoutMaxMs);
        Assert.Equal(Limits.HeartbeatMs, configuration.Consensus.HeartbeatMs);
        Assert.Equal(Limits.MinHeightMs, configuration.Consensus.MinHeightMs);
        Assert.Equal(Limits.VoteSegmentBytes, configuration.Storage.VoteSegmentBytes);
        Assert.Equal(Limits.BatchSegmentBytes, configuration.Storage.BatchSegmentBytes);
        Assert.Equal(Limits.RetentionBytes, configuration.Storage.RetentionBytes);
    }
}

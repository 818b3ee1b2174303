using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>Whoever holds an operator's keys and runs no node: real sessions to the others, with whatever content a fault needs.</summary>
internal sealed class HostilePeer : IPeerHandler, IAsyncDisposable
{
    private readonly NodeKeys _keys;
    private readonly PeerNetwork _network;
    private readonly ConcurrentDictionary<BlockId, bool> _given = new();

    private HostilePeer(NodeKeys keys, PeerNetworkOptions options, Genesis genesis)
    {
        _keys = keys;
        _network = new PeerNetwork(options, this, NullLogger.Instance);
        Signer = new StatementSigner(genesis.Domain, Epoch.Zero, keys.Seat, new P256Signer(keys.VoteKey), new P256Signer(keys.NodeKey));
    }

    public ReplicaId Seat => _keys.Seat;

    public StatementSigner Signer { get; }

    public IReadOnlyDictionary<SessionEnd, long> Ends => _network.Ends;

    /// <summary>Dials the operators of greater index; those of smaller index dial it only where the options say that it listens there.</summary>
    /// <param name="keys">Where the keys are.</param>
    /// <param name="genesis">The network.</param>
    /// <param name="change">What is to be otherwise than at an honest operator.</param>
    /// <param name="certificate">Another than that of the node key.</param>
    public static HostilePeer Start(
        ReplicaSection keys, Genesis genesis, Func<PeerNetworkOptions, PeerNetworkOptions>? change = null, X509Certificate2? certificate = null)
    {
        NodeKeys opened = NodeKeys.Open(keys, genesis);
        var options = new PeerNetworkOptions
        {
            Self = opened.Seat,
            Chain = genesis.Chain,
            Genesis = genesis.Hash,
            Certificate = certificate ?? opened.NodeKey.CreateSelfSignedCertificate($"replica-{opened.Seat}"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Peers = [.. Enumerable.Range(0, genesis.Members.Count).Where(i => i != opened.Seat.Value).Select(i => EndpointOf(genesis, i))],
        };
        var peer = new HostilePeer(opened, change?.Invoke(options) ?? options, genesis);
        peer._network.Start();
        return peer;
    }

    public bool IsConnected(ReplicaId to) => _network.IsConnected(to);

    public void Send(ReplicaId to, PeerMessage message) => Send(to, PeerChannel.Control, writer =>
    {
        writer.Byte((byte)message.Kind);
        message.Write(writer);
    });

    /// <summary>Without a session it is lost; whoever waits for its effect sends it again.</summary>
    public void Send(ReplicaId to, PeerChannel channel, Action<CanonicalWriter> write) => _network.TrySend(to, OutgoingFrame.Create(channel, write));

    /// <summary>Whether somebody sent this block, which is done upon a request only.</summary>
    public bool WasGiven(BlockId block) => _given.ContainsKey(block);

    public ValueTask<bool> OnFrameAsync(ReplicaId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        if (!frame.IsEmpty && frame.Span[0] == (byte)MessageKind.BlockResponse && MessageCodec.Decode(frame) is BlockResponse response)
        {
            foreach (Block block in response.Blocks) _given.TryAdd(block.Id, true);
        }

        return ValueTask.FromResult(true);
    }

    public void OnHeard(ReplicaId peer)
    {
    }

    public void OnConnected(ReplicaId peer)
    {
    }

    public void OnDisconnected(ReplicaId peer, SessionEnd reason)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        _keys.Dispose();
    }

    private static PeerEndpoint EndpointOf(Genesis genesis, int index)
    {
        IPEndPoint place = IPEndPoint.Parse(genesis.Endpoints[index].Peer);
        return new PeerEndpoint(new ReplicaId((ushort)index), genesis.Members[index].NodeKey, place.Address.ToString(), place.Port);
    }
}

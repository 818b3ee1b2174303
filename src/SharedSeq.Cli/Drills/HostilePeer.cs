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

    private HostilePeer(NodeKeys keys, ReplicaId seat, PeerNetworkOptions options, Genesis genesis)
    {
        _keys = keys;
        Seat = seat;
        _network = new PeerNetwork(options, this, NullLogger.Instance);
        Signer = new StatementSigner(genesis.Domain, Epoch.Zero, seat, new P256Signer(keys.VoteKey), new P256Signer(keys.NodeKey));
    }

    public ReplicaId Seat { get; }

    public StatementSigner Signer { get; }

    public IReadOnlyDictionary<SessionEnd, long> Ends => _network.Ends;

    /// <summary>What it does upon a message, if anything.</summary>
    public Action<ReplicaId, PeerMessage>? OnMessage { get; set; }

    /// <summary>
    /// Dials the operators of greater node key, in a devnet those of greater index; the others dial it only where the options say that it listens.
    /// </summary>
    /// <param name="keys">Where the keys are.</param>
    /// <param name="genesis">The network.</param>
    /// <param name="change">What is to be otherwise than at an honest operator.</param>
    /// <param name="certificate">Another than that of the node key.</param>
    public static HostilePeer Start(
        ReplicaSection keys, Genesis genesis, Func<PeerNetworkOptions, PeerNetworkOptions>? change = null, X509Certificate2? certificate = null)
    {
        NodeKeys opened = NodeKeys.Open(keys, genesis);
        ReplicaId seat = opened.SeatIn(genesis.Committee) ?? throw new InvalidOperationException("the keys are of no operator");
        var options = new PeerNetworkOptions
        {
            NodeKey = opened.NodeKey.PublicKey.Value,
            Chain = genesis.Chain,
            Genesis = genesis.Hash,
            Certificate = certificate ?? opened.NodeKey.CreateSelfSignedCertificate("operator"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Peers = [.. Enumerable.Range(0, genesis.Members.Count).Where(i => i != seat.Value).Select(i => EndpointOf(genesis, i))],
        };
        var peer = new HostilePeer(opened, seat, change?.Invoke(options) ?? options, genesis);
        peer._network.Start();
        return peer;
    }

    public bool IsConnected(ReplicaId to) => _network.IsConnected(new PeerId(to.Value));

    public void Send(ReplicaId to, PeerMessage message) => Send(to, PeerChannel.Control, writer =>
    {
        writer.Byte((byte)message.Kind);
        message.Write(writer);
    });

    /// <summary>Without a session it is lost; whoever waits for its effect sends it again.</summary>
    public void Send(ReplicaId to, PeerChannel channel, Action<CanonicalWriter> write) =>
        _network.TrySend(new PeerId(to.Value), OutgoingFrame.Create(channel, write));

    /// <summary>Whether somebody sent this block, which is done upon a request only.</summary>
    public bool WasGiven(BlockId block) => _given.ContainsKey(block);

    public ValueTask<bool> OnFrameAsync(PeerId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        if (!frame.IsEmpty && frame.Span[0] == (byte)MessageKind.BlockResponse && MessageCodec.Decode(frame) is BlockResponse response)
        {
            foreach (Block block in response.Blocks) _given.TryAdd(block.Id, true);
        }

        if (OnMessage is { } answer && !frame.IsEmpty) answer(new ReplicaId(peer.Value), MessageCodec.Decode(frame));
        return ValueTask.FromResult(true);
    }

    public void OnHeard(PeerId peer)
    {
    }

    public void OnConnected(PeerId peer)
    {
    }

    public void OnDisconnected(PeerId peer, SessionEnd reason)
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
        return new PeerEndpoint(new PeerId((ushort)index), genesis.Members[index].NodeKey, place.Address.ToString(), place.Port);
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Whoever holds the keys of seat 0, or says so: real sessions, whatever content the test wants.</summary>
internal sealed class PeerAttacker : IPeerHandler, IAsyncDisposable
{
    private readonly NodeKeys _keys;
    private readonly PeerNetwork _network;

    private PeerAttacker(NodeKeys keys, PeerNetworkOptions options, Genesis genesis)
    {
        _keys = keys;
        _network = new PeerNetwork(options, this, NullLogger.Instance);
        Signer = new StatementSigner(genesis.Domain, Epoch.Zero, keys.Seat, new P256Signer(keys.VoteKey), new P256Signer(keys.NodeKey));
    }

    public StatementSigner Signer { get; }

    public IReadOnlyDictionary<SessionEnd, long> Ends => _network.Ends;

    public static PeerAttacker Start(
        TestNetwork network, Func<PeerNetworkOptions, PeerNetworkOptions>? change = null, X509Certificate2? certificate = null)
    {
        NodeKeys keys = NodeKeys.Open(network.ConfigurationOf(0).Replica, network.Genesis);
        var options = new PeerNetworkOptions
        {
            Self = keys.Seat,
            Chain = network.Genesis.Chain,
            Genesis = network.Genesis.Hash,
            Certificate = certificate ?? keys.NodeKey.CreateSelfSignedCertificate("replica-0"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Peers = [.. Enumerable.Range(1, 3).Select(i => EndpointOf(network.Genesis, i))],
        };
        var attacker = new PeerAttacker(keys, change?.Invoke(options) ?? options, network.Genesis);
        attacker._network.Start();
        return attacker;
    }

    /// <summary>With its session to the victim, the second seat, up.</summary>
    public static async Task<PeerAttacker> StartedAsync(TestNetwork network, TestNode victim)
    {
        PeerAttacker attacker = Start(network);
        await TestNetwork.UntilAsync(
            "the attacker has a session", () => Task.FromResult(attacker._network.IsConnected(victim.Host.Runtime.Self)));
        return attacker;
    }

    public void Send(PeerMessage message) => Send(PeerChannel.Control, writer =>
    {
        writer.Byte((byte)message.Kind);
        message.Write(writer);
    });

    /// <summary>Without a session it is lost; whoever waits for its effect sends it again.</summary>
    public void Send(PeerChannel channel, Action<CanonicalWriter> write) =>
        _network.TrySend(new ReplicaId(1), OutgoingFrame.Create(channel, write));

    public ValueTask<bool> OnFrameAsync(ReplicaId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation) => ValueTask.FromResult(true);

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

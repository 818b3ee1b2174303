using System.Security.Cryptography.X509Certificates;
using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>A <see cref="HostilePeer"/> with the keys of seat 0, which no node of the test uses; it speaks to the second seat.</summary>
internal static class PeerAttacker
{
    private static readonly ReplicaId Victim = new(1);

    public static HostilePeer Start(
        TestNetwork network, Func<PeerNetworkOptions, PeerNetworkOptions>? change = null, X509Certificate2? certificate = null) =>
        HostilePeer.Start(network.ConfigurationOf(0).Replica, network.Genesis, change, certificate);

    /// <summary>With its session to the victim up.</summary>
    public static async Task<HostilePeer> StartedAsync(TestNetwork network)
    {
        HostilePeer attacker = Start(network);
        await TestNetwork.UntilAsync("the attacker has a session", () => Task.FromResult(attacker.IsConnected(Victim)));
        return attacker;
    }

    public static void Send(this HostilePeer attacker, PeerMessage message) => attacker.Send(Victim, message);

    public static void Send(this HostilePeer attacker, PeerChannel channel, Action<CanonicalWriter> write) => attacker.Send(Victim, channel, write);
}

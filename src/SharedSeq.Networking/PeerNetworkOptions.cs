using System.Net;
using System.Security.Cryptography.X509Certificates;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>Another replica: its registered node key, which its TLS certificate must carry, and where it listens.</summary>
public sealed record PeerEndpoint(ReplicaId Replica, PublicKey64 NodeKey, string Host, int Port);

/// <summary>Everything the peer network of one replica needs to know.</summary>
public sealed record PeerNetworkOptions
{
    public required ReplicaId Self { get; init; }

    public required ChainId Chain { get; init; }

    public required Hash32 Genesis { get; init; }

    public ProtocolVersion Version { get; init; } = ProtocolVersion.Current;

    /// <summary>Self-signed certificate of the own node key.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>Where to listen. Port 0 lets the system choose; see PeerNetwork.ListenEndpoint.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The other replicas of the committee.</summary>
    public required IReadOnlyList<PeerEndpoint> Peers { get; init; }

    public PeerLimits Limits { get; init; } = new();
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>This node's own number for another node key, given once and kept while the process runs. Says nothing of seats: those change with epochs.</summary>
public readonly record struct PeerId(ushort Value)
{
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>
/// Another operator: its registered node key, which its TLS certificate must carry, and where it listens. Port 0: that is not known here, it is not dialed.
/// </summary>
public sealed record PeerEndpoint(PeerId Peer, PublicKey64 NodeKey, string Host, int Port);

/// <summary>Everything the peer network of one operator needs to know.</summary>
public sealed record PeerNetworkOptions
{
    /// <summary>The own node key: of two operators the one with the smaller key dials.</summary>
    public required PublicKey64 NodeKey { get; init; }

    public required ChainId Chain { get; init; }

    public required Hash32 Genesis { get; init; }

    public ProtocolVersion Version { get; init; } = ProtocolVersion.Current;

    /// <summary>Self-signed certificate of the own node key.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>Where to listen; null listens nowhere and dials everybody. Port 0 lets the system choose; see PeerNetwork.ListenEndpoint.</summary>
    public required IPEndPoint? Listen { get; init; }

    /// <summary>The other operators at the beginning; see PeerNetwork.SetPeers.</summary>
    public required IReadOnlyList<PeerEndpoint> Peers { get; init; }

    public PeerLimits Limits { get; init; } = new();
}

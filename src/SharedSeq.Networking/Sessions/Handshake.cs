using System.Buffers.Binary;
using System.Security.Cryptography.X509Certificates;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>The peer refused this node, or this node refused the peer; <see cref="Reason"/> says why.</summary>
public sealed class HandshakeException(SessionEnd reason, string message) : IOException(message)
{
    public SessionEnd Reason { get; } = reason;
}

/// <summary>Exchanges hellos over an established TLS stream, which belongs to the peer whose key the certificate carries.</summary>
internal sealed class Handshake(PeerNetworkOptions options)
{
    private Hello Own(PeerChannel channel) => new(options.Version, options.Chain, options.Genesis, channel);

    /// <summary>The peer whose registered node key a certificate carries; null for none. Chain and names mean nothing here: the key is the identity.</summary>
    public static PeerId? OwnerOf(X509Certificate2? certificate, IReadOnlyDictionary<PublicKey64, PeerEndpoint> peers) =>
        certificate is not null && P256PublicKey.TryReadFromCertificate(certificate, out PublicKey64 key) && peers.TryGetValue(key, out PeerEndpoint? peer)
            ? peer.Peer
            : null;

    /// <summary>The dialing side: says hello first.</summary>
    public async Task DialAsync(Stream stream, PeerId expected, PeerChannel channel, CancellationToken cancellation)
    {
        await WriteAsync(stream, Own(channel).Encode(), cancellation);
        (Hello other, SessionEnd refusal) = await ReadAsync(stream, cancellation);
        if (refusal != SessionEnd.None)
            throw new HandshakeException(refusal, $"peer {expected} refused this node: {refusal}");
        SessionEnd wrong = Own(channel).Check(other);
        if (wrong == SessionEnd.None && other.Channel != channel) wrong = SessionEnd.WrongChannel;
        if (wrong != SessionEnd.None) throw new HandshakeException(wrong, $"peer {expected} answered for something else: {wrong}");
    }

    /// <summary>The accepting side: answers, with the reason if it refuses.</summary>
    public async Task<PeerChannel> AcceptAsync(Stream stream, PeerId keyOwner, CancellationToken cancellation)
    {
        (Hello other, _) = await ReadAsync(stream, cancellation);
        Hello own = Own(other.Channel);
        SessionEnd wrong = own.Check(other);
        await WriteAsync(stream, own.Encode(wrong), cancellation);
        if (wrong != SessionEnd.None)
            throw new HandshakeException(wrong,
                $"refused peer {keyOwner}: {wrong}; it says chain {other.Chain}, genesis {other.Genesis}, version {other.Version}");
        return other.Channel;
    }

    private static async Task WriteAsync(Stream stream, byte[] hello, CancellationToken cancellation)
    {
        byte[] frame = new byte[4 + hello.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)hello.Length);
        hello.CopyTo(frame.AsSpan(4));
        await stream.WriteAsync(frame, cancellation);
        await stream.FlushAsync(cancellation);
    }

    private static async Task<(Hello Hello, SessionEnd Refusal)> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] frame = new byte[4 + Hello.Size];
        await stream.ReadExactlyAsync(frame.AsMemory(0, 4), cancellation);
        if (BinaryPrimitives.ReadUInt32BigEndian(frame) != Hello.Size)
            throw new HandshakeException(SessionEnd.BadHello, "the first frame is not a hello");
        await stream.ReadExactlyAsync(frame.AsMemory(4), cancellation);
        try
        {
            Hello hello = Hello.Decode(frame.AsSpan(4), out SessionEnd refusal);
            return (hello, refusal);
        }
        catch (DecodeException e)
        {
            throw new HandshakeException(SessionEnd.BadHello, $"the first frame is not a hello: {e.Message}");
        }
    }
}

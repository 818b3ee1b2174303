using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>
/// The sessions of one replica with all others: TLS 1.3 with both sides' registered node keys, two connections per pair (votes never wait behind
/// batches). The replica with the smaller id dials. A session is up while its control connection is.
/// </summary>
public sealed class PeerNetwork : IAsyncDisposable
{
    private readonly PeerNetworkOptions _options;
    private readonly IPeerHandler _handler;
    private readonly ILogger _logger;
    private readonly Handshake _handshake;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(ReplicaId, PeerChannel), PeerConnection> _connections = new();
    private readonly ConcurrentDictionary<SessionEnd, long> _ends = new();
    private readonly Lock _sessions = new();
    private readonly List<Task> _accepted = [];
    private readonly List<Task> _loops = [];
    private readonly Socket _listener;
    private int _pending;

    public PeerNetwork(PeerNetworkOptions options, IPeerHandler handler, ILogger logger)
    {
        _options = options;
        _handler = handler;
        _logger = logger;
        _handshake = new Handshake(options);
        _listener = new Socket(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    }

    /// <summary>Where this node listens, with the port the system chose.</summary>
    public IPEndPoint ListenEndpoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>How often sessions ended or were refused, by reason.</summary>
    public IReadOnlyDictionary<SessionEnd, long> Ends => _ends;

    /// <summary>Listens, then dials the peers with greater ids until stopped.</summary>
    /// <exception cref="SocketException">The address can not be listened on, as when the port is in use.</exception>
    public void Start()
    {
        _listener.Bind(_options.Listen);
        _listener.Listen(_options.Limits.PendingConnections);
        ListenEndpoint = (IPEndPoint)_listener.LocalEndPoint!;
        _logger.Listening(ListenEndpoint.ToString());
        _loops.Add(AcceptLoopAsync());
        foreach (PeerEndpoint peer in _options.Peers)
        {
            if (peer.Replica < _options.Self) continue;
            _loops.Add(DialLoopAsync(peer, PeerChannel.Control));
            _loops.Add(DialLoopAsync(peer, PeerChannel.Bulk));
        }
    }

    public bool IsConnected(ReplicaId peer) => _connections.ContainsKey((peer, PeerChannel.Control));

    /// <summary>Queues a frame to a peer; false when there is no session or the peer is too slow. The protocol sends again what matters.</summary>
    public bool TrySend(ReplicaId peer, OutgoingFrame frame) =>
        _connections.TryGetValue((peer, frame.Channel), out PeerConnection? connection) && connection.TryEnqueue(frame);

    /// <summary>Frames dropped by overflow, bytes waiting and bad frames per peer, both channels together.</summary>
    public (long Dropped, long QueuedBytes, int BadFrames) Counters(ReplicaId peer)
    {
        long dropped = 0, queued = 0;
        int bad = 0;
        foreach (PeerChannel channel in (ReadOnlySpan<PeerChannel>)[PeerChannel.Control, PeerChannel.Bulk])
        {
            if (!_connections.TryGetValue((peer, channel), out PeerConnection? connection)) continue;
            dropped += connection.Dropped;
            queued += connection.QueuedBytes;
            bad += connection.BadFrames;
        }

        return (dropped, queued, bad);
    }

    /// <summary>A frame that was taken turned out not to verify: it counts like one that is refused at once.</summary>
    public void CountBadFrame(ReplicaId peer)
    {
        if (_connections.TryGetValue((peer, PeerChannel.Control), out PeerConnection? connection)) connection.CountBadFrame();
    }

    /// <summary>Closes a peer's session; the dialing side connects again.</summary>
    public void Disconnect(ReplicaId peer, SessionEnd reason)
    {
        foreach (PeerChannel channel in (ReadOnlySpan<PeerChannel>)[PeerChannel.Control, PeerChannel.Bulk])
        {
            if (_connections.TryGetValue((peer, channel), out PeerConnection? connection)) connection.Close(reason);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll(_loops);
        await Task.WhenAll(_accepted);
        _stop.Dispose();
    }

    private async Task AcceptLoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Out of sockets, or a connection that ended before it was taken: the next one may do better.
                await Task.Delay(100, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            _accepted.RemoveAll(session => session.IsCompleted);
            _accepted.Add(AcceptAsync(socket));
        }
    }

    private async Task AcceptAsync(Socket socket)
    {
        using Socket owned = socket;
        socket.NoDelay = true;
        bool isPending = true;
        bool isStranger = false;
        if (Interlocked.Increment(ref _pending) > _options.Limits.PendingConnections)
        {
            Interlocked.Decrement(ref _pending);
            return;
        }

        try
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            deadline.CancelAfter(_options.Limits.HandshakeMs);
            ReplicaId peer = default;
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = _options.Certificate,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ClientCertificateRequired = true,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        isStranger = !_handshake.IsRegistered(certificate as X509Certificate2, out peer);
                        return !isStranger;
                    },
                },
                deadline.Token);
            PeerChannel channel = await _handshake.AcceptAsync(tls, peer, deadline.Token);
            Interlocked.Decrement(ref _pending);
            isPending = false;
            await RunAsync(peer, channel, tls);
        }
        catch (HandshakeException e)
        {
            Count(e.Reason, e.Message);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or SocketException)
        {
            if (isStranger) Count(SessionEnd.UnregisteredKey, "the certificate's key is not registered");
            else Count(SessionEnd.BadHello, e.Message);
        }
        catch (Exception e)
        {
            _logger.HandlerFailed(e);
        }
        finally
        {
            if (isPending) Interlocked.Decrement(ref _pending);
        }
    }

    private async Task DialLoopAsync(PeerEndpoint peer, PeerChannel channel)
    {
        while (!_stop.IsCancellationRequested)
        {
            Task pause = Task.Delay(_options.Limits.ReconnectMs, _stop.Token);
            try
            {
                await DialAsync(peer, channel);
            }
            catch (HandshakeException e)
            {
                Count(e.Reason, e.Message);
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException)
            {
                _logger.Unreachable(peer.Replica, e.Message);
            }
            catch (Exception e)
            {
                _logger.HandlerFailed(e);
            }

            await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task DialAsync(PeerEndpoint peer, PeerChannel channel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        deadline.CancelAfter(_options.Limits.HandshakeMs);
        using (var connecting = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token))
        {
            connecting.CancelAfter(_options.Limits.ConnectMs);
            await socket.ConnectAsync(peer.Host, peer.Port, connecting.Token);
        }

        await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "sharedseq",
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificates = [_options.Certificate],
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is X509Certificate2 x && _handshake.IsRegistered(x, out ReplicaId owner) && owner == peer.Replica,
            },
            deadline.Token);
        await _handshake.DialAsync(tls, peer.Replica, channel, deadline.Token);
        await RunAsync(peer.Replica, channel, tls);
    }

    private async Task RunAsync(ReplicaId peer, PeerChannel channel, Stream stream)
    {
        await using var connection = new PeerConnection(peer, channel, stream, _options.Limits, _handler);
        Begin(connection);
        try
        {
            await connection.RunAsync(_stop.Token);
        }
        finally
        {
            End(connection);
        }
    }

    /// <summary>The handler is told in the order in which sessions replace each other, or it would take a new session for ended.</summary>
    private void Begin(PeerConnection connection)
    {
        lock (_sessions)
        {
            if (_connections.TryGetValue((connection.Peer, connection.Channel), out PeerConnection? old)) old.Close(SessionEnd.Replaced);
            _connections[(connection.Peer, connection.Channel)] = connection;
            if (connection.Channel == PeerChannel.Control) _handler.OnConnected(connection.Peer);
        }

        if (connection.Channel == PeerChannel.Control) _logger.SessionUp(connection.Peer);
    }

    private void End(PeerConnection connection)
    {
        SessionEnd end = connection.End;
        lock (_sessions)
        {
            bool isCurrent = _connections.TryRemove(new((connection.Peer, connection.Channel), connection));
            if (connection.Channel != PeerChannel.Control || !isCurrent) end = SessionEnd.None;
            else _handler.OnDisconnected(connection.Peer, end);
        }

        _ends.AddOrUpdate(connection.End, 1, (_, count) => count + 1);
        if (end != SessionEnd.None) _logger.SessionDown(connection.Peer, end);
    }

    private void Count(SessionEnd reason, string detail)
    {
        _ends.AddOrUpdate(reason, 1, (_, count) => count + 1);
        _logger.Refused(reason, detail);
    }
}

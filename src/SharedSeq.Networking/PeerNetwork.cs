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
/// The sessions of one operator with all others: TLS 1.3 with both sides' registered node keys, two connections per pair (votes never wait behind
/// batches). The one with the smaller node key dials. A session is up while its control connection is. Who is registered changes while it runs.
/// </summary>
public sealed class PeerNetwork : IAsyncDisposable
{
    /// <summary>Handshakes in a row that a peer refuses before a node that has left does not dial it any more. 16: eight seconds; a peer that restarts
    /// refuses fewer.</summary>
    private const int PartingRefusals = 16;

    /// <summary>Milliseconds between two log lines about refusals for one reason. 10,000: anybody may connect, and be refused, as often as it likes.</summary>
    public const int RefusalLogMs = 10_000;

    private readonly PeerNetworkOptions _options;
    private readonly IPeerHandler _handler;
    private readonly ILogger _logger;
    private readonly Handshake _handshake;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(PeerId, PeerChannel), PeerConnection> _connections = new();
    private readonly ConcurrentDictionary<SessionEnd, long> _ends = new();
    private readonly Dictionary<SessionEnd, long> _refusedAt = [];
    private readonly AddressPlaces _places;
    private readonly Lock _sessions = new();
    private readonly List<Task> _accepted = [];
    private readonly List<Task> _loops = [];
    private readonly Dictionary<PublicKey64, (PeerEndpoint Peer, CancellationTokenSource Stop)> _dialed = [];
    private readonly Socket? _listener;
    private volatile IReadOnlyDictionary<PublicKey64, PeerEndpoint> _registered;
    private volatile bool _isParting;
    private bool _isPartedTold;
    private bool _isStarted;
    private int _pending;

    public PeerNetwork(PeerNetworkOptions options, IPeerHandler handler, ILogger logger)
    {
        _options = options;
        _handler = handler;
        _logger = logger;
        _handshake = new Handshake(options);
        _registered = ByKey(options.Peers);
        _places = new AddressPlaces(options.Limits.PendingPerAddress);
        if (options.Listen is { } listen) _listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    }

    /// <summary>Where this node listens, with the port the system chose.</summary>
    public IPEndPoint ListenEndpoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>How often sessions ended or were refused, by reason.</summary>
    public IReadOnlyDictionary<SessionEnd, long> Ends => _ends;

    /// <summary>Listens, then dials the peers with greater keys until stopped.</summary>
    /// <exception cref="SocketException">The address can not be listened on, as when the port is in use.</exception>
    public void Start()
    {
        if (_listener is not null)
        {
            _listener.Bind(_options.Listen!);
            _listener.Listen(_options.Limits.PendingConnections);
            ListenEndpoint = (IPEndPoint)_listener.LocalEndPoint!;
            _logger.Listening(ListenEndpoint.ToString());
            _loops.Add(AcceptLoopAsync(_listener));
        }

        lock (_dialed)
        {
            _isStarted = true;
            DialAll();
        }
    }

    /// <summary>Replaces who is registered: sessions with others end, new ones are dialed or waited for. Does nothing more once this is stopped.</summary>
    /// <param name="peers">Who is registered.</param>
    /// <param name="isParting">This node has left: peers that refuse it again and again are not dialed any more.</param>
    public void SetPeers(IReadOnlyList<PeerEndpoint> peers, bool isParting = false)
    {
        _isParting = isParting;
        lock (_dialed)
        {
            _registered = ByKey(peers);
            if (_isStarted) DialAll();
        }

        // With the sessions held still: one that begins meanwhile is either found here, or sees for itself that it is registered no more.
        lock (_sessions)
        {
            foreach (PeerConnection connection in _connections.Values)
            {
                if (!peers.Any(peer => peer.Peer == connection.Peer)) connection.Close(SessionEnd.UnregisteredKey);
            }
        }
    }

    /// <summary>Loops that dial peers now: two for each.</summary>
    public int Dialing
    {
        get
        {
            lock (_dialed) return _loops.Count(loop => !loop.IsCompleted) - (_listener is null ? 0 : 1);
        }
    }

    /// <summary>Peers with a session.</summary>
    public IEnumerable<PeerId> Connected => _connections.Keys.Where(key => key.Item2 == PeerChannel.Control).Select(key => key.Item1);

    public bool IsConnected(PeerId peer) => _connections.ContainsKey((peer, PeerChannel.Control));

    /// <summary>Queues a frame to a peer; false when there is no session or the peer is too slow. The protocol sends again what matters.</summary>
    public bool TrySend(PeerId peer, OutgoingFrame frame) =>
        _connections.TryGetValue((peer, frame.Channel), out PeerConnection? connection) && connection.TryEnqueue(frame);

    /// <summary>Frames dropped by overflow, bytes waiting and bad frames per peer, both channels together.</summary>
    public (long Dropped, long QueuedBytes, int BadFrames) Counters(PeerId peer)
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
    public void CountBadFrame(PeerId peer)
    {
        if (_connections.TryGetValue((peer, PeerChannel.Control), out PeerConnection? connection)) connection.CountBadFrame();
    }

    /// <summary>Closes a peer's session; the dialing side connects again.</summary>
    public void Disconnect(PeerId peer, SessionEnd reason)
    {
        foreach (PeerChannel channel in (ReadOnlySpan<PeerChannel>)[PeerChannel.Control, PeerChannel.Bulk])
        {
            if (_connections.TryGetValue((peer, channel), out PeerConnection? connection)) connection.Close(reason);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener?.Dispose();
        Task[] loops;
        lock (_dialed)
        {
            _isStarted = false;
            loops = [.. _loops];
        }

        await Task.WhenAll(loops);
        await Task.WhenAll(_accepted);
        foreach ((_, CancellationTokenSource dialing) in _dialed.Values) dialing.Dispose();
        _stop.Dispose();
    }

    private static Dictionary<PublicKey64, PeerEndpoint> ByKey(IReadOnlyList<PeerEndpoint> peers) => peers.ToDictionary(peer => peer.NodeKey);

    private bool IsDialed(PeerEndpoint peer) => peer.Port > 0 && (_listener is null || _options.NodeKey.X.CompareTo(peer.NodeKey.X) < 0);

    private void DialAll()
    {
        foreach ((PublicKey64 key, (PeerEndpoint peer, CancellationTokenSource stop)) in _dialed.ToArray())
        {
            if (_registered.TryGetValue(key, out PeerEndpoint? known) && known == peer) continue;
            stop.Cancel();
            stop.Dispose();
            _dialed.Remove(key);
        }

        _loops.RemoveAll(loop => loop.IsCompleted);
        foreach (PeerEndpoint peer in _registered.Values)
        {
            if (_dialed.ContainsKey(peer.NodeKey) || !IsDialed(peer)) continue;
            var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _dialed.Add(peer.NodeKey, (peer, stop));
            _loops.Add(DialLoopAsync(peer, PeerChannel.Control, stop.Token));
            _loops.Add(DialLoopAsync(peer, PeerChannel.Bulk, stop.Token));
        }
    }

    private async Task AcceptLoopAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stop.Token);
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
        if (!TryTakePlace(socket, out IPAddress from)) return;
        bool isPending = true;
        bool isStranger = false;

        try
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            deadline.CancelAfter(_options.Limits.HandshakeMs);
            PeerId? owner = null;
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = _options.Certificate,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ClientCertificateRequired = true,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        owner = Handshake.OwnerOf(certificate as X509Certificate2, _registered);
                        isStranger = owner is null;
                        return !isStranger;
                    },
                },
                deadline.Token);
            PeerId peer = owner!.Value;
            PeerChannel channel = await _handshake.AcceptAsync(tls, peer, deadline.Token);
            FreePlace(from);
            isPending = false;
            await RunAsync(peer, channel, tls, _stop.Token);
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
            if (isPending) FreePlace(from);
        }
    }

    /// <summary>A connection that has not said hello has one of few places, and one address not all of them.</summary>
    private bool TryTakePlace(Socket socket, out IPAddress from)
    {
        from = IPAddress.None;
        try
        {
            socket.NoDelay = true;
            from = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        }
        catch (SocketException)
        {
            // Ended already.
            return false;
        }

        bool isFree = _places.TryTake(from);
        if (isFree && Interlocked.Increment(ref _pending) <= _options.Limits.PendingConnections) return true;
        if (isFree) FreePlace(from);
        Count(SessionEnd.TooManyPending, isFree ? "too many connections wait for their hello" : $"too many connections of {from} wait for their hello");
        return false;
    }

    private void FreePlace(IPAddress from)
    {
        Interlocked.Decrement(ref _pending);
        _places.Free(from);
    }

    private async Task DialLoopAsync(PeerEndpoint peer, PeerChannel channel, CancellationToken stopping)
    {
        int refusals = 0;
        while (!stopping.IsCancellationRequested)
        {
            Task pause = Task.Delay(_options.Limits.ReconnectMs, stopping);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            deadline.CancelAfter(_options.Limits.HandshakeMs);
            if (await TryConnectAsync(socket, peer, deadline.Token))
                refusals = await TryRunAsync(socket, peer, channel, deadline.Token, stopping) ? 0 : refusals + 1;
            if (_isParting && refusals >= PartingRefusals)
            {
                TellParted();
                return;
            }

            await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryConnectAsync(Socket socket, PeerEndpoint peer, CancellationToken deadline)
    {
        using var connecting = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        connecting.CancelAfter(_options.Limits.ConnectMs);
        try
        {
            await socket.ConnectAsync(peer.Host, peer.Port, connecting.Token);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            _logger.Unreachable(peer.Peer, e.Message);
        }
        catch (Exception e)
        {
            _logger.HandlerFailed(e);
        }

        return false;
    }

    /// <summary>Dials and runs a session until it ends.</summary>
    /// <returns>Whether there was one: its handshake was not refused.</returns>
    private async Task<bool> TryRunAsync(Socket socket, PeerEndpoint peer, PeerChannel channel, CancellationToken deadline, CancellationToken stopping)
    {
        try
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            await GreetAsync(tls, peer, channel, deadline);
            await RunAsync(peer.Peer, channel, tls, stopping);
            return true;
        }
        catch (HandshakeException e)
        {
            Count(e.Reason, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            _logger.Unreachable(peer.Peer, e.Message);
        }
        catch (Exception e)
        {
            _logger.HandlerFailed(e);
        }

        return false;
    }

    private async Task GreetAsync(SslStream tls, PeerEndpoint peer, PeerChannel channel, CancellationToken deadline)
    {
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "sharedseq",
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificates = [_options.Certificate],
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    Handshake.OwnerOf(certificate as X509Certificate2, _registered) == peer.Peer,
            },
            deadline);
        await _handshake.DialAsync(tls, peer.Peer, channel, deadline);
    }

    private void TellParted()
    {
        lock (_dialed)
        {
            if (_isPartedTold) return;
            _isPartedTold = true;
        }

        _logger.Parted();
    }

    private async Task RunAsync(PeerId peer, PeerChannel channel, Stream stream, CancellationToken stopping)
    {
        await using var connection = new PeerConnection(peer, channel, stream, _options.Limits, _handler);
        Begin(connection);
        try
        {
            await connection.RunAsync(stopping);
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
            // Not registered any more since its handshake began.
            if (!_registered.Values.Any(peer => peer.Peer == connection.Peer)) connection.Close(SessionEnd.UnregisteredKey);
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
        long now = Environment.TickCount64;
        lock (_refusedAt)
        {
            if (_refusedAt.TryGetValue(reason, out long last) && now - last < RefusalLogMs) return;
            _refusedAt[reason] = now;
        }

        _logger.Refused(reason, detail);
    }
}

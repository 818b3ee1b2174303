using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Networking;

public sealed class PeerNetworkTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly Hash32 Genesis = Sha.Of("genesis"u8);

    [Fact]
    public async Task Two_replicas_exchange_frames_on_both_channels()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        byte[] large = new byte[300_000];
        Random.Shared.NextBytes(large);
        await pair.SendUntilHeardAsync(0, PeerChannel.Bulk, large);
        await pair.SendUntilHeardAsync(1, PeerChannel.Control, [1, 2, 3]);
    }

    [Fact]
    public async Task A_key_that_is_not_registered_is_refused()
    {
        using P256PrivateKey stranger = P256PrivateKey.Create();
        await using var pair = await Pair.StartAsync(dialerKey: stranger);
        await pair.Until(() => pair.Networks[1].Ends.ContainsKey(SessionEnd.UnregisteredKey), "the stranger's key is counted as refused");
        Assert.False(pair.Networks[1].IsConnected(new PeerId(0)));
    }

    [Fact]
    public async Task Another_genesis_is_refused_with_its_reason_on_both_sides()
    {
        await using var pair = await Pair.StartAsync(dialer: o => o with { Genesis = Sha.Of("another"u8) });
        await pair.Until(() => pair.Networks.All(n => n.Ends.ContainsKey(SessionEnd.WrongGenesis)), "both sides count WrongGenesis");
    }

    [Fact]
    public async Task A_newer_protocol_version_is_refused_with_its_reason_on_both_sides()
    {
        await using var pair = await Pair.StartAsync(dialer: o => o with { Version = new ProtocolVersion(2) });
        await pair.Until(() => pair.Networks.All(n => n.Ends.ContainsKey(SessionEnd.WrongVersion)), "both sides count WrongVersion");
    }

    [Fact]
    public async Task An_oversized_frame_ends_the_session_before_it_is_read()
    {
        await using var pair = await Pair.StartAsync(listener: o => o with { Limits = new PeerLimits { BulkFrameBytes = 1000 } });
        await pair.BothConnectedAsync();
        await pair.SendUntil(
            0, PeerChannel.Bulk, new byte[2000], () => pair.Networks[1].Ends.ContainsKey(SessionEnd.OversizedFrame), "the listener counts OversizedFrame");
    }

    [Fact]
    public async Task Garbage_frames_end_the_session_and_the_dialer_comes_back()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        pair.Handlers[1].IsGood = false;
        await pair.SendUntil(
            0, PeerChannel.Control, [9], () => pair.Networks[1].Ends.ContainsKey(SessionEnd.TooManyBadFrames), "the listener counts TooManyBadFrames");
        pair.Handlers[1].IsGood = true;
        await pair.SendUntilHeardAsync(0, PeerChannel.Control, [7, 7]);
    }

    [Fact]
    public async Task Frames_that_were_taken_and_turn_out_to_be_bad_end_the_session_too()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        for (int i = 0; i < new PeerLimits().BadFrames; i++) pair.Networks[1].CountBadFrame(new PeerId(0));
        await pair.SendUntil(
            0, PeerChannel.Control, [9], () => pair.Networks[1].Ends.ContainsKey(SessionEnd.TooManyBadFrames), "the listener counts TooManyBadFrames");
    }

    [Fact]
    public async Task A_session_comes_back_after_a_disconnect()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        int before = pair.Handlers[1].Connected;
        pair.Networks[1].Disconnect(new PeerId(0), SessionEnd.Silent);
        await pair.Until(() => pair.Handlers[1].Connected > before, "a second session");
    }

    [Fact]
    public async Task A_session_that_takes_long_to_end_is_not_told_as_ended_after_the_next_one_began()
    {
        using var log = new SlowLog("session with peer 0 ended: Silent");
        await using var pair = await Pair.StartAsync(listenerLog: log);
        await pair.BothConnectedAsync();
        pair.Networks[1].Disconnect(new PeerId(0), SessionEnd.Silent);
        await pair.Until(() => pair.Handlers[1].Connected == 2, "a second session");
        log.GoOn.Set();
        await pair.Until(() => pair.Handlers[1].Told.Count == 3, "the first session is told as ended");
        Assert.Equal([true, false, true], pair.Handlers[1].Told);
    }

    [Fact]
    public async Task Bytes_that_are_not_tls_do_not_disturb_the_listener()
    {
        await using var pair = await Pair.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(pair.Networks[1].ListenEndpoint);
        await socket.SendAsync(new byte[100]);
        await pair.BothConnectedAsync();
    }

    [Fact]
    public async Task A_stranger_that_says_nothing_does_not_keep_a_peer_from_connecting()
    {
        const int Places = 8;
        var limits = new PeerLimits { PendingConnections = Places, PendingPerAddress = 4, HandshakeMs = 60_000 };
        await using var pair = await Pair.StartAsync(listener: o => o with { Limits = limits });
        await pair.BothConnectedAsync();
        var silent = new List<Socket>();
        try
        {
            for (int i = 0; i < Places; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                await socket.ConnectAsync(pair.Networks[1].ListenEndpoint);
            }

            await pair.Until(() => pair.Networks[1].Ends.GetValueOrDefault(SessionEnd.TooManyPending) == Places - 4, "the stranger's others are refused");
            int before = pair.Handlers[1].Connected;
            pair.Networks[1].Disconnect(new PeerId(0), SessionEnd.Silent);
            await pair.Until(() => pair.Handlers[1].Connected > before, "the peer's next session");
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Who_is_registered_no_more_loses_its_session_and_gets_it_back_when_it_is_again()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        pair.Networks[1].SetPeers([]);
        await pair.Until(() => pair.Networks[1].Ends.ContainsKey(SessionEnd.UnregisteredKey) && !pair.Networks[1].IsConnected(new PeerId(0)), "no session");
        pair.Networks[1].SetPeers([new PeerEndpoint(new PeerId(0), pair.KeyOf(0), "", 0)]);
        await pair.BothConnectedAsync();
    }

    [Fact]
    public async Task A_node_that_has_left_stops_dialing_peers_that_refuse_it_and_says_so_once()
    {
        var log = new CountingLog("the node keys of this node have no seat");
        await using var pair = await Pair.StartAsync(dialer: o => o with { Limits = new PeerLimits { ReconnectMs = 10 } }, dialerLog: log);
        await pair.BothConnectedAsync();
        PeerEndpoint listener = new(new PeerId(1), pair.KeyOf(1), "127.0.0.1", pair.Networks[1].ListenEndpoint.Port);

        // As long as it has sessions it goes on.
        pair.Networks[0].SetPeers([listener], isParting: true);
        pair.Networks[1].Disconnect(new PeerId(0), SessionEnd.Silent);
        await pair.Until(() => pair.Handlers[1].Connected == 2, "a second session");
        Assert.Equal(2, pair.Networks[0].Dialing);
        pair.Networks[1].SetPeers([]);
        await pair.Until(() => pair.Networks[0].Dialing == 0, "it dials no more");
        Assert.Equal(1, log.Count);
    }

    [Fact]
    public async Task Peers_that_change_when_it_has_stopped_are_not_dialed_any_more()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BothConnectedAsync();
        PeerNetwork dialer = pair.Networks[0];
        pair.Networks.Remove(dialer);
        await dialer.DisposeAsync();
        dialer.SetPeers([new PeerEndpoint(new PeerId(1), pair.KeyOf(1), "localhost", 9)]);
        Assert.Empty(dialer.Connected);
    }

    [Fact]
    public async Task Whoever_is_refused_again_and_again_does_not_fill_the_log()
    {
        using P256PrivateKey stranger = P256PrivateKey.Create();
        var log = new CountingLog("handshake refused");
        await using var pair = await Pair.StartAsync(
            dialerKey: stranger, dialer: o => o with { Limits = new PeerLimits { ReconnectMs = 10 } }, listenerLog: log);
        await pair.Until(() => pair.Networks[1].Ends.GetValueOrDefault(SessionEnd.UnregisteredKey) >= 8, "eight refusals are counted");
        Assert.InRange(log.Count, 1, 4);
    }

    [Fact]
    public void A_hello_is_pinned_and_read_strictly()
    {
        var hello = new Hello(new ProtocolVersion(1), new ChainId(7), default, PeerChannel.Bulk);
        byte[] bytes = hello.Encode();
        Assert.Equal(
            "53534551" + "0001" + "0000000000000007" + new string('0', 64) + "02" + "00", Convert.ToHexStringLower(bytes));
        Assert.Equal(hello, Hello.Decode(bytes, out SessionEnd refusal));
        Assert.Equal(SessionEnd.None, refusal);
        Assert.Throws<DecodeException>(() => Hello.Decode([.. bytes, 0], out _));
        Assert.Throws<DecodeException>(() => Hello.Decode(bytes.AsSpan(1), out _));
    }

    private sealed class RecordingHandler : IPeerHandler
    {
        private int _connected;

        public ConcurrentQueue<byte[]> Frames { get; } = new();

        public bool IsGood { get; set; } = true;

        public int Connected => Volatile.Read(ref _connected);

        /// <summary>Sessions begun (true) and ended, as told.</summary>
        public ConcurrentQueue<bool> Told { get; } = new();

        public ValueTask<bool> OnFrameAsync(PeerId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
        {
            Frames.Enqueue(frame.ToArray());
            return ValueTask.FromResult(IsGood);
        }

        public void OnHeard(PeerId peer)
        {
        }

        public void OnConnected(PeerId peer)
        {
            Told.Enqueue(true);
            Interlocked.Increment(ref _connected);
        }

        public void OnDisconnected(PeerId peer, SessionEnd reason) => Told.Enqueue(false);
    }

    /// <summary>Takes its time over one line.</summary>
    private sealed class SlowLog(string line) : ILogger, IDisposable
    {
        public ManualResetEventSlim GoOn { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception) == line) Assert.True(GoOn.Wait(Deadline), "the test goes on");
        }

        public void Dispose() => GoOn.Dispose();
    }

    /// <summary>Counts lines that begin in one way.</summary>
    private sealed class CountingLog(string beginning) : ILogger
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).StartsWith(beginning, StringComparison.Ordinal)) Interlocked.Increment(ref _count);
        }
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly List<P256PrivateKey> _keys = [];

        public List<PeerNetwork> Networks { get; } = [];

        public List<RecordingHandler> Handlers { get; } = [new(), new()];

        public PublicKey64 KeyOf(int replica) => _keys[replica].PublicKey.Value;

        /// <summary>Replica 0 dials, replica 1 listens.</summary>
        public static async Task<Pair> StartAsync(
            P256PrivateKey? dialerKey = null, Func<PeerNetworkOptions, PeerNetworkOptions>? dialer = null,
            Func<PeerNetworkOptions, PeerNetworkOptions>? listener = null, ILogger? listenerLog = null, ILogger? dialerLog = null)
        {
            var pair = new Pair();
            pair._keys.AddRange(((P256PrivateKey[])[P256PrivateKey.Create(), P256PrivateKey.Create()]).OrderBy(key => key.PublicKey.Value.X));
            PeerNetworkOptions listening = pair.Options(1, pair._keys[1], port: 0);
            var second = new PeerNetwork(listener?.Invoke(listening) ?? listening, pair.Handlers[1], listenerLog ?? NullLogger.Instance);
            second.Start();
            PeerNetworkOptions dialing = pair.Options(0, dialerKey ?? pair._keys[0], second.ListenEndpoint.Port);
            var first = new PeerNetwork(dialer?.Invoke(dialing) ?? dialing, pair.Handlers[0], dialerLog ?? NullLogger.Instance);
            first.Start();
            pair.Networks.AddRange([first, second]);
            return pair;
        }

        public async Task Until(Func<bool> condition, string what)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            long end = Environment.TickCount64 + (long)Deadline.TotalMilliseconds;
            while (!condition())
            {
                Assert.True(Environment.TickCount64 < end, $"did not happen within {Deadline}: {what}");
                await timer.WaitForNextTickAsync();
            }
        }

        public Task BothConnectedAsync() =>
            Until(() => Networks[0].IsConnected(new PeerId(1)) && Networks[1].IsConnected(new PeerId(0)), "both sides connected");

        public async Task SendUntil(int from, PeerChannel channel, byte[] message, Func<bool> condition, string what)
        {
            OutgoingFrame frame = OutgoingFrame.Create(channel, writer => writer.Raw(message));
            await Until(
                () =>
                {
                    Networks[from].TrySend(new PeerId((ushort)(1 - from)), frame);
                    return condition();
                },
                what);
        }

        public Task SendUntilHeardAsync(int from, PeerChannel channel, byte[] message) =>
            SendUntil(from, channel, message, () => Handlers[1 - from].Frames.Any(f => f.SequenceEqual(message)), "the frame arrived unchanged");

        public async ValueTask DisposeAsync()
        {
            foreach (PeerNetwork network in Networks) await network.DisposeAsync();
            foreach (P256PrivateKey key in _keys) key.Dispose();
        }

        private PeerNetworkOptions Options(int self, P256PrivateKey key, int port) => new()
        {
            NodeKey = _keys[self].PublicKey.Value,
            Chain = new ChainId(7),
            Genesis = Genesis,
            Certificate = key.CreateSelfSignedCertificate("replica"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Peers = [new PeerEndpoint(new PeerId((ushort)(1 - self)), _keys[1 - self].PublicKey.Value, "127.0.0.1", port)],
        };
    }
}

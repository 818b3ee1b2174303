using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace SharedSeq.Cli;

/// <summary>
/// The network between two operators, as far as a fault needs it: a TCP relay that the dialing operator has as its peer's address. It passes bytes
/// and knows nothing of them, so both sides' TLS goes through untouched. A cut link behaves as a cable that is pulled out: established connections
/// stay open and carry nothing, in neither direction, not even their end; attempts to connect get no answer at all and are repeated by the dialer's
/// kernel, ever more seldom.
/// </summary>
internal sealed class PeerLink : IAsyncDisposable
{
    /// <summary>Connections that wait to be accepted. 4: the two of a pair, and two more while old ones are replaced.</summary>
    private const int Backlog = 4;

    /// <summary>Bytes read at once.</summary>
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Chunks under way in one direction of one connection. 64: 4 MiB, above what a delayed loopback link needs; beyond it the sender waits.</summary>
    private const int ChunksMax = 64;

    private readonly IPEndPoint _target;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _relays = [];
    private readonly List<Socket> _fillers = [];
    private readonly HashSet<int> _fillerPorts = [];
    private CancellationTokenSource _accepting = new();
    private Task _acceptLoop;
    private volatile TaskCompletionSource _healed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="from">Index of the operator that dials: the smaller one.</param>
    /// <param name="to">Index of the operator that is dialed.</param>
    /// <param name="targetPort">Where the dialed operator listens, on loopback.</param>
    public PeerLink(int from, int to, int targetPort)
    {
        From = from;
        To = to;
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _healed.SetResult();
        _acceptLoop = AcceptLoopAsync(_accepting.Token);
    }

    public int From { get; }

    public int To { get; }

    public string Name => $"{From}-{To}";

    /// <summary>Where the dialing operator finds its peer.</summary>
    public int Port { get; }

    public bool IsCut => !_healed.Task.IsCompleted;

    /// <summary>How long each byte takes from one end to the other, besides what loopback takes; for bytes read from now on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Nothing passes any more until <see cref="Heal"/>.</summary>
    public async Task CutAsync()
    {
        if (IsCut) return;
        _healed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _accepting.CancelAsync();
        await _acceptLoop;

        // A listener whose queue is full drops further attempts without a word, as a network that swallows them does. Nobody else knows how long
        // the queue is, so it is filled.
        for (int i = 0; i <= Backlog; i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            filler.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _fillerPorts.Add(((IPEndPoint)filler.LocalEndPoint!).Port);
            _fillers.Add(filler);
            _ = ConnectQuietlyAsync(filler);
        }
    }

    /// <summary>Everything passes again: what waited in open connections goes on its way, new connections are accepted.</summary>
    public void Heal()
    {
        if (!IsCut) return;
        foreach (Socket filler in _fillers) filler.Dispose();
        _fillers.Clear();
        _accepting.Dispose();
        _accepting = new CancellationTokenSource();
        _acceptLoop = AcceptLoopAsync(_accepting.Token);
        _healed.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting.CancelAsync();
        await _acceptLoop;
        foreach (Socket filler in _fillers) filler.Dispose();
        _listener.Dispose();
        Task[] relays;
        lock (_gate) relays = [.. _relays];
        await Task.WhenAll(relays);
        _accepting.Dispose();
        _stop.Dispose();
    }

    private async Task ConnectQuietlyAsync(Socket filler)
    {
        try
        {
            await filler.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the queue was full already
        }
    }

    private async Task AcceptLoopAsync(CancellationToken accepting)
    {
        while (!accepting.IsCancellationRequested)
        {
            Socket dialer;
            try
            {
                dialer = await _listener.AcceptAsync(accepting);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // cut, stopped, or an attempt that was given up before it was accepted
                continue;
            }

            if (_fillerPorts.Remove(((IPEndPoint)dialer.RemoteEndPoint!).Port))
            {
                dialer.Dispose();
                continue;
            }

            Task relay = RelayAsync(dialer);
            lock (_gate) _relays.Add(relay);
            _ = relay.ContinueWith(
                done =>
                {
                    lock (_gate) _relays.Remove(done);
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task RelayAsync(Socket dialer)
    {
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (dialer)
        {
            dialer.NoDelay = true;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            try
            {
                await _healed.Task.WaitAsync(ended.Token);
                await target.ConnectAsync(_target, ended.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // the dialed operator is down: the dialer sees its connection end
                return;
            }

            Task[] directions = [PassAsync(dialer, target, ended.Token), PassAsync(target, dialer, ended.Token)];
            await Task.WhenAny(directions);
            await ended.CancelAsync();
            await Task.WhenAll(directions);
        }
    }

    /// <summary>One direction: completes when its end has arrived on the other side.</summary>
    private async Task PassAsync(Socket from, Socket to, CancellationToken ended)
    {
        var underWay = Channel.CreateBounded<(long Due, byte[] Chunk, int Length)>(
            new BoundedChannelOptions(ChunksMax) { SingleReader = true, SingleWriter = true });
        Task read = ReadAsync(from, underWay.Writer, ended);
        try
        {
            await foreach ((long due, byte[] chunk, int length) in underWay.Reader.ReadAllAsync(ended))
            {
                TimeSpan wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero) await Task.Delay(wait, ended);
                await _healed.Task.WaitAsync(ended);
                for (int sent = 0; sent < length;) sent += await to.SendAsync(chunk.AsMemory(sent, length - sent), ended);
                ArrayPool<byte>.Shared.Return(chunk);
            }

            await _healed.Task.WaitAsync(ended);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // one of the two ends is gone
        }

        underWay.Writer.TryComplete();
        from.Dispose();
        await read;
    }

    private async Task ReadAsync(Socket from, ChannelWriter<(long Due, byte[] Chunk, int Length)> underWay, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                // Waits without a buffer, so that idle connections hold none.
                await from.ReceiveAsync(Memory<byte>.Empty, ended);
                byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
                int length = await from.ReceiveAsync(chunk, ended);
                if (length == 0) break;
                await underWay.WriteAsync((Stopwatch.GetTimestamp() + (long)(Delay.TotalSeconds * Stopwatch.Frequency), chunk, length), ended);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or ChannelClosedException)
        {
            // one of the two ends is gone
        }

        underWay.TryComplete();
    }
}

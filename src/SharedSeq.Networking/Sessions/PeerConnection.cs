using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>Receives what one connection yields. Called from the connection's read loop: a slow handler slows that peer only.</summary>
public interface IPeerHandler
{
    /// <summary>
    /// A control or bulk frame. Its memory is the handler's to keep; where it is pooled (<see cref="SharedBuffer"/>) what is kept of it is held before
    /// this returns. False: the frame was malformed or did not verify.
    /// </summary>
    ValueTask<bool> OnFrameAsync(PeerId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation);

    /// <summary>Something was heard from the peer, a ping included.</summary>
    void OnHeard(PeerId peer);

    void OnConnected(PeerId peer);

    void OnDisconnected(PeerId peer, SessionEnd reason);
}

/// <summary>
/// One authenticated connection to a peer: a read loop and a write loop over a TLS stream, one recorded end reason. Frames are
/// u32 length || message; length 0 is a ping.
/// </summary>
internal sealed class PeerConnection : IAsyncDisposable
{
    private static readonly byte[] Ping = new byte[4];
    private readonly Stream _stream;
    private readonly PeerLimits _limits;
    private readonly IPeerHandler _handler;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<OutgoingFrame> _queue;
    private long _queuedBytes;
    private long _lastHeard = Environment.TickCount64;
    private int _end;
    private bool _isHandling;
    private int _badFrames;
    private long _dropped;

    public PeerConnection(PeerId peer, PeerChannel channel, Stream stream, PeerLimits limits, IPeerHandler handler)
    {
        Peer = peer;
        Channel = channel;
        _stream = stream;
        _limits = limits;
        _handler = handler;
        // Control: the oldest is dropped, what still matters is sent again. Bulk: bounded by bytes in TryEnqueue, new frames are dropped.
        _queue = System.Threading.Channels.Channel.CreateBounded<OutgoingFrame>(
            new BoundedChannelOptions(limits.ControlQueueFrames) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped =>
            {
                Interlocked.Add(ref _queuedBytes, -dropped.Bytes.Length);
                Interlocked.Increment(ref _dropped);
                dropped.Release();
            });
    }

    public PeerId Peer { get; }

    public PeerChannel Channel { get; }

    public SessionEnd End => (SessionEnd)Volatile.Read(ref _end);

    public long Dropped => Interlocked.Read(ref _dropped);

    public long QueuedBytes => Interlocked.Read(ref _queuedBytes);

    public int BadFrames => Volatile.Read(ref _badFrames);

    /// <summary>Queues a frame; false when it was dropped because the peer is too slow.</summary>
    public bool TryEnqueue(OutgoingFrame frame)
    {
        if (Channel == PeerChannel.Bulk && Interlocked.Read(ref _queuedBytes) + frame.Bytes.Length > _limits.BulkQueueBytes)
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }

        frame.Hold();
        Interlocked.Add(ref _queuedBytes, frame.Bytes.Length);
        if (_queue.Writer.TryWrite(frame)) return true;
        frame.Release();
        return false;
    }

    /// <summary>Counts a frame that does not verify; the session is over when there are too many.</summary>
    public void CountBadFrame()
    {
        if (Interlocked.Increment(ref _badFrames) >= _limits.BadFrames) Close(SessionEnd.TooManyBadFrames);
    }

    public void Close(SessionEnd reason)
    {
        if (Interlocked.CompareExchange(ref _end, (int)reason, (int)SessionEnd.None) != (int)SessionEnd.None) return;
        _queue.Writer.TryComplete();
        _stop.Cancel();
    }

    /// <summary>Runs both loops until the connection ends.</summary>
    public async Task<SessionEnd> RunAsync(CancellationToken cancellation)
    {
        await using CancellationTokenRegistration stopping = cancellation.Register(() => Close(SessionEnd.Stopped));
        Task read = GuardAsync(ReadLoopAsync());
        Task write = GuardAsync(WriteLoopAsync());
        Task watch = GuardAsync(WatchLoopAsync());
        await Task.WhenAll(read, write, watch);
        return End;
    }

    public async ValueTask DisposeAsync()
    {
        Close(SessionEnd.Stopped);
        await _stream.DisposeAsync();
        _stop.Dispose();
    }

    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // expected: the network ended, or we did
        }
        finally
        {
            Close(SessionEnd.ConnectionLost);
        }
    }

    private async Task WatchLoopAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_limits.PingMs));
        long lastTick = Environment.TickCount64;
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            // A busy handler is this node's slowness, not the peer's silence; so is a tick that comes late: this process did not run, and what the
            // peer said meanwhile may not be read yet.
            long now = Environment.TickCount64;
            bool isSlow = Volatile.Read(ref _isHandling) || now - lastTick > 2L * _limits.PingMs;
            lastTick = now;
            if (!isSlow && now - Volatile.Read(ref _lastHeard) > _limits.SilenceMs)
            {
                Close(SessionEnd.Silent);
                return;
            }

            // An empty queue is pinged; a full one says more than a ping would.
            if (_queue.Reader.Count == 0) _queue.Writer.TryWrite(PingFrame.Instance);
        }
    }

    private async Task WriteLoopAsync()
    {
        byte[] small = new byte[64 * 1024];
        int used = 0;
        ChannelReader<OutgoingFrame> reader = _queue.Reader;
        while (await reader.WaitToReadAsync(_stop.Token))
        {
            while (reader.TryRead(out OutgoingFrame? frame))
            {
                ReadOnlyMemory<byte> bytes = frame.Bytes;
                if (!ReferenceEquals(frame, PingFrame.Instance)) Interlocked.Add(ref _queuedBytes, -bytes.Length);
                if (bytes.Length > small.Length - used && used > 0)
                {
                    await _stream.WriteAsync(small.AsMemory(0, used), _stop.Token);
                    used = 0;
                }

                if (bytes.Length > small.Length)
                {
                    await _stream.WriteAsync(bytes, _stop.Token);
                    frame.Release();
                    continue;
                }

                bytes.CopyTo(small.AsMemory(used));
                used += bytes.Length;
                frame.Release();
            }

            // Joined writes: everything that waited goes out as one TLS record or a few.
            if (used > 0) await _stream.WriteAsync(small.AsMemory(0, used), _stop.Token);
            used = 0;
        }
    }

    private async Task ReadLoopAsync()
    {
        int limit = Channel == PeerChannel.Control ? _limits.ControlFrameBytes : _limits.BulkFrameBytes;
        var pace = new ReceivePace(_limits);
        byte[] buffer = new byte[64 * 1024];
        int start = 0;
        int end = 0;
        while (true)
        {
            while (end - start < 4)
            {
                if (start > 0)
                {
                    buffer.AsSpan(start, end - start).CopyTo(buffer);
                    end -= start;
                    start = 0;
                }

                int read = await _stream.ReadAsync(buffer.AsMemory(end), _stop.Token);
                if (read == 0) return;
                end += read;
                Heard();
            }

            uint length = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(start));
            start += 4;
            if (length == 0) continue;
            if (length > (uint)limit)
            {
                Close(SessionEnd.OversizedFrame);
                return;
            }

            // A batch is kept as it arrived, for as long as anybody refers to it.
            Memory<byte> frame = Channel == PeerChannel.Bulk ? BufferPool.Instance.Rent((int)length).Memory : new byte[length];
            int have = int.Min(end - start, (int)length);
            buffer.AsSpan(start, have).CopyTo(frame.Span);
            start += have;
            while (have < (int)length)
            {
                int read = await _stream.ReadAsync(frame[have..], _stop.Token);
                if (read == 0) return;
                have += read;
                Heard();
            }

            Volatile.Write(ref _isHandling, true);
            await pace.WaitAsync((int)length, _stop.Token);
            bool isGood = await _handler.OnFrameAsync(Peer, frame, _stop.Token);
            Volatile.Write(ref _lastHeard, Environment.TickCount64);
            Volatile.Write(ref _isHandling, false);
            SharedBuffer.Of(frame)?.Release();
            if (!isGood) CountBadFrame();
            if (End != SessionEnd.None) return;
        }
    }

    private void Heard()
    {
        Volatile.Write(ref _lastHeard, Environment.TickCount64);
        if (Channel == PeerChannel.Control) _handler.OnHeard(Peer);
    }

    private static class PingFrame
    {
        public static readonly OutgoingFrame Instance = OutgoingFrame.FromFramed(Ping, PeerChannel.Control);
    }
}

using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using SharedSeq.Client;

namespace SharedSeq.Node;

/// <summary>
/// One JSON-RPC WebSocket: answers calls in the order they come, and carries notifications of its subscriptions. One message at a time goes out, so
/// a client that does not read holds up its own subscriptions only.
/// </summary>
internal sealed class RpcSocket(WebSocket socket, RpcDispatcher dispatcher, RpcSection options, CallRate rate) : IRpcConnection
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _subscriptions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private CancellationToken _closed;
    private int _nextId;

    public CancellationToken Closed => _closed;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _closed = stop.Token;
        try
        {
            await ReadLoopAsync(stop.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // the client went away, or we stop
        }
        finally
        {
            await stop.CancelAsync();

            // Subscriptions are linked to the connection: they end with it and dispose of themselves.
            await Task.WhenAll(_running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask NotifyAsync(string method, object parameters, CancellationToken cancellation)
    {
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", method, @params = parameters }, RpcDispatcher.Json);
        await SendAsync(message, cancellation);
    }

    public string Subscribe(Func<string, CancellationToken, Task> run)
    {
        if (_subscriptions.Count >= options.SubscriptionsMax)
            throw new RpcException(RpcError.TooManySubscriptions, $"at most {options.SubscriptionsMax} subscriptions on one connection");
        string id = "0x" + Interlocked.Increment(ref _nextId).ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_closed);
        _subscriptions[id] = stop;

        // Notifications must not overtake the answer that names the subscription: they start once the caller has it to send.
        Task task = Task.Run(
            async () =>
            {
                try
                {
                    await run(id, stop.Token);
                }
                catch (Exception e) when (e is WebSocketException or OperationCanceledException)
                {
                    // ended by the client or with the connection
                }
                finally
                {
                    _subscriptions.TryRemove(id, out _);
                    stop.Dispose();
                }
            },
            CancellationToken.None);
        _running[task] = 0;
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), TaskScheduler.Default);
        return id;
    }

    public bool Unsubscribe(string id)
    {
        if (!_subscriptions.TryRemove(id, out CancellationTokenSource? stop)) return false;
        stop.Cancel();
        return true;
    }

    private async Task ReadLoopAsync(CancellationToken cancellation)
    {
        var messages = new MessageReader(socket, options.RequestBytesMax, 16 * 1024);
        while (await messages.ReadAsync(cancellation))
        {
            await _sending.WaitAsync(cancellation);
            try
            {
                // Calls hold the sender while they run, so that a subscription's first notification follows its id.
                ReadOnlyMemory<byte> answer = await dispatcher.HandleAsync(messages.Message, this, cancellation, rate);
                if (!answer.IsEmpty) await AnswerAsync(answer, cancellation);
            }
            finally
            {
                _sending.Release();
            }
        }

        if (messages.IsClosedByPeer) await AnswerCloseAsync(cancellation);
    }

    /// <summary>A client that asks and does not read is dropped: answers must not stay in memory for as long as it likes.</summary>
    private async Task AnswerAsync(ReadOnlyMemory<byte> answer, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.StreamPausedMsMax);
        await socket.SendAsync(answer, WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
    }

    /// <summary>A client that says goodbye waits for the answer.</summary>
    private async Task AnswerCloseAsync(CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        // A client that does not read at all is dropped: it may come back and resume.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.StreamPausedMsMax);
        try
        {
            await _sending.WaitAsync(deadline.Token);
            try
            {
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Also when it only waited its turn: a subscription must not end without its client noticing.
            socket.Abort();
            throw;
        }
    }
}

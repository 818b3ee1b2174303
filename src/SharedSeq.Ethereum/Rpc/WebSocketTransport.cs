using System.Net.WebSockets;
using System.Text.Json;

namespace SharedSeq.Ethereum;

/// <summary>
/// JSON-RPC over one WebSocket that is opened when it is needed. Requests go one after another, each with ids of its
/// own; a connection on which an answer was late, too large or not the one expected is closed, so that no later request
/// can get it.
/// </summary>
internal sealed class WebSocketTransport(EthereumRpcOptions options) : IEthereumTransport
{
    /// <summary>Notifications passed over while waiting for an answer; nothing here subscribes, so more is a flood.</summary>
    private const int NotificationsMax = 64;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private ClientWebSocket? _socket;
    private int _lastId;

    // Ids of 31 bits: they begin anew long before a JSON number of a client could lose digits.
    public int NextId(int calls) => (Interlocked.Add(ref _lastId, calls) - calls) & 0x3FFF_FFFF;

    public async Task<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        bool isAnswered = false;
        try
        {
            ClientWebSocket socket = await ConnectedAsync(cancellation);
            await socket.SendAsync(body, WebSocketMessageType.Text, endOfMessage: true, cancellation);
            for (int passedOver = 0; passedOver < NotificationsMax; passedOver++)
            {
                ReadOnlyMemory<byte> message = await ReceiveAsync(socket, cancellation);
                if (IsNotification(message)) continue;
                isAnswered = true;
                return message;
            }

            throw EthereumRpcException.Malformed($"more than {NotificationsMax} notifications and no answer");
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException)
        {
            // The second when another call distrusted the connection meanwhile.
            throw new EthereumRpcException(EthereumRpcFailure.Unreachable, $"{options.Endpoint}: {e.Message}", e);
        }
        finally
        {
            if (!isAnswered) Close();
            _turn.Release();
        }
    }

    public void Distrust()
    {
        // Not under a turn of its own: whoever waits on the socket now fails, and what it fails with is its own matter.
        Close();
    }

    public void Dispose() => Close();

    private async Task<ClientWebSocket> ConnectedAsync(CancellationToken cancellation)
    {
        if (_socket is { State: WebSocketState.Open } open) return open;
        Close();
        var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            await socket.ConnectAsync(options.Endpoint, limit.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            socket.Dispose();
            throw new EthereumRpcException(EthereumRpcFailure.Unreachable, $"{options.Endpoint}: {e.Message}", e);
        }

        _socket = socket;
        return socket;
    }

    private async Task<ReadOnlyMemory<byte>> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        byte[] buffer = new byte[int.Min(4096, options.AnswerBytesMax + 1)];
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
            if (read.MessageType == WebSocketMessageType.Close)
                throw new EthereumRpcException(EthereumRpcFailure.Unreachable, $"{options.Endpoint} closed the connection");
            length += read.Count;
            if (length > options.AnswerBytesMax) throw EthereumRpcException.TooLarge(options.AnswerBytesMax);
            if (read.EndOfMessage) return buffer.AsMemory(0, length);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)long.Min(2L * buffer.Length, options.AnswerBytesMax + 1L));
        }
    }

    private static bool IsNotification(ReadOnlyMemory<byte> message)
    {
        JsonElement content = EthereumJson.Parse(message);
        return content.ValueKind == JsonValueKind.Object && content.TryGetProperty("method", out _) && !content.TryGetProperty("id", out _);
    }

    private void Close() => Interlocked.Exchange(ref _socket, null)?.Dispose();
}

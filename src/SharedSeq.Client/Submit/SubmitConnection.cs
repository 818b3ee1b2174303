using System.Net.WebSockets;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>
/// One connection of the binary submit stream: frames out, replies in. Sending waits while the operator does not read, which is its back-pressure.
/// One sender and one reader at a time.
/// </summary>
public sealed class SubmitConnection : IAsyncDisposable
{
    /// <summary>Bytes of one message of replies. 64 MiB: far above what a session's bytes under way can be answered with.</summary>
    private const int MessageBytesMax = 64 * 1024 * 1024;

    private readonly ClientWebSocket _socket = new();
    private readonly CanonicalWriter _out = new(64 * 1024);
    private readonly MessageReader _in;
    private ulong _nextRequest;

    private SubmitConnection() => _in = new MessageReader(_socket, MessageBytesMax, 64 * 1024);

    /// <summary>Connects to an operator's public address.</summary>
    public static async Task<SubmitConnection> OpenAsync(Uri rpc, CancellationToken cancellation)
    {
        var connection = new SubmitConnection();
        connection._socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(20);
        var address = new UriBuilder(new Uri(rpc, "v1/submit")) { Scheme = rpc.Scheme == "https" ? "wss" : "ws" };
        try
        {
            await connection._socket.ConnectAsync(address.Uri, cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends transactions that stay side by side; returns the request number that replies name.</summary>
    public async ValueTask<ulong> SendAsync(
        NamespaceId ns, SubmitWait wait, ReadOnlyMemory<SubmitTransaction> transactions, CancellationToken cancellation)
    {
        ulong request = _nextRequest++;
        _out.Reset();
        SubmitRequest.Write(_out, request, wait, ns, transactions.Span);
        await _socket.SendAsync(_out.WrittenMemory, WebSocketMessageType.Binary, endOfMessage: true, cancellation);
        return request;
    }

    /// <summary>Waits for the next message and gives the replies in it; empty when the operator closed the connection.</summary>
    /// <exception cref="DecodeException">The operator sent something else.</exception>
    public async ValueTask<IReadOnlyList<SubmitReply>> ReceiveAsync(CancellationToken cancellation) =>
        await _in.ReadAsync(cancellation) ? Decode(_in.Message.Span) : [];

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static List<SubmitReply> Decode(ReadOnlySpan<byte> message)
    {
        var reader = new CanonicalReader(message);
        var replies = new List<SubmitReply>();
        while (reader.Remaining > 0) replies.Add(SubmitReply.Read(ref reader));
        return replies;
    }
}

using System.Net.WebSockets;

namespace SharedSeq.Client;

/// <summary>
/// Reads whole messages from a WebSocket into one buffer that grows up to a limit and is used again for the next message. One reader at a time.
/// </summary>
/// <param name="socket">The connection; not closed by this.</param>
/// <param name="bytesMax">Bytes of one message; a longer one is answered with MessageTooBig and ends the reading.</param>
/// <param name="bufferBytes">Bytes the buffer begins with.</param>
public sealed class MessageReader(WebSocket socket, int bytesMax, int bufferBytes)
{
    private byte[] _buffer = new byte[bufferBytes];
    private int _length;

    /// <summary>The message read last; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Message => _buffer.AsMemory(0, _length);

    /// <summary>Whether reading ended because the other side said goodbye, which waits for an answer.</summary>
    public bool IsClosedByPeer { get; private set; }

    /// <summary>Reads the next message; false when there is none any more.</summary>
    /// <exception cref="WebSocketException">The connection broke.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        _length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            // One byte above the limit is room enough to see that it is exceeded.
            if (_length == _buffer.Length) Array.Resize(ref _buffer, (int)long.Min(_buffer.Length * 2L, bytesMax + 1L));
            received = await socket.ReceiveAsync(_buffer.AsMemory(_length), cancellation);
            _length += received.Count;
            if (_length > bytesMax)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"a message has at most {bytesMax} bytes", cancellation);
                return false;
            }
        }
        while (!received.EndOfMessage);

        IsClosedByPeer = received.MessageType == WebSocketMessageType.Close;
        return !IsClosedByPeer;
    }
}

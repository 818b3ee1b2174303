using System.IO.Pipelines;
using System.Net.WebSockets;
using SharedSeq.Client;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>Messages from a WebSocket, bounded.</summary>
public sealed class MessageReaderTests : IDisposable
{
    private const int BytesMax = 1_000;
    private readonly WebSocket _sender;
    private readonly WebSocket _receiver;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(20));

    public MessageReaderTests()
    {
        var there = new Pipe();
        var back = new Pipe();
        _sender = WebSocket.CreateFromStream(
            new DuplexStream(back.Reader.AsStream(), there.Writer.AsStream()), new WebSocketCreationOptions { IsServer = false });
        _receiver = WebSocket.CreateFromStream(
            new DuplexStream(there.Reader.AsStream(), back.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true });
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Messages_of_every_length_up_to_the_limit_are_read_whole_also_from_several_frames()
    {
        var reader = new MessageReader(_receiver, BytesMax, bufferBytes: 16);
        foreach (int length in (int[])[0, 1, 16, 17, 999, BytesMax, 5])
        {
            byte[] message = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
            await SendAsync(message.AsMemory(0, length / 2), isEnd: false);
            await SendAsync(message.AsMemory(length / 2), isEnd: true);
            Assert.True(await reader.ReadAsync(_deadline.Token));
            Assert.Equal(message, reader.Message.ToArray());
        }
    }

    [Fact]
    public async Task A_message_above_the_limit_is_answered_with_its_reason_and_ends_the_reading()
    {
        var reader = new MessageReader(_receiver, BytesMax, bufferBytes: 16);
        await SendAsync(new byte[BytesMax + 1], isEnd: false);

        Assert.False(await reader.ReadAsync(_deadline.Token));
        Assert.False(reader.IsClosedByPeer);
        WebSocketReceiveResult answer = await _sender.ReceiveAsync(new byte[16], _deadline.Token);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, answer.CloseStatus);
    }

    [Fact]
    public async Task A_goodbye_of_the_other_side_ends_the_reading_and_is_told_apart()
    {
        var reader = new MessageReader(_receiver, BytesMax, bufferBytes: 16);
        await _sender.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _deadline.Token);

        Assert.False(await reader.ReadAsync(_deadline.Token));
        Assert.True(reader.IsClosedByPeer);
    }

    private ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isEnd) =>
        _sender.SendAsync(part, WebSocketMessageType.Binary, isEnd, _deadline.Token);

    /// <summary>One direction each of two pipes.</summary>
    private sealed class DuplexStream(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);
    }
}

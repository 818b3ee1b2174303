using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>Clients that ask for more than they are given room for: memory and connections stay bounded, requests that are no text are refused.</summary>
public sealed class GreedyClientTests : IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public async Task A_submitter_that_takes_no_replies_is_read_no_further_until_it_does()
    {
        var committee = new TestCommittee(4, 7, 0);
        var backlog = new LaneBacklog(_ => true, null!, _ => 0);
        var intake = new SubmitIntake(committee.Genesis, null!, backlog, () => committee.Genesis.Timestamp, new AdmissionCounters());
        using var socket = new FloodingSocket();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token);

        // Frames are there at once, so what returns here has stopped reading. Each makes 1,024 refusals to be told.
        Task session = new SubmitSession(socket, intake, null!).RunAsync(stop.Token);
        Assert.Equal(8, socket.Read);
        socket.TakeReplies();
        await socket.ReadAgain.WaitAsync(_deadline.Token);
        await stop.CancelAsync();
        await session.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task WebSockets_are_limited_like_other_connections()
    {
        var options = new RpcSection { Listen = "127.0.0.1:0", ConnectionsMax = 2 };
        await using var server = new RpcServer(options, Dispatcher(), []);
        await server.StartAsync(_deadline.Token);
        var address = new UriBuilder(server.Address) { Scheme = "ws" };
        using ClientWebSocket first = new(), second = new(), third = new();
        await first.ConnectAsync(address.Uri, _deadline.Token);
        await second.ConnectAsync(address.Uri, _deadline.Token);
        third.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => third.ConnectAsync(address.Uri, _deadline.Token));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.HttpStatusCode);
        await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, _deadline.Token);
        await TestServerFreesAsync(address.Uri);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"\ud800"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"\udc00","method":"echo"}""")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"echo","params":["\ud800x"]},{"jsonrpc":"2.0","id":2,"method":"echo"}]""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"echo","params":[{"\ud800":1}]}""")]
    public async Task Half_a_surrogate_pair_is_no_JSON(string body) =>
        Assert.Equal(RpcError.ParseError.Code, CodeOf(await AskAsync(Encoding.UTF8.GetBytes(body))));

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_no_JSON_and_a_whole_pair_is()
    {
        byte[] body = [.. """{"jsonrpc":"2.0","id":"?","method":"echo"}"""u8];
        body[body.IndexOf((byte)'?')] = 0xff;
        Assert.Equal(RpcError.ParseError.Code, CodeOf(await AskAsync(body)));
        JsonElement answer = await AskAsync("""{"jsonrpc":"2.0","id":"\ud83d\ude00","method":"echo","params":["\ud83d\ude00"]}"""u8.ToArray());
        Assert.Equal("\U0001f600", answer.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_batch_is_answered_up_to_a_limit_and_its_other_calls_are_refused_each_by_its_id()
    {
        string calls = string.Join(',', Enumerable.Range(1, 6).Select(id => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"big"}"""));
        JsonElement answers = await AskAsync(Encoding.UTF8.GetBytes($"[{calls}]"));
        Assert.Equal([1, 2, 3, 4, 5, 6], answers.EnumerateArray().Select(answer => answer.GetProperty("id").GetInt32()));
        Assert.All(answers.EnumerateArray().Take(4), answer => Assert.True(answer.TryGetProperty("result", out _)));
        Assert.All(answers.EnumerateArray().Skip(4), answer => Assert.Equal(RpcError.RequestTooLarge.Code, CodeOf(answer)));
    }

    private static int CodeOf(JsonElement answer) => answer.GetProperty("error").GetProperty("code").GetInt32();

    private static RpcDispatcher Dispatcher() => new(
        new Dictionary<string, RpcMethod>(StringComparer.Ordinal)
        {
            ["echo"] = call => Task.FromResult<object?>(call.Parameters),
            ["big"] = _ => Task.FromResult<object?>(new string('x', 5 * 1024 * 1024)),
        },
        100, new RpcCounters(), NullLogger.Instance);

    private async Task<JsonElement> AskAsync(byte[] body) =>
        JsonSerializer.Deserialize<JsonElement>((await Dispatcher().HandleAsync(body, null, _deadline.Token)).Span);

    /// <summary>The place of a connection that ended is free again.</summary>
    private async Task TestServerFreesAsync(Uri address)
    {
        while (true)
        {
            using var socket = new ClientWebSocket();
            try
            {
                await socket.ConnectAsync(address, _deadline.Token);
                return;
            }
            catch (WebSocketException)
            {
                _deadline.Token.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>A connection with a frame to read whenever it is asked, whose replies nobody takes until the test does.</summary>
    private sealed class FloodingSocket : WebSocket
    {
        private const int ReadMax = 1_000;
        private readonly byte[] _frame = Frame();
        private readonly TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _read;

        public int Read => Volatile.Read(ref _read);

        /// <summary>Completes when more is read than at first.</summary>
        public Task ReadAgain => _again.Task;

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        public void TakeReplies() => _taken.TrySetResult();

        public override void Abort()
        {
        }

        public override void Dispose()
        {
        }

        public override Task CloseAsync(WebSocketCloseStatus status, string? description, CancellationToken cancellation) => Task.CompletedTask;

        public override Task CloseOutputAsync(WebSocketCloseStatus status, string? description, CancellationToken cancellation) => Task.CompletedTask;

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Interlocked.Increment(ref _read) > 8 && _taken.Task.IsCompleted) _again.TrySetResult();
            if (Read > ReadMax) throw new WebSocketException($"{ReadMax} frames are read while no reply is taken");
            _frame.CopyTo(buffer.AsSpan());
            return Task.FromResult(new WebSocketReceiveResult(_frame.Length, WebSocketMessageType.Binary, endOfMessage: true));
        }

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType type, bool isEnd, CancellationToken cancellation) =>
            _taken.Task.WaitAsync(cancellation);

        private static byte[] Frame()
        {
            var writer = new CanonicalWriter(16 * 1024);
            SubmitRequest.Write(writer, 1, SubmitWait.Accepted, new NamespaceId(77), new SubmitTransaction[SubmitRequest.MaxTransactions]);
            return writer.ToArray();
        }
    }
}

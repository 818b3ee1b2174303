using System.Net.WebSockets;
using System.Text.Json;
using SharedSeq.Client;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>Subscribers that do not keep up are paused, then dropped with a reason, and cost nobody else anything.</summary>
public sealed class SlowSubscriberTests : IAsyncLifetime
{
    private const int Blocks = 24;
    private const int Window = 4;
    private static readonly ulong Soon = StartSecond + 30;
    private readonly ServedNetwork _network = new(Opaque(5));
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private Uri _rpc = null!;

    public async Task InitializeAsync() => _rpc = await _network.ServeAsync();

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Slow_readers_stop_no_other_and_one_that_was_cut_resumes_without_gap_or_double()
    {
        using Subscriber silent = await SubscribeAsync(1), mute = await SubscribeAsync(1);
        using Subscriber quick = await SubscribeAsync(1), other = await SubscribeAsync(1);
        for (ulong i = 0; i < Blocks; i++)
        {
            await _network.ApplyAsync(10 + i, Tx(5, Soon, (byte)i));

            // Both that keep up have each block before the next one is made, whatever the slow ones do.
            foreach (Subscriber follower in (Subscriber[])[quick, other])
            {
                Assert.Equal(i + 1, await follower.NextBlockAsync());
                await follower.AcknowledgeAsync(i + 1);
            }

            if (i > 0) continue;
            Assert.Equal(1UL, await silent.NextBlockAsync());
            await silent.AcknowledgeAsync(1);
        }

        // One acknowledged the first block only; the other nothing, and it does not even read until it is cut.
        for (ulong number = 2; number <= Window + 1; number++) Assert.Equal(number, await silent.NextBlockAsync());
        JsonElement ended = await silent.EndAsync();
        Assert.Equal("slow", ended.GetProperty("ended").GetString());
        Assert.Equal(2UL, ended.GetProperty("resumeFrom").GetUInt64());
        Assert.Contains("1000 ms", ended.GetProperty("reason").GetString(), StringComparison.Ordinal);

        for (ulong number = 1; number <= Window; number++) Assert.Equal(number, await mute.NextBlockAsync());
        Assert.Equal(1UL, (await mute.EndAsync()).GetProperty("resumeFrom").GetUInt64());

        // What was taken and not acknowledged need not be asked for again: the cursor is the subscriber's own.
        using Subscriber resumed = await SubscribeAsync(Window + 2);
        for (ulong number = Window + 2; number <= Blocks; number++)
        {
            Assert.Equal(number, await resumed.NextBlockAsync());
            await resumed.AcknowledgeAsync(number);
        }
    }

    [Fact]
    public async Task Blocks_whose_batches_are_pruned_are_refused_and_a_subscription_that_comes_to_one_says_so()
    {
        for (ulong i = 0; i < Window + 1; i++) await _network.ApplyAsync(10 + i, Tx(5, Soon, (byte)i));
        using Subscriber subscriber = await SubscribeAsync(1);
        for (ulong number = 1; number <= Window; number++) Assert.Equal(number, await subscriber.NextBlockAsync());
        _network.ArePruned = true;
        await subscriber.AcknowledgeAsync(1);
        JsonElement ended = await subscriber.EndAsync();
        Assert.Equal("pruned", ended.GetProperty("ended").GetString());
        Assert.Equal((ulong)Window + 1, ended.GetProperty("resumeFrom").GetUInt64());

        object[] whole = ["sharedseq_getNamespaceBlock", 5, Window + 1];
        foreach (object[] call in (object[][])[whole, [.. whole, new { ids = true }]])
        {
            JsonElement answer = await _network.CallAsync((string)call[0], call[1..]);
            Assert.Equal(RpcError.Pruned.Code, answer.GetProperty("error").GetProperty("code").GetInt32());
        }

        Assert.Equal(RpcError.Pruned.Code, await RefusalAsync(Window + 1));
    }

    private async Task<int> RefusalAsync(ulong from)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(_rpc) { Scheme = "ws" }.Uri, _deadline.Token);
        await socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(
                new { jsonrpc = "2.0", id = 1, method = "sharedseq_subscribe", @params = (object[])["namespaceBlocks", new { @namespace = 5, from }] }),
            WebSocketMessageType.Text, true, _deadline.Token);
        var messages = new MessageReader(socket, 1024 * 1024, 4096);
        Assert.True(await messages.ReadAsync(_deadline.Token));
        return JsonSerializer.Deserialize<JsonElement>(messages.Message.Span).GetProperty("error").GetProperty("code").GetInt32();
    }

    private async Task<Subscriber> SubscribeAsync(ulong from)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(_rpc) { Scheme = "ws" }.Uri, _deadline.Token);
        var subscriber = new Subscriber(socket, _deadline.Token);
        await subscriber.SubscribeAsync(from);
        return subscriber;
    }

    private sealed class Subscriber(ClientWebSocket socket, CancellationToken deadline) : IDisposable
    {
        private readonly MessageReader _messages = new(socket, 1024 * 1024, 4096);
        private string _id = "";

        public void Dispose() => socket.Dispose();

        public async Task SubscribeAsync(ulong from)
        {
            await SendAsync("sharedseq_subscribe", ["namespaceBlocks", new { @namespace = 5, from, window = Window }]);
            _id = (await ReadAsync()).GetProperty("result").GetString()!;
        }

        public Task AcknowledgeAsync(ulong number) => SendAsync("sharedseq_acknowledge", [_id, number]);

        public async Task<ulong> NextBlockAsync() => (await NextAsync()).GetProperty("result").GetProperty("number").GetUInt64();

        public async Task<JsonElement> EndAsync() => await NextAsync();

        /// <summary>The next notification; answers to acknowledgements are passed over.</summary>
        private async Task<JsonElement> NextAsync()
        {
            while (true)
            {
                JsonElement message = await ReadAsync();
                if (message.TryGetProperty("params", out JsonElement notification)) return notification;
                Assert.True(message.GetProperty("result").GetBoolean());
            }
        }

        private async Task<JsonElement> ReadAsync()
        {
            Assert.True(await _messages.ReadAsync(deadline), "the connection stays open");
            return JsonSerializer.Deserialize<JsonElement>(_messages.Message.Span);
        }

        private Task SendAsync(string method, object[] parameters) => socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method, @params = parameters }), WebSocketMessageType.Text, true, deadline);
    }
}

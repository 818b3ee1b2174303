using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>One connection makes so many calls a second and no more, by whatever transport; others are not concerned.</summary>
public sealed class CallRateTests : IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public void A_second_holds_its_calls_at_once_or_evenly_and_says_when_there_is_room()
    {
        var clock = new HandClock();
        var rate = new CallRate(4, clock);
        for (int i = 0; i < 4; i++) Assert.True(rate.TryTake(out _));
        Assert.False(rate.TryTake(out int retryAfterMs));
        Assert.InRange(retryAfterMs, 250, 251);
        clock.Milliseconds += retryAfterMs;
        Assert.True(rate.TryTake(out _));
        Assert.False(rate.TryTake(out _));
        clock.Milliseconds += 3_600_000;
        for (int i = 0; i < 4; i++) Assert.True(rate.TryTake(out _));
        Assert.False(rate.TryTake(out _));
    }

    [Fact]
    public void One_address_has_some_of_the_statements_checked_in_a_second_and_not_all()
    {
        var clock = new HandClock();
        var addresses = new ClientAddresses(new RpcSection(), clock);
        Assert.True(addresses.TryOpen(IPAddress.Parse("192.0.2.1"), out ClientAddress? first) && addresses.TryOpen(IPAddress.Parse("192.0.2.2"), out _));
        Assert.True(addresses.TryOpen(IPAddress.Parse("192.0.2.1"), out ClientAddress? again));
        for (int i = 0; i < ClientAddress.StatementsPerSecondMax; i++) Assert.True(first.TryTakeStatement(out _));
        Assert.False(again.TryTakeStatement(out int retryAfterMs));
        Assert.True(addresses.TryOpen(IPAddress.Parse("192.0.2.2"), out ClientAddress? second) && second.TryTakeStatement(out _));
        clock.Milliseconds += retryAfterMs;
        Assert.True(again.TryTakeStatement(out _));
    }

    [Fact]
    public async Task Calls_above_the_rate_are_refused_by_type_and_counted_on_that_connection_alone()
    {
        var counters = new RpcCounters();
        await using RpcServer server = await StartAsync(counters);
        using HttpClient first = NewConnection(), second = NewConnection();
        JsonElement[] answers = await PostAsync(first, server.Address, Calls(5));
        Assert.Equal(["echo", "echo", "echo"], answers.Take(3).Select(answer => answer.GetProperty("result").GetString()));
        Assert.All(answers.Skip(3), AssertRefused);
        Assert.Equal(2, counters.Errors[RpcError.TooManyCalls.Name]);

        // The next request of the same connection; another connection has its own.
        Assert.All(await PostAsync(first, server.Address, Calls(2)), AssertRefused);
        Assert.All(await PostAsync(second, server.Address, Calls(2)), answer => Assert.Equal("echo", answer.GetProperty("result").GetString()));
    }

    [Theory]
    [InlineData("{", -32700)]
    [InlineData("\"\\ud800\"", -32700)]
    [InlineData("7", -32600)]
    [InlineData("[]", -32600)]
    [InlineData("[7]", -32600)]
    [InlineData("[0,0,0,0,0,0]", -32600)]
    public async Task What_is_no_call_takes_one_of_the_rate_all_the_same(string body, int code)
    {
        RpcDispatcher dispatcher = NewDispatcher(new RpcCounters());
        var rate = new CallRate(3, new HandClock());
        var answers = new List<JsonElement>();
        while (answers.Count < 6)
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(
                (await dispatcher.HandleAsync(Encoding.UTF8.GetBytes(body), null, _deadline.Token, rate)).Span);
            answers.AddRange(answer.ValueKind == JsonValueKind.Array ? answer.EnumerateArray() : [answer]);
        }

        Assert.All(answers.Take(3), answer => Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetInt32()));
        Assert.All(answers.Skip(3), AssertRefused);
    }

    [Fact]
    public async Task A_batch_of_too_many_items_takes_one_call_of_the_rate()
    {
        RpcDispatcher dispatcher = NewDispatcher(new RpcCounters());
        var rate = new CallRate(1, new HandClock());
        byte[] body = Encoding.UTF8.GetBytes(Calls(101));
        var first = JsonSerializer.Deserialize<JsonElement>((await dispatcher.HandleAsync(body, null, _deadline.Token, rate)).Span);
        Assert.Equal(RpcError.RequestTooLarge.Code, first.GetProperty("error").GetProperty("code").GetInt32());
        AssertRefused(JsonSerializer.Deserialize<JsonElement>((await dispatcher.HandleAsync(body, null, _deadline.Token, rate)).Span));
    }

    [Fact]
    public async Task A_body_that_is_too_large_takes_one_call_of_the_rate()
    {
        var counters = new RpcCounters();
        await using RpcServer server = await StartAsync(counters);
        using HttpClient connection = NewConnection();
        for (int i = 0; i < 4; i++)
        {
            using var content = new StringContent(new string(' ', new RpcSection().RequestBytesMax + 1), Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await connection.PostAsync(server.Address, content, _deadline.Token);
            Assert.Equal(System.Net.HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>(_deadline.Token);
            if (i == 3) AssertRefused(body);
            else Assert.Equal(RpcError.RequestTooLarge.Code, body.GetProperty("error").GetProperty("code").GetInt32());
        }

        AssertRefused(Assert.Single(await PostAsync(connection, server.Address, Calls(1))));
    }

    [Fact]
    public async Task A_WebSocket_has_the_same_rate()
    {
        await using RpcServer server = await StartAsync(new RpcCounters());
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(server.Address) { Scheme = "ws" }.Uri, _deadline.Token);
        var messages = new MessageReader(socket, 1024 * 1024, 4096);
        for (int i = 0; i < 4; i++)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(Call(i)), WebSocketMessageType.Text, endOfMessage: true, _deadline.Token);
            Assert.True(await messages.ReadAsync(_deadline.Token));
            var answer = JsonSerializer.Deserialize<JsonElement>(messages.Message.Span);
            if (i < 3) Assert.Equal("echo", answer.GetProperty("result").GetString());
            else AssertRefused(answer);
        }
    }

    private static void AssertRefused(JsonElement answer)
    {
        JsonElement error = answer.GetProperty("error");
        Assert.Equal(RpcError.TooManyCalls.Code, error.GetProperty("code").GetInt32());
        Assert.Equal("TooManyCalls", error.GetProperty("data").GetProperty("name").GetString());
        Assert.True(error.GetProperty("data").GetProperty("retryAfterMs").GetInt32() > 0);
    }

    /// <summary>Three calls a second by a clock that stands still: whatever the machine does meanwhile, a fourth is above it.</summary>
    private async Task<RpcServer> StartAsync(RpcCounters counters)
    {
        var server = new RpcServer(
            new RpcSection { Listen = "127.0.0.1:0", CallsPerSecondMax = 3 }, NewDispatcher(counters), [], new HandClock());
        await server.StartAsync(_deadline.Token);
        return server;
    }

    private static RpcDispatcher NewDispatcher(RpcCounters counters)
    {
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal) { ["echo"] = call => Task.FromResult<object?>(call.Method) };
        return new RpcDispatcher(methods, 100, counters, NullLogger.Instance);
    }

    private static HttpClient NewConnection() => new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });

    private static string Call(int id) => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"echo"}""";

    private static string Calls(int count) => $"[{string.Join(',', Enumerable.Range(0, count).Select(Call))}]";

    private async Task<JsonElement[]> PostAsync(HttpClient connection, Uri address, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await connection.PostAsync(address, content, _deadline.Token);
        return (await answer.Content.ReadFromJsonAsync<JsonElement[]>(_deadline.Token))!;
    }
}

using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SharedSeq.Ethereum;

namespace SharedSeq.Adapters.Tests.Ethereum;

public sealed class WebSocketTransportTests
{
    [Fact]
    public async Task Calls_and_batches_go_over_one_connection_with_ids_that_differ()
    {
        var ids = new List<int>();
        await using SocketServer server = await SocketServer.StartAsync(request =>
        {
            ids.AddRange(request is JsonArray batch ? batch.Select(call => (int)call!["id"]!) : [(int)request["id"]!]);
            return [Echo(request)];
        });
        using var client = new EthereumRpcClient(server.Endpoint);
        Assert.Equal("a", (await client.CallAsync(new EthereumCall("a"))).GetString());
        EthereumAnswer[] answers = await client.BatchAsync([new EthereumCall("b"), new EthereumCall("c")]);
        Assert.Equal(["b", "c"], answers.Select(answer => answer.Value.GetString()));
        string?[] many = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(async i => (await client.CallAsync(new EthereumCall($"m{i}"))).GetString()));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"m{i}"), many);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Notifications_are_passed_over_and_a_flood_of_them_is_no_answer()
    {
        const string Notification = """{"jsonrpc":"2.0","method":"eth_subscription","params":{}}""";
        int count = 3;
        await using SocketServer server = await SocketServer.StartAsync(
            request => [.. Enumerable.Repeat(Notification, count), Echo(request)]);
        using var client = new EthereumRpcClient(server.Endpoint);
        Assert.Equal("a", (await client.CallAsync(new EthereumCall("a"))).GetString());
        count = 100;
        await AssertFailsAsync(client, EthereumRpcFailure.MalformedAnswer);
        count = 0;
        Assert.Equal("b", (await client.CallAsync(new EthereumCall("b"))).GetString());
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task After_an_answer_to_nothing_the_connection_is_left_so_that_no_later_call_gets_a_wrong_answer()
    {
        int requests = 0;
        // The first answer is one that nobody asked for: all later ones would be one behind.
        await using SocketServer server = await SocketServer.StartAsync(request =>
            ++requests == 1 ? ["""{"jsonrpc":"2.0","id":77,"result":"forged"}""", Echo(request)] : [Echo(request)]);
        using var client = new EthereumRpcClient(server.Endpoint);
        await AssertFailsAsync(client, EthereumRpcFailure.MalformedAnswer);
        Assert.Equal("b", (await client.CallAsync(new EthereumCall("b"))).GetString());
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_late_answer_is_not_that_of_the_next_call()
    {
        int requests = 0;
        await using SocketServer server = await SocketServer.StartAsync(request => ++requests == 1 ? [] : [Echo(request)]);
        using var client = new EthereumRpcClient(
            new EthereumRpcOptions { Endpoint = server.Endpoint, Timeout = TimeSpan.FromMilliseconds(500) });
        await AssertFailsAsync(client, EthereumRpcFailure.Timeout);
        Assert.Equal("b", (await client.CallAsync(new EthereumCall("b"))).GetString());
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task An_answer_above_the_limit_is_not_read_to_its_end()
    {
        await using SocketServer server = await SocketServer.StartAsync(
            request => [$$"""{"id":{{request["id"]}},"result":"{{new string('1', 100_000)}}"}"""]);
        using var client = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = server.Endpoint, AnswerBytesMax = 4096 });
        await AssertFailsAsync(client, EthereumRpcFailure.TooLarge);
    }

    [Fact]
    public async Task Nobody_there_and_a_connection_that_breaks_are_unreachable()
    {
        SocketServer server = await SocketServer.StartAsync(_ => throw new IOException("the connection breaks"));
        using var client = new EthereumRpcClient(server.Endpoint);
        await AssertFailsAsync(client, EthereumRpcFailure.Unreachable);
        await server.DisposeAsync();
        await AssertFailsAsync(client, EthereumRpcFailure.Unreachable);
    }

    private static string Echo(JsonNode request)
    {
        static string One(JsonNode call) => $$"""{"jsonrpc":"2.0","id":{{call["id"]}},"result":"{{call["method"]}}"}""";
        return request is JsonArray batch ? $"[{string.Join(',', batch.Select(call => One(call!)))}]" : One(request);
    }

    private static async Task AssertFailsAsync(EthereumRpcClient client, EthereumRpcFailure kind)
    {
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.CallAsync(new EthereumCall("a")));
        Assert.True(kind == e.Kind, e.Message);
    }

    /// <summary>A WebSocket server on the loopback interface: what it answers to each message a test decides.</summary>
    private sealed class SocketServer : IAsyncDisposable
    {
        private readonly Func<JsonNode, string[]> _answer;
        private readonly WebApplication _server;
        private int _connections;

        private SocketServer(Func<JsonNode, string[]> answer)
        {
            _answer = answer;
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0));
            _server = builder.Build();
            _server.UseWebSockets();
            _server.Run(async context =>
            {
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                Interlocked.Increment(ref _connections);
                await ServeAsync(socket, context.RequestAborted);
            });
        }

        public int Connections => _connections;

        public Uri Endpoint
        {
            get
            {
                IServerAddressesFeature addresses = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
                return new Uri(addresses.Addresses.Single().Replace("http", "ws", StringComparison.Ordinal));
            }
        }

        public static async Task<SocketServer> StartAsync(Func<JsonNode, string[]> answer)
        {
            var server = new SocketServer(answer);
            await server._server.StartAsync();
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            await _server.StopAsync(limit.Token);
            await _server.DisposeAsync();
        }

        private async Task ServeAsync(WebSocket socket, CancellationToken cancellation)
        {
            byte[] buffer = new byte[64 * 1024];
            try
            {
                while (true)
                {
                    WebSocketReceiveResult read = await socket.ReceiveAsync(buffer, cancellation);
                    if (read.MessageType == WebSocketMessageType.Close) return;
                    foreach (string answer in _answer(JsonNode.Parse(buffer.AsSpan(0, read.Count))!))
                        await socket.SendAsync(Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, endOfMessage: true, cancellation);
                }
            }
            catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
            {
                socket.Abort();
            }
        }
    }
}

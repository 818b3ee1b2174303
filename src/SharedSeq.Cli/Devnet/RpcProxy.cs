using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>What becomes of a request before its calls are answered.</summary>
internal enum RpcDelivery
{
    /// <summary>It is answered.</summary>
    Answered,

    /// <summary>HTTP 503, or the end of the WebSocket.</summary>
    Unavailable,

    /// <summary>The connection breaks without a word.</summary>
    Dropped,

    /// <summary>Bytes that are no JSON-RPC.</summary>
    Garbled,
}

/// <summary>
/// A JSON-RPC endpoint on loopback in front of an execution client: the place where drills and the devnet's L1 lie. It takes single calls and batches
/// over HTTP and WebSocket, asks for each answer by itself and in order, and has its own subscriptions, made from these very answers.
/// </summary>
internal sealed class RpcProxy : IAsyncDisposable
{
    /// <summary>Bytes of one request. 16 MiB: a batch of raw transactions that fill some blocks.</summary>
    internal const int RequestBytesMax = 16 * 1024 * 1024;

    /// <summary>Calls in one request. 1,000: as much as hosted providers take.</summary>
    private const int BatchCallsMax = 1_000;

    private const int InvalidRequest = -32600;
    private const int ParseError = -32700;
    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(500);

    private readonly Func<JsonObject, CancellationToken, Task<JsonObject>> _answer;
    private readonly Func<CancellationToken, ValueTask<RpcDelivery>> _deliver;
    private readonly CancellationTokenSource _stop = new();
    private readonly WebApplication _server;
    private int _garbled;

    private RpcProxy(
        WebApplication server, Func<JsonObject, CancellationToken, Task<JsonObject>> answer, Func<CancellationToken, ValueTask<RpcDelivery>>? deliver)
    {
        _server = server;
        _answer = answer;
        _deliver = deliver ?? (_ => ValueTask.FromResult(RpcDelivery.Answered));
    }

    /// <summary>Where clients find it.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>The same over WebSocket.</summary>
    public Uri SocketEndpoint => new(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{Endpoint.Port}"));

    /// <param name="answer">Gives the whole answer to one call, with its id. An <see cref="EthereumRpcException"/> breaks the connection.</param>
    /// <param name="port">On loopback; 0 takes a free one.</param>
    /// <param name="deliver">Asked once for each request, before its calls are answered; it may take its time.</param>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<RpcProxy> StartAsync(
        Func<JsonObject, CancellationToken, Task<JsonObject>> answer, int port = 0, Func<CancellationToken, ValueTask<RpcDelivery>>? deliver = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(System.Net.IPAddress.Loopback, port);
            options.Limits.MaxRequestBodySize = RequestBytesMax;
        });
        WebApplication server = builder.Build();
        var proxy = new RpcProxy(server, answer, deliver);
        server.UseWebSockets();
        server.Run(proxy.TakeAsync);
        try
        {
            await server.StartAsync();
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }

        proxy.Endpoint = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using var limit = new CancellationTokenSource(StopPatience);
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>The answer of a client that says no.</summary>
    internal static JsonObject Refuse(JsonNode? call, int code, string message) => new()
    {
        ["jsonrpc"] = "2.0",
        ["id"] = (call as JsonObject)?["id"]?.DeepClone(),
        ["error"] = new JsonObject { ["code"] = code, ["message"] = message },
    };

    /// <summary>Passes one call on to a client as it is, and gives back what it answers, with the call's id.</summary>
    /// <exception cref="EthereumRpcException">The client gives no answer.</exception>
    internal static async Task<JsonObject> PassOnAsync(EthereumRpcClient client, JsonObject call, CancellationToken cancellation)
    {
        JsonElement parameters = call["params"] is { } given ? JsonSerializer.SerializeToElement(given) : default;
        EthereumAnswer answer = (await client.BatchAsync([new EthereumCall((string)call["method"]!, parameters)], cancellation))[0];
        if (answer.Error is not { } error)
            return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]?.DeepClone(), ["result"] = NodeOf(answer.Result) };
        JsonObject refusal = Refuse(call, error.Code, error.Message);
        if (error.Detail is { } detail) refusal["error"]!["data"] = JsonNode.Parse(detail);
        return refusal;
    }

    /// <summary>What a request's calls are answered with: an object for one call, a list for a batch.</summary>
    internal async Task<JsonNode> AnswerAsync(JsonNode? request, Func<JsonObject, CancellationToken, Task<JsonObject>> answer, CancellationToken cancellation)
    {
        if (request is not JsonArray batch) return await AnswerOneAsync(request, answer, cancellation);
        if (batch.Count is 0 or > BatchCallsMax) return Refuse(null, InvalidRequest, $"a batch has 1 to {BatchCallsMax} calls");
        var answers = new JsonArray();
        foreach (JsonNode? call in batch) answers.Add((JsonNode)await AnswerOneAsync(call, answer, cancellation));
        return answers;
    }

    /// <summary>Bytes that are no JSON-RPC, of another kind each time: a page, an answer that breaks off, nothing, no text.</summary>
    internal byte[] NextGarbage() => (Interlocked.Increment(ref _garbled) % 4) switch
    {
        1 => "<html><body><h1>502 Bad Gateway</h1></body></html>"u8.ToArray(),
        2 => """{"jsonrpc":"2.0","id":1,"result":{"number":"0x"""u8.ToArray(),
        3 => [],
        _ => [0xff, 0xfe, 0x00, 0xc3, 0x28, 0x7b],
    };

    private static JsonNode? NodeOf(JsonElement element) => JsonSerializer.Deserialize<JsonNode>(element);

    private static Task<JsonObject> AnswerOneAsync(
        JsonNode? call, Func<JsonObject, CancellationToken, Task<JsonObject>> answer, CancellationToken cancellation) =>
        call is JsonObject one && one["method"] is JsonValue method && method.GetValueKind() == JsonValueKind.String
            && one["params"] is null or JsonArray
            ? answer(one, cancellation)
            : Task.FromResult(Refuse(call, InvalidRequest, "no call of JSON-RPC 2.0 with a list of parameters"));

    private async Task TakeAsync(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
        try
        {
            if (context.WebSockets.IsWebSocketRequest)
            {
                if (await _deliver(ended.Token) is RpcDelivery.Unavailable or RpcDelivery.Dropped)
                {
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                    return;
                }

                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                await new RpcProxySocket(this, socket, _answer, _deliver).RunAsync(ended.Token);
                return;
            }

            await AnswerHttpAsync(context, ended.Token);
        }
        catch (Exception e) when (e is EthereumRpcException or OperationCanceledException or IOException or BadHttpRequestException)
        {
            context.Abort();
        }
    }

    private async Task AnswerHttpAsync(HttpContext context, CancellationToken cancellation)
    {
        JsonNode answer;
        try
        {
            JsonNode? request = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: cancellation);
            switch (await _deliver(cancellation))
            {
                case RpcDelivery.Unavailable:
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                    return;
                case RpcDelivery.Dropped:
                    context.Abort();
                    return;
                case RpcDelivery.Garbled:
                    context.Response.ContentType = "application/json";
                    await context.Response.Body.WriteAsync(NextGarbage(), cancellation);
                    return;
            }

            answer = await AnswerAsync(request, _answer, cancellation);
        }
        catch (JsonException e)
        {
            answer = Refuse(null, ParseError, e.Message);
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), Encoding.UTF8, cancellation);
    }
}

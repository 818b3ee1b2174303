using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>Stands between an operator and its execution client, passes everything on, and lies when it is told to.</summary>
internal sealed class LyingClient : IAsyncDisposable
{
    private readonly EthereumRpcClient _client;
    private RpcProxy? _proxy;

    private LyingClient(Uri target) => _client = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = target, Timeout = TimeSpan.FromMinutes(1) });

    /// <summary>Where the operator finds its client.</summary>
    public Uri Endpoint => _proxy!.Endpoint;

    /// <summary>Changes the answer to one call in place; null tells the truth.</summary>
    public Func<string, JsonObject, Task>? Lie { get; set; }

    public static async Task<LyingClient> StartAsync(Uri target)
    {
        var liar = new LyingClient(target);
        liar._proxy = await RpcProxy.StartAsync(liar.AnswerAsync);
        return liar;
    }

    /// <summary>Asks the client itself.</summary>
    public async Task<JsonNode?> AskAsync(string method, params JsonNode[] parameters)
    {
        var call = new JsonObject { ["method"] = method, ["params"] = new JsonArray(parameters) };
        return (await RpcProxy.PassOnAsync(_client, call, CancellationToken.None))["result"];
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null) await _proxy.DisposeAsync();
        _client.Dispose();
    }

    private async Task<JsonObject> AnswerAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject answer = await RpcProxy.PassOnAsync(_client, call, cancellation);
        if (Lie is { } lie) await lie((string)call["method"]!, answer);
        return answer;
    }
}

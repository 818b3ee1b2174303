using System.Text.Json;
using Microsoft.Extensions.Logging;
using SharedSeq.Adapters;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>
/// The Ethereum endpoint of one rollup: transactions go into the order, reads of a fixed list to an execution client, what depends on the order is
/// answered here, and everything else does not exist.
/// </summary>
internal sealed partial class RollupGateway
{
    private readonly NodeRuntime _node;
    private readonly Rollup _rollup;
    private readonly PublicMethods _methods;
    private readonly PeerGateways _peers;

    public RollupGateway(NodeRuntime node, Rollup rollup, PublicMethods methods, PeerGateways peers, ILogger logger)
    {
        _node = node;
        _rollup = rollup;
        _methods = methods;
        _peers = peers;
        int items = node.Configuration.Rpc.BatchItemsMax;
        Dispatcher = new RpcDispatcher(All(mayForward: true), items, node.Calls, logger);
        OwnOnly = new RpcDispatcher(All(mayForward: false), items, node.Calls, logger);
    }

    /// <summary>For clients.</summary>
    public RpcDispatcher Dispatcher { get; }

    /// <summary>For other operators' gateways: answers from the own execution client or not at all.</summary>
    public RpcDispatcher OwnOnly { get; }

    private NamespacePolicy Policy => _rollup.Policy;

    /// <summary>An error in Ethereum's own words; codes as execution clients give them.</summary>
    public static RpcError ClientError(int code) => new(code, "Ethereum", "Refused as an Ethereum node does.", "The message says why.");

    private Dictionary<string, RpcMethod> All(bool mayForward)
    {
        static RpcMethod Fixed(object? value) => _ => Task.FromResult(value);
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal)
        {
            ["eth_accounts"] = Fixed(Array.Empty<string>()),
            ["eth_chainId"] = Fixed(EthereumJson.Quantity(Policy.EvmChainId)),
            ["net_version"] = Fixed(Policy.EvmChainId.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ["eth_syncing"] = Fixed(false),
            ["eth_getTransactionCount"] = call => TransactionCountAsync(call, mayForward),
            ["eth_getTransactionByHash"] = call => TransactionByHashAsync(call, mayForward),
        };
        foreach (string method in RollupReadMethods.PassedThrough)
            methods[method] = async call => await ReadAsync(call.Method, ParametersOf(call), mayForward, call.Cancellation);
        if (!mayForward) return methods;
        methods["eth_sendRawTransaction"] = SendRawTransactionAsync;
        methods["eth_subscribe"] = SubscribeAsync;
        methods["eth_unsubscribe"] = call => Task.FromResult<object?>(Connection(call).Unsubscribe(call.Text(0, "subscription")));
        return methods;
    }

    private static JsonElement ParametersOf(RpcCall call) => call.Parameters.ValueKind is JsonValueKind.Array or JsonValueKind.Undefined
        ? call.Parameters
        : throw RpcCall.Bad("params", "is an array");

    private static IRpcConnection Connection(RpcCall call) =>
        call.Connection ?? throw new RpcException(RpcError.MethodNotFound, $"{call.Method} needs a WebSocket");

    /// <summary>Asks the own execution client; another operator's when the own one is down, behind or not believed.</summary>
    private async Task<JsonElement> ReadAsync(string method, JsonElement parameters, bool mayForward, CancellationToken cancellation)
    {
        string why;
        if (_rollup.Readable(out why) is { } client)
        {
            try
            {
                EthereumAnswer answer = (await client.BatchAsync([new EthereumCall(method, parameters)], cancellation))[0];
                return answer.Error is { } error ? throw Refusal(error) : answer.Result;
            }
            catch (Exception e) when (e is EthereumRpcException or ObjectDisposedException)
            {
                _rollup.CountClientFailure();
                why = e.Message;
            }
        }

        if (mayForward && await _peers.AskAsync(Policy.Id, method, parameters, cancellation) is { } forwarded)
        {
            _rollup.CountForwarded();
            return forwarded.Refusal is { } refusal ? throw refusal : forwarded.Result;
        }

        _rollup.CountUnavailable();
        throw new RpcException(RpcError.ExecutionUnavailable, $"no execution client of {Policy.Name} answers; the one here: {why}");
    }

    private Task<JsonElement> ReadAsync(string method, CancellationToken cancellation, params string[] parameters) =>
        ReadAsync(method, JsonSerializer.SerializeToElement(parameters), mayForward: true, cancellation);

    private static RpcException Refusal(EthereumRpcError error)
    {
        object? details = null;
        if (error.Detail is { } text)
        {
            using JsonDocument document = JsonDocument.Parse(text);
            details = document.RootElement.Clone();
        }

        return new RpcException(ClientError(error.Code), error.Message, details);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>What a fork is told by: the chain that a provider's <see cref="L1FaultKind.Fork"/> answers from.</summary>
/// <param name="depth">Blocks since it left the other chain.</param>
/// <param name="cancellation">Gives up.</param>
internal delegate Task<EthereumRpcClient> L1ForkSource(int depth, CancellationToken cancellation);

/// <summary>
/// One of the L1's providers: an endpoint in front of the devnet's L1 that has one fault at a time, on real answers. As hosted ones do, it keeps no
/// filters and signs nothing.
/// </summary>
internal sealed class L1Provider : IAsyncDisposable
{
    private const int MethodNotFound = -32601;
    private static readonly string[] Refused =
    [
        "eth_accounts", "eth_sendTransaction", "eth_sendUnsignedTransaction", "eth_sign", "eth_signTransaction", "eth_signTypedData",
        "eth_signTypedData_v3", "eth_signTypedData_v4", "eth_newFilter", "eth_newBlockFilter", "eth_newPendingTransactionFilter", "eth_uninstallFilter",
        "eth_getFilterChanges", "eth_getFilterLogs",
    ];

    private readonly EthereumRpcClient _client;
    private readonly L1ForkSource _forks;
    private readonly L1OlderView _older;
    private readonly L1HeaderLies _headers;
    private readonly L1LogLies _logs;
    private volatile State _state = new(L1ProviderFault.None, default, null, Stopwatch.GetTimestamp());
    private long _answered;

    private L1Provider(int number, EthereumRpcClient client, L1ForkSource forks)
    {
        Number = number;
        _client = client;
        _forks = forks;
        _older = new L1OlderView(client);
        _headers = new L1HeaderLies(client);
        _logs = new L1LogLies(client);
    }

    /// <summary>1, 2 or 3.</summary>
    public int Number { get; }

    public RpcProxy Proxy { get; private set; } = null!;

    public L1ProviderFault Fault => _state.Fault;

    /// <summary>How long it has had this fault.</summary>
    public TimeSpan FaultAge => Stopwatch.GetElapsedTime(_state.Since);

    /// <summary>Calls answered, subscriptions' own included.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <param name="number">1, 2 or 3.</param>
    /// <param name="client">The L1 itself; not disposed of by this.</param>
    /// <param name="port">On loopback; 0 takes a free one.</param>
    /// <param name="forks">Gives other chains; they are the caller's.</param>
    public static async Task<L1Provider> StartAsync(int number, EthereumRpcClient client, int port, L1ForkSource forks)
    {
        var provider = new L1Provider(number, client, forks);
        provider.Proxy = await RpcProxy.StartAsync(provider.AnswerAsync, port, provider.DeliverAsync);
        return provider;
    }

    /// <summary>From now on this is wrong with it, and nothing else. What the fault needs is there when this returns.</summary>
    /// <exception cref="EthereumRpcException">The L1 does not answer.</exception>
    public async Task SetAsync(L1ProviderFault fault, CancellationToken cancellation)
    {
        L1Window window = fault.Kind is L1FaultKind.Freeze or L1FaultKind.Unfinalized ? await L1Window.OfAsync(_client, cancellation) : default;
        EthereumRpcClient? fork = fault.Kind == L1FaultKind.Fork ? await _forks(fault.Amount, cancellation) : null;
        _state = new State(fault, window, fork, Stopwatch.GetTimestamp());
    }

    public ValueTask DisposeAsync() => Proxy.DisposeAsync();

    private static bool IsOffered(string method) =>
        (method.StartsWith("eth_", StringComparison.Ordinal) || method.StartsWith("net_", StringComparison.Ordinal)
            || method.StartsWith("web3_", StringComparison.Ordinal))
        && !Refused.Contains(method);

    private async ValueTask<RpcDelivery> DeliverAsync(CancellationToken cancellation)
    {
        State now = _state;
        switch (now.Fault.Kind)
        {
            case L1FaultKind.Slow:
                await Task.Delay(now.Fault.Amount, cancellation);
                return RpcDelivery.Answered;
            case L1FaultKind.Flap:
                bool isDown = (long)Stopwatch.GetElapsedTime(now.Since).TotalMilliseconds / now.Fault.Amount % 2 == 0;
                return isDown ? RpcDelivery.Dropped : RpcDelivery.Answered;
            case L1FaultKind.Fail:
                return RpcDelivery.Unavailable;
            case L1FaultKind.Down:
                return RpcDelivery.Dropped;
            case L1FaultKind.Garbage:
                return RpcDelivery.Garbled;
            default:
                return RpcDelivery.Answered;
        }
    }

    private async Task<JsonObject> AnswerAsync(JsonObject call, CancellationToken cancellation)
    {
        State now = _state;
        string method = (string)call["method"]!;
        if (!IsOffered(method)) return RpcProxy.Refuse(call, MethodNotFound, $"the method {method} is not offered");
        Interlocked.Increment(ref _answered);
        return now.Fault.Kind switch
        {
            L1FaultKind.Lag => await _older.AnswerAsync(
                call, (await L1Window.OfAsync(_client, cancellation)).Less((ulong)now.Fault.Amount), cancellation),
            L1FaultKind.Freeze => await _older.AnswerAsync(call, now.Window, cancellation),
            L1FaultKind.Unfinalized => await _older.AnswerAsync(
                call, now.Window with { Latest = await _client.BlockNumberAsync(cancellation) }, cancellation),
            L1FaultKind.WrongChainId => WithNextChainId(method, await RpcProxy.PassOnAsync(_client, call, cancellation)),
            L1FaultKind.WrongHash => await _headers.WrongHashAsync(call, cancellation),
            L1FaultKind.ForgedHeader => await _headers.ForgedAsync(call, cancellation),
            L1FaultKind.WrongParent => await _headers.WrongParentAsync(call, cancellation),
            L1FaultKind.DropLogs => await _logs.DropAsync(call, cancellation),
            L1FaultKind.ForgeLogs => await _logs.ForgeAsync(call, cancellation),
            L1FaultKind.ReorderReceipts => await _logs.ReorderAsync(call, cancellation),
            L1FaultKind.Fork => await RpcProxy.PassOnAsync(now.Fork!, call, cancellation),
            _ => await RpcProxy.PassOnAsync(_client, call, cancellation),
        };
    }

    private static JsonObject WithNextChainId(string method, JsonObject answer)
    {
        if (answer["result"] is not JsonValue result || result.GetValueKind() != JsonValueKind.String) return answer;
        if (method == "eth_chainId") answer["result"] = EthereumJson.Quantity(L1Json.NumberOf((string?)result) + 1);
        if (method == "net_version" && ulong.TryParse((string?)result, CultureInfo.InvariantCulture, out ulong id))
            answer["result"] = (id + 1).ToString(CultureInfo.InvariantCulture);
        return answer;
    }

    private sealed record State(L1ProviderFault Fault, L1Window Window, EthereumRpcClient? Fork, long Since);
}

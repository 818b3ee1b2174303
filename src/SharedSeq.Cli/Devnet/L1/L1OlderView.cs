using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>The newest blocks that a provider admits to.</summary>
internal readonly record struct L1Window(ulong Latest, ulong Safe, ulong Finalized)
{
    public L1Window Less(ulong blocks) => new(Latest - ulong.Min(blocks, Latest), Safe - ulong.Min(blocks, Safe), Finalized - ulong.Min(blocks, Finalized));

    /// <summary>Where a client is now.</summary>
    /// <exception cref="EthereumRpcException">It does not answer.</exception>
    public static async Task<L1Window> OfAsync(EthereumRpcClient client, CancellationToken cancellation)
    {
        EthereumAnswer[] answers = await client.BatchAsync(
            [EthereumBlock.Latest, new EthereumCall("eth_getBlockByNumber", "safe", false), new EthereumCall("eth_getBlockByNumber", "finalized", false)],
            cancellation);
        ulong Number(int i) => EthereumBlock.Read(answers[i].Value)?.Number ?? 0;
        return new L1Window(Number(0), Number(1), Number(2));
    }
}

/// <summary>
/// Answers from a client as one would that is at an older block: tags mean other blocks, blocks above are not there, and neither is what is in them.
/// </summary>
internal sealed class L1OlderView(EthereumRpcClient client)
{
    private const int HeaderNotFound = -32000;

    public async Task<JsonObject> AnswerAsync(JsonObject call, L1Window window, CancellationToken cancellation)
    {
        string method = (string)call["method"]!;
        if (method == "eth_blockNumber") return ResultOf(call, EthereumJson.Quantity(window.Latest));
        JsonObject asked = call.DeepClone().AsObject();
        bool isLogs = method == "eth_getLogs";
        L1BlockName.Rewrite(asked, name => name switch
        {
            "latest" or "pending" => EthereumJson.Quantity(window.Latest),
            "safe" => EthereumJson.Quantity(window.Safe),
            "finalized" => EthereumJson.Quantity(window.Finalized),
            _ => name,
        });
        foreach (string name in L1BlockName.In(asked))
        {
            if (await NumberOfAsync(name, cancellation) <= window.Latest) continue;
            if (!isLogs || L1BlockName.IsHash(name)) return Missing(call);
        }

        JsonObject answer = await RpcProxy.PassOnAsync(client, asked, cancellation);
        return answer["result"] switch
        {
            JsonArray logs when isLogs => ResultOf(call, new JsonArray([.. logs.Where(log => !IsAbove(log, window)).Select(log => log!.DeepClone())])),
            JsonObject found when IsAbove(found, window) => ResultOf(call, null),
            _ => answer,
        };
    }

    private static JsonObject ResultOf(JsonObject call, JsonNode? result) =>
        new() { ["jsonrpc"] = "2.0", ["id"] = call["id"]?.DeepClone(), ["result"] = result };

    /// <summary>What clients say about a block they do not have: null where a block is asked for, an error where its state is.</summary>
    private static JsonObject Missing(JsonObject call)
    {
        string method = (string)call["method"]!;
        bool isBlock = method.StartsWith("eth_getBlock", StringComparison.Ordinal) || method.StartsWith("eth_getTransactionByBlock", StringComparison.Ordinal)
            || method.StartsWith("eth_getHeader", StringComparison.Ordinal) || method.StartsWith("eth_getUncle", StringComparison.Ordinal);
        return isBlock ? ResultOf(call, null) : RpcProxy.Refuse(call, HeaderNotFound, "header not found");
    }

    private static bool IsAbove(JsonNode? found, L1Window window) =>
        found?["blockNumber"] is JsonValue number && number.TryGetValue(out string? text) && L1Json.NumberOf(text) > window.Latest;

    /// <summary>The number that a name stands for; 0 for the first block, and for hashes that nobody knows.</summary>
    private async Task<ulong> NumberOfAsync(string name, CancellationToken cancellation)
    {
        if (name == "earliest") return 0;
        if (!L1BlockName.IsHash(name)) return L1Json.NumberOf(name);
        return EthereumBlock.Read(await client.CallAsync(new EthereumCall("eth_getBlockByHash", name, false), cancellation))?.Number ?? 0;
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedSeq.Cli;

/// <summary>Where a call of Ethereum's JSON-RPC names the block that it asks about: by tag, number or hash.</summary>
internal static class L1BlockName
{
    private const int HashCharacters = 66;
    private static readonly string[] InFilter = ["blockHash", "fromBlock", "toBlock"];

    public static bool IsHash(string name) => name.Length == HashCharacters;

    /// <summary>Every name in a call.</summary>
    public static IReadOnlyList<string> In(JsonObject call)
    {
        var names = new List<string>();
        Rewrite(call.DeepClone().AsObject(), name =>
        {
            names.Add(name);
            return name;
        });
        return names;
    }

    /// <summary>Replaces each name in place; where a call leaves it out, the tag that this means is named.</summary>
    public static void Rewrite(JsonObject call, Func<string, string> rename)
    {
        if (call["params"] is not JsonArray parameters) call["params"] = parameters = new JsonArray();
        string method = (string)call["method"]!;
        if (method == "eth_getLogs")
        {
            if (parameters.Count == 0) parameters.Add(new JsonObject());
            if (parameters[0] is JsonObject filter) RewriteFilter(filter, rename);
            return;
        }

        int place = PlaceIn(method);
        if (place < 0 || parameters.Count < place) return;
        if (parameters.Count == place) parameters.Add("latest");
        if (parameters[place] is JsonObject named)
        {
            foreach (string field in (string[])["blockHash", "blockNumber"])
                if (TextOf(named[field]) is { } name) named[field] = rename(name);
        }
        else if ((parameters[place] is null ? "latest" : TextOf(parameters[place])) is { } name)
        {
            parameters[place] = rename(name);
        }
    }

    private static void RewriteFilter(JsonObject filter, Func<string, string> rename)
    {
        if (filter["blockHash"] is null)
        {
            filter["fromBlock"] ??= "latest";
            filter["toBlock"] ??= "latest";
        }

        foreach (string field in InFilter)
            if (TextOf(filter[field]) is { } name) filter[field] = rename(name);
    }

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? (string?)value : null;

    private static int PlaceIn(string method) => method switch
    {
        "eth_getBlockByNumber" or "eth_getBlockByHash" or "eth_getHeaderByNumber" or "eth_getHeaderByHash" or "eth_getBlockReceipts"
            or "eth_getBlockTransactionCountByNumber" or "eth_getBlockTransactionCountByHash" or "eth_getTransactionByBlockNumberAndIndex"
            or "eth_getTransactionByBlockHashAndIndex" or "eth_getUncleCountByBlockNumber" or "eth_getUncleCountByBlockHash" => 0,
        "eth_getBalance" or "eth_getCode" or "eth_getTransactionCount" or "eth_call" or "eth_estimateGas" or "eth_createAccessList" or "eth_feeHistory" => 1,
        "eth_getStorageAt" or "eth_getProof" => 2,
        _ => -1,
    };
}

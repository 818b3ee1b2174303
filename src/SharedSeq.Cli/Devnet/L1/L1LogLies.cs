using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>Lies about what is in blocks, told alike in logs, single receipts and all receipts of a block. Headers stay as they are.</summary>
internal sealed class L1LogLies(EthereumRpcClient client)
{
    /// <summary>Blocks of one answer whose receipts are looked up. 1,024: wider ranges are refused as hosted providers do.</summary>
    private const int BlocksMax = 1_024;

    private const int LimitExceeded = -32005;

    /// <summary>Logs of even place in their block are left out; the others move up.</summary>
    public async Task<JsonObject> DropAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject answer = await RpcProxy.PassOnAsync(client, call, cancellation);
        if (answer["result"] is JsonArray logs && IsLogs(call)) answer["result"] = Kept(logs);
        foreach (JsonObject receipt in ReceiptsIn(answer))
        {
            receipt["logs"] = Kept(receipt["logs"]!.AsArray());
            receipt["logsBloom"] = L1Json.BloomOf(receipt["logs"]!.AsArray());
        }

        return answer;

        static JsonArray Kept(JsonArray logs)
        {
            var kept = new JsonArray();
            foreach (JsonNode? log in logs)
            {
                ulong place = L1Json.NumberOf((string?)log!["logIndex"]);
                if (place % 2 == 0) continue;
                JsonNode moved = log.DeepClone();
                moved["logIndex"] = EthereumJson.Quantity(place / 2);
                kept.Add(moved);
            }

            return kept;
        }
    }

    /// <summary>Each log's last byte is another; one without bytes has one.</summary>
    public async Task<JsonObject> ForgeAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject answer = await RpcProxy.PassOnAsync(client, call, cancellation);
        foreach (JsonObject log in L1Json.ObjectsIn(answer["result"]).Where(found => found["topics"] is not null && found["data"] is not null))
        {
            string bytes = (string)log["data"]!;
            log["data"] = bytes == "0x" ? "0x01" : L1Json.Flip(bytes);
        }

        return answer;
    }

    /// <summary>Receipts of a block, and with them its logs, the other way round.</summary>
    public async Task<JsonObject> ReorderAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject answer = await RpcProxy.PassOnAsync(client, call, cancellation);
        JsonNode? result = answer["result"];
        switch ((string)call["method"]!)
        {
            case "eth_getBlockReceipts" when result is JsonArray receipts:
                answer["result"] = Reversed(receipts);
                break;
            case "eth_getTransactionReceipt" when result is JsonObject found:
                string transaction = (string)found["transactionHash"]!;
                answer["result"] = (await ReversedAsync((string)found["blockHash"]!, cancellation))
                    .FirstOrDefault(receipt => (string?)receipt!["transactionHash"] == transaction)?.DeepClone();
                break;
            case "eth_getLogs" when result is JsonArray logs:
                return await ReorderLogsAsync(call, logs, answer, cancellation);
        }

        return answer;
    }

    private async Task<JsonObject> ReorderLogsAsync(JsonObject call, JsonArray logs, JsonObject answer, CancellationToken cancellation)
    {
        string[] blocks = [.. logs.Select(log => (string)log!["blockHash"]!).Distinct(StringComparer.Ordinal)];
        if (blocks.Length > BlocksMax) return RpcProxy.Refuse(call, LimitExceeded, $"logs of at most {BlocksMax} blocks");
        var told = new JsonArray();
        foreach (string block in blocks)
        {
            var asked = logs.Where(log => (string?)log!["blockHash"] == block).Select(log => KeyOf(log!, "logIndex")).ToHashSet();

            // In a receipt that moved, a log is known by its transaction and its place among that transaction's logs.
            Dictionary<(string, int), ulong> places = [];
            foreach (JsonNode? receipt in await ReceiptsAsync(block, cancellation))
            {
                foreach ((int at, JsonNode? log) in receipt!["logs"]!.AsArray().Index())
                    places[((string)log!["transactionHash"]!, at)] = KeyOf(log, "logIndex");
            }

            foreach (JsonNode? receipt in await ReversedAsync(block, cancellation))
            {
                foreach ((int at, JsonNode? log) in receipt!["logs"]!.AsArray().Index())
                    if (asked.Contains(places[((string)log!["transactionHash"]!, at)])) told.Add(log.DeepClone());
            }
        }

        answer["result"] = told;
        return answer;
    }

    private static ulong KeyOf(JsonNode node, string field) => L1Json.NumberOf((string?)node[field]);

    private async Task<JsonArray> ReversedAsync(string block, CancellationToken cancellation) => Reversed(await ReceiptsAsync(block, cancellation));

    private async Task<JsonArray> ReceiptsAsync(string block, CancellationToken cancellation)
    {
        var call = new JsonObject { ["method"] = "eth_getBlockReceipts", ["params"] = new JsonArray(block) };
        return (await RpcProxy.PassOnAsync(client, call, cancellation))["result"] as JsonArray ?? [];
    }

    private static JsonArray Reversed(JsonArray receipts)
    {
        var reversed = new JsonArray();
        ulong gas = 0;
        ulong logs = 0;
        foreach (JsonNode? one in receipts.Reverse())
        {
            JsonNode receipt = one!.DeepClone();
            string place = EthereumJson.Quantity((ulong)reversed.Count);
            gas += L1Json.NumberOf((string?)receipt["gasUsed"]);
            receipt["transactionIndex"] = place;
            receipt["cumulativeGasUsed"] = EthereumJson.Quantity(gas);
            foreach (JsonNode? log in receipt["logs"]!.AsArray())
            {
                log!["transactionIndex"] = place;
                log["logIndex"] = EthereumJson.Quantity(logs++);
            }

            reversed.Add(receipt);
        }

        return reversed;
    }

    private static bool IsLogs(JsonObject call) => (string?)call["method"] == "eth_getLogs";

    private static IEnumerable<JsonObject> ReceiptsIn(JsonObject answer) =>
        L1Json.ObjectsIn(answer["result"]).Where(found => found["logs"] is JsonArray && found["cumulativeGasUsed"] is not null);
}

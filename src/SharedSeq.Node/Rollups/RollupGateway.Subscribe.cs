using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Node;

internal sealed partial class RollupGateway
{
    /// <summary>Members of a block that are not of its header.</summary>
    private static readonly string[] BodyMembers = ["transactions", "uncles", "withdrawals", "size", "totalDifficulty"];

    /// <summary>eth_subscribe("newHeads") and ("logs", filter): from the next block on that the own client executes, without gap.</summary>
    private async Task<object?> SubscribeAsync(RpcCall call)
    {
        IRpcConnection connection = Connection(call);
        string kind = call.Text(0, "kind");
        if (kind is not ("newHeads" or "logs")) throw RpcCall.Bad("kind", "is newHeads or logs");
        JsonElement? filter = call.Optional(1)?.Clone();
        if (filter is { ValueKind: not JsonValueKind.Object }) throw RpcCall.Bad("filter", "is an object");
        if (_rollup.Readable(out string why) is null)
            throw new RpcException(RpcError.ExecutionUnavailable, $"subscriptions need this operator's own execution client: {why}");
        ulong from = _rollup.Head + 1;

        // A filter the client refuses is refused now; from here on only a client that is away can fail, and it comes back.
        if (kind == "logs")
        {
            JsonElement latest = JsonSerializer.SerializeToElement<object[]>(["latest", false]);
            await LogsAsync(filter, await ReadAsync("eth_getBlockByNumber", latest, mayForward: true, call.Cancellation), call.Cancellation);
        }

        return connection.Subscribe(async (id, stop) =>
        {
            for (ulong next = from; ; next++)
            {
                await _rollup.WaitForAsync(next, stop);
                foreach (JsonNode? item in await ItemsAsync(kind, filter, next, stop))
                    await connection.NotifyAsync("eth_subscription", new { subscription = id, result = item }, stop);
            }
        });
    }

    private async Task<IReadOnlyList<JsonNode?>> ItemsAsync(string kind, JsonElement? filter, ulong number, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                JsonElement block = await ReadAsync(
                    "eth_getBlockByNumber", JsonSerializer.SerializeToElement<object[]>([EthereumJson.Quantity(number), false]), mayForward: true, stop);
                if (block.ValueKind == JsonValueKind.Object) return kind == "newHeads" ? [HeaderOf(block)] : await LogsAsync(filter, block, stop);
            }
            catch (RpcException)
            {
                // Being restarted or synced again: the block comes later, and without it there would be a gap.
            }

            await Task.Delay(200, stop);
        }
    }

    private static JsonObject HeaderOf(JsonElement block)
    {
        JsonObject header = JsonObject.Create(block)!.DeepClone().AsObject();
        foreach (string member in BodyMembers) header.Remove(member);
        return header;
    }

    private async Task<IReadOnlyList<JsonNode?>> LogsAsync(JsonElement? filter, JsonElement block, CancellationToken stop)
    {
        var query = new JsonObject { ["blockHash"] = block.GetProperty("hash").GetString() };
        foreach (string member in (string[])["address", "topics"])
        {
            if (filter is { } given && given.TryGetProperty(member, out JsonElement value)) query[member] = JsonNode.Parse(value.GetRawText());
        }

        JsonElement logs = await ReadAsync("eth_getLogs", JsonSerializer.SerializeToElement(new JsonArray(query)), mayForward: true, stop);
        return [.. logs.EnumerateArray().Select(log => JsonNode.Parse(log.GetRawText()))];
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Client;

namespace SharedSeq.Cli;

/// <summary>
/// One WebSocket of a proxy. Calls are answered in the order they come. newHeads and logs are made from what the proxy itself answers, asked every
/// quarter of a second while somebody subscribes, so that whoever listens is told the same as whoever asks. No log is announced as removed: a
/// chain that changes is seen by its heads.
/// </summary>
internal sealed class RpcProxySocket(
    RpcProxy proxy, WebSocket socket, Func<JsonObject, CancellationToken, Task<JsonObject>> answer, Func<CancellationToken, ValueTask<RpcDelivery>> deliver)
{
    /// <summary>Subscriptions of one connection. 64: a client needs a handful.</summary>
    private const int SubscriptionsMax = 64;

    /// <summary>Blocks that are told of at once after a gap or another branch; of older ones only the newest are.</summary>
    private const int HeadsMax = 64;

    private const int LimitExceeded = -32005;
    private const int InvalidParameters = -32602;
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<string, JsonObject?> _subscriptions = new(StringComparer.Ordinal);
    private readonly List<(string Id, JsonObject? Filter)> _opened = [];
    private readonly List<string> _told = [];
    private Task _feed = Task.CompletedTask;
    private int _lastId;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var messages = new MessageReader(socket, RpcProxy.RequestBytesMax, 16 * 1024);
            while (await messages.ReadAsync(ended.Token))
            {
                if (!await TakeAsync(messages.Message, ended.Token)) return;
            }

            if (messages.IsClosedByPeer) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ended.Token);
        }
        catch (WebSocketException)
        {
            // the client went away
        }
        finally
        {
            await ended.CancelAsync();
            await _feed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Answers one message; false ends the connection.</summary>
    private async Task<bool> TakeAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        switch (await deliver(cancellation))
        {
            case RpcDelivery.Unavailable or RpcDelivery.Dropped:
                socket.Abort();
                return false;
            case RpcDelivery.Garbled:
                await SendAsync(proxy.NextGarbage(), cancellation);
                return true;
        }

        JsonNode reply;
        try
        {
            reply = await proxy.AnswerAsync(JsonNode.Parse(message.Span), (call, stopped) => AnswerAsync(call, cancellation, stopped), cancellation);
        }
        catch (JsonException e)
        {
            reply = RpcProxy.Refuse(null, -32700, e.Message);
        }

        await SendAsync(JsonSerializer.SerializeToUtf8Bytes(reply), cancellation);

        // What it is told of follows the answer that names the subscription.
        foreach ((string id, JsonObject? filter) in _opened) _subscriptions[id] = filter;
        _opened.Clear();
        if (!_subscriptions.IsEmpty && _feed.IsCompleted) _feed = FeedAsync(cancellation);
        return true;
    }

    private Task<JsonObject> AnswerAsync(JsonObject call, CancellationToken ended, CancellationToken cancellation) => (string)call["method"]! switch
    {
        "eth_subscribe" => Task.FromResult(Subscribe(call)),
        "eth_unsubscribe" => Task.FromResult(ResultOf(call, _subscriptions.TryRemove(TextOf(call, 0), out _))),
        _ => answer(call, cancellation),
    };

    private JsonObject Subscribe(JsonObject call)
    {
        if (_subscriptions.Count + _opened.Count >= SubscriptionsMax) return RpcProxy.Refuse(call, LimitExceeded, $"at most {SubscriptionsMax} subscriptions");
        string kind = TextOf(call, 0);
        if (kind is not ("newHeads" or "logs")) return RpcProxy.Refuse(call, InvalidParameters, "newHeads and logs can be subscribed to");
        string id = "0x" + (++_lastId).ToString("x", CultureInfo.InvariantCulture);
        JsonObject? filter = kind == "newHeads"
            ? null
            : (call["params"]!.AsArray().ElementAtOrDefault(1) as JsonObject)?.DeepClone().AsObject() ?? new JsonObject();
        _opened.Add((id, filter));
        return ResultOf(call, id);
    }

    private async Task FeedAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(AskEvery);
        try
        {
            do
            {
                if (await deliver(cancellation) != RpcDelivery.Answered)
                {
                    socket.Abort();
                    return;
                }

                foreach (JsonObject head in await NewHeadsAsync(cancellation)) await TellAsync(head, cancellation);
            }
            while (await timer.WaitForNextTickAsync(cancellation) && !_subscriptions.IsEmpty);
        }
        catch (Exception e) when (e is WebSocketException or Ethereum.EthereumRpcException)
        {
            // whoever subscribed must notice that nothing comes any more
            socket.Abort();
        }
    }

    /// <summary>Blocks not told of yet, oldest first: back along the parents to one that was. At first only the newest is known, and not told.</summary>
    private async Task<List<JsonObject>> NewHeadsAsync(CancellationToken cancellation)
    {
        var heads = new List<JsonObject>();
        bool isFirst = _told.Count == 0;
        JsonObject? block = await BlockAsync("eth_getBlockByNumber", "latest", cancellation);
        while (block is not null && heads.Count < HeadsMax && !_told.Contains((string)block["hash"]!))
        {
            heads.Add(block);
            if (isFirst) break;
            block = await BlockAsync("eth_getBlockByHash", (string)block["parentHash"]!, cancellation);
        }

        heads.Reverse();
        _told.AddRange(heads.Select(head => (string)head["hash"]!));
        if (_told.Count > 2 * HeadsMax) _told.RemoveRange(0, _told.Count - (2 * HeadsMax));
        return isFirst ? [] : heads;
    }

    private async Task TellAsync(JsonObject head, CancellationToken cancellation)
    {
        JsonObject header = head.DeepClone().AsObject();
        foreach (string body in (string[])["transactions", "uncles", "withdrawals", "size"]) header.Remove(body);
        foreach ((string id, JsonObject? filter) in _subscriptions)
        {
            if (filter is null)
            {
                await NotifyAsync(id, header, cancellation);
                continue;
            }

            JsonObject named = filter.DeepClone().AsObject();
            named["blockHash"] = (string)head["hash"]!;
            named.Remove("fromBlock");
            named.Remove("toBlock");
            if (await AskAsync("eth_getLogs", new JsonArray(named), cancellation) is not JsonArray logs) continue;
            foreach (JsonNode? log in logs) await NotifyAsync(id, log!, cancellation);
        }
    }

    private async Task<JsonObject?> BlockAsync(string method, string name, CancellationToken cancellation) =>
        await AskAsync(method, new JsonArray(name, false), cancellation) as JsonObject;

    private async Task<JsonNode?> AskAsync(string method, JsonArray parameters, CancellationToken cancellation) =>
        (await answer(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 0, ["method"] = method, ["params"] = parameters }, cancellation))["result"];

    private Task NotifyAsync(string id, JsonNode result, CancellationToken cancellation) => SendAsync(
        JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["method"] = "eth_subscription",
            ["params"] = new JsonObject { ["subscription"] = id, ["result"] = result.DeepClone() },
        }),
        cancellation);

    /// <summary>A client that does not read is dropped: what it is to be told must not stay in memory.</summary>
    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(SendPatience);
        await _sending.WaitAsync(deadline.Token);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static JsonObject ResultOf(JsonObject call, JsonNode result) =>
        new() { ["jsonrpc"] = "2.0", ["id"] = call["id"]?.DeepClone(), ["result"] = result };

    private static string TextOf(JsonObject call, int place) =>
        call["params"] is JsonArray list && list.ElementAtOrDefault(place) is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    private readonly ConcurrentDictionary<(IRpcConnection, string), StreamCursor> _cursors = new();

    /// <summary>
    /// sharedseq_subscribe("namespaceBlocks", {namespace, from, window}): every block from a number on, in order, without gap; the cursor to resume at is
    /// the next number, at any operator. A subscriber has window blocks under way at most and says sharedseq_acknowledge(subscription, number).
    /// sharedseq_subscribe("health"): this node's health every second.
    /// </summary>
    private object? Subscribe(RpcCall call)
    {
        IRpcConnection connection = Connection(call);
        string kind = call.Text(0, "kind");
        if (kind == "health")
        {
            return connection.Subscribe(async (id, stop) =>
            {
                using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
                do await connection.NotifyAsync("sharedseq_subscription", new { subscription = id, result = HealthOf() }, stop);
                while (await timer.WaitForNextTickAsync(stop));
            });
        }

        if (kind != "namespaceBlocks") throw RpcCall.Bad("kind", "is namespaceBlocks or health");
        JsonElement options = call.Required(1, "options");
        if (options.ValueKind != JsonValueKind.Object) throw RpcCall.Bad("options", "is an object");
        var id = new NamespaceId(NumberOption(options, "namespace", null));
        if (node.Genesis.Find(id) is null) throw new RpcException(RpcError.UnknownNamespace, $"namespace {id} is not registered");
        NamespaceFeed feed = node.Feeds.Of(id);
        ulong from = NumberOption(options, "from", feed.Head + 1);
        int window = (int)ulong.Clamp(NumberOption(options, "window", StreamCursor.WindowDefault), 1, StreamCursor.WindowMax);
        CheckStart(feed, from);
        var cursor = new StreamCursor(from, window, TimeSpan.FromMilliseconds(node.Configuration.Rpc.StreamPausedMsMax));
        return connection.Subscribe((subscription, stop) => StreamAsync(connection, subscription, feed, cursor, stop));
    }

    private void CheckStart(NamespaceFeed feed, ulong from)
    {
        if (from == 0) throw RpcCall.Bad("from", "is a block number from 1 on");
        FeedRejection first = feed.TryRead(from, out StreamBlock? block);
        if (first == FeedRejection.Diverged) RefuseDiverged();
        if (from > feed.Head + 1)
            throw new RpcException(RpcError.BeyondHead, $"from {from} is beyond the head", new { head = feed.Head });
        if (first == FeedRejection.Pruned || block?.IsReadable() == false)
            throw new RpcException(RpcError.Pruned, $"block {from} is not kept here any more");
    }

    private async Task StreamAsync(IRpcConnection connection, string subscription, NamespaceFeed feed, StreamCursor cursor, CancellationToken stop)
    {
        _cursors[(connection, subscription)] = cursor;
        try
        {
            while (true)
            {
                if (!await cursor.WaitForRoomAsync(stop))
                {
                    string reason = string.Create(CultureInfo.InvariantCulture, $"nothing acknowledged for {node.Configuration.Rpc.StreamPausedMsMax} ms");
                    await connection.NotifyAsync(
                        "sharedseq_subscription", new { subscription, ended = "slow", resumeFrom = cursor.Acknowledged + 1, reason }, stop);
                    return;
                }

                await feed.WaitAsync(cursor.Next, stop);
                FeedRejection rejection = feed.TryRead(cursor.Next, out StreamBlock? block);
                if (block?.IsReadable() == false) rejection = FeedRejection.Pruned;
                if (rejection != FeedRejection.None)
                {
                    (string ended, string reason) = rejection == FeedRejection.Diverged
                        ? ("diverged", "this operator's results differ from the certified ones from here on")
                        : ("pruned", "not kept here any more");
                    await connection.NotifyAsync(
                        "sharedseq_subscription", new { subscription, ended, resumeFrom = cursor.Next, reason }, stop);
                    return;
                }

                await connection.NotifyAsync("sharedseq_subscription", new { subscription, result = new RawJson(block!.Encoded(StreamJson.Encode)) }, stop);
                cursor.Sent();
            }
        }
        finally
        {
            _cursors.TryRemove((connection, subscription), out _);
        }
    }

    /// <summary>sharedseq_acknowledge(subscription, number): everything up to this block is taken care of; the window moves on.</summary>
    private object Acknowledge(RpcCall call)
    {
        if (!_cursors.TryGetValue((Connection(call), call.Text(0, "subscription")), out StreamCursor? cursor))
            throw new RpcException(RpcError.NotFound, "no such subscription on this connection");
        cursor.Acknowledge(call.Number(1, "number"));
        return true;
    }

    private static ulong NumberOption(JsonElement options, string name, ulong? fallback)
    {
        if (options.TryGetProperty(name, out JsonElement value)) return RpcCall.NumberOf(value, name);
        return fallback ?? throw RpcCall.Bad(name, "is required");
    }
}

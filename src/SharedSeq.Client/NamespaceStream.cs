using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>One block of a followed namespace: its header fields checked to chain, its transactions checked to be the header's.</summary>
public sealed record FollowedBlock(NamespaceBlock Block, Hash32 Hash, IReadOnlyList<(TxId Id, ulong ValidUntil, byte[] Payload)> Transactions);

/// <summary>
/// Follows a namespace across operators: every block from a number on, once, in order, whoever dies meanwhile. What an operator sends is checked: each
/// block must follow the one before, and its transactions must be the ones its root commits to; an operator that sends something else is left.
/// </summary>
public sealed class NamespaceStream(NamespaceId ns, IReadOnlyList<Uri> operators)
{
    /// <summary>Bytes of one message: a namespace block at its largest as hex.</summary>
    private const int MessageBytesMax = 64 * 1024 * 1024;

    /// <summary>Yields blocks until cancelled, going on at another operator when one fails.</summary>
    public async IAsyncEnumerable<FollowedBlock> FollowAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Hash32? parent = null;
        ulong next = from;
        for (int at = 0; ; at++)
        {
            await using IAsyncEnumerator<FollowedBlock> source =
                FromOneAsync(operators[at % operators.Count], next, cancellation).GetAsyncEnumerator(cancellation);
            while (true)
            {
                FollowedBlock block;
                try
                {
                    if (!await source.MoveNextAsync()) break;
                    block = source.Current;
                    if (block.Block.Namespace != ns || block.Block.Number != next || (parent is { } hash && block.Block.ParentHash != hash)) break;
                }
                catch (Exception e) when (e is WebSocketException or HttpRequestException or DecodeException or JsonException or FormatException
                    or OperatorException or KeyNotFoundException or InvalidOperationException)
                {
                    break;
                }

                parent = block.Hash;
                next = block.Block.Number + 1;
                yield return block;
            }

            cancellation.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
    }

    private async IAsyncEnumerable<FollowedBlock> FromOneAsync(Uri rpc, ulong from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(rpc) { Scheme = rpc.Scheme == "https" ? "wss" : "ws" }.Uri, cancellation);
        object[] wanted = ["namespaceBlocks", new { @namespace = ns.Value, from }];
        await SendAsync(
            socket, new { jsonrpc = "2.0", id = 1, method = "sharedseq_subscribe", @params = wanted }, cancellation);
        string subscription = "";
        int call = 2;
        while (true)
        {
            using JsonDocument? message = await ReceiveAsync(socket, cancellation);
            if (message is null) yield break;
            JsonElement root = message.RootElement;
            if (root.TryGetProperty("error", out JsonElement error))
                throw new OperatorException(error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString() ?? "", null);
            if (root.TryGetProperty("result", out JsonElement answer))
            {
                if (answer.ValueKind == JsonValueKind.String) subscription = answer.GetString()!;
                continue;
            }

            JsonElement parameters = root.GetProperty("params");
            if (!parameters.TryGetProperty("result", out JsonElement result)) yield break;
            FollowedBlock block = Read(result);
            yield return block;
            object[] seen = [subscription, block.Block.Number];
            await SendAsync(
                socket, new { jsonrpc = "2.0", id = call++, method = "sharedseq_acknowledge", @params = seen }, cancellation);
        }
    }

    private static FollowedBlock Read(JsonElement result)
    {
        byte[] encoded = HexOf(result.GetProperty("encoded"));
        var reader = new CanonicalReader(encoded);
        NamespaceBlock block = NamespaceBlock.Read(ref reader);
        reader.End("namespace block");
        var transactions = new List<(TxId, ulong, byte[])>();
        foreach (JsonElement item in result.GetProperty("transactions").EnumerateArray())
        {
            byte[] payload = HexOf(item.GetProperty("data"));
            ulong validUntil = item.GetProperty("validUntil").GetUInt64();
            transactions.Add((SharedSeq.Consensus.BatchBody.IdOf(block.Namespace, validUntil, payload), validUntil, payload));
        }

        Hash32[] leaves = [.. transactions.Select(t => t.Item1.Value)];
        if ((uint)leaves.Length != block.Count || MerkleTree.RootOfLeafHashes(leaves) != block.TxRoot)
            DecodeException.Throw(DecodeRejection.Malformed, "the transactions are not the block's");
        return new FollowedBlock(block, block.Hash, transactions);
    }

    private static byte[] HexOf(JsonElement element) =>
        element.GetString() is { Length: >= 2 } text ? Convert.FromHexString(text.AsSpan(2)) : throw new FormatException("not 0x and hex");

    private static Task SendAsync(ClientWebSocket socket, object message, CancellationToken cancellation) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, cancellation);

    private static async Task<JsonDocument?> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length >= MessageBytesMax) throw new WebSocketException("a message above the limit");
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
            if (received.MessageType == WebSocketMessageType.Close) return null;
            length += received.Count;
            if (received.EndOfMessage) return JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, length));
        }
    }
}

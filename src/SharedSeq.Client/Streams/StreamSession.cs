using System.Net.WebSockets;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>
/// A subscription at one operator. Blocks that come are held until the operator has proved the newest of them: its proof covers all below, because
/// each names the hash of the one before. One reader at a time.
/// </summary>
internal sealed class StreamSession(NetworkDirectory network, NamespaceId ns, Uri rpc, TimeSpan silence) : IAsyncDisposable
{
    /// <summary>Bytes of one message: a namespace block at its largest as hex.</summary>
    private const int MessageBytesMax = 64 * 1024 * 1024;

    /// <summary>Blocks under way and held. 64: the server's default.</summary>
    private const int Window = 64;

    /// <summary>Milliseconds before a proof is asked for again. 25: certificates follow about 50 ms after a block.</summary>
    private const int AskAgainMs = 25;

    /// <summary>The server's codes for: starting or stopping, not there (yet), pruned, above the head, its own fault.</summary>
    private const int NotReady = -32002, NotFound = -32005, Pruned = -32006, BeyondHead = -32007, InternalError = -32603;

    private readonly ClientWebSocket _socket = new();
    private readonly List<FollowedBlock> _held = [];
    private MessageReader? _messages;
    private Task<bool>? _receiving;
    private string _subscription = "";
    private long _nextCall = 1;
    private long _subscribeCall;
    private long _proofCall;
    private long _askAt;
    private ulong _wantedProof;
    private ulong _given;
    private ulong _next;
    private Hash32? _parent;
    private StreamException? _ended;

    /// <summary>Waits for the next blocks that are proved, from <paramref name="next"/> on.</summary>
    /// <exception cref="StreamException">The operator is to be left; the reason says why.</exception>
    public async Task<IReadOnlyList<FollowedBlock>> ReadAsync(ulong next, Hash32? parent, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(silence);
        try
        {
            if (_messages is null) await OpenAsync(next, parent, deadline.Token);
            else if (_ended is null) await CallAsync("sharedseq_acknowledge", [_subscription, _given], deadline.Token);
            while (true)
            {
                if (_ended is not null && _held.Count == 0) throw _ended;
                if (await ReceiveAsync(deadline.Token) && await HandleAsync(deadline.Token) is { } proved) return proved;
                if (IsProofOwed && Environment.TickCount64 >= _askAt) await AskForProofAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StreamException(StreamFault.Silent, $"nothing proved for {silence.TotalSeconds} s");
        }
        catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException)
        {
            throw new StreamException(StreamFault.Unreachable, e.Message, e);
        }
        catch (Exception e) when (e is DecodeException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new StreamException(StreamFault.Malformed, e.Message, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        if (_receiving is Task receiving) await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
    }

    /// <summary>Blocks are held whose proof is not asked for at the moment.</summary>
    private bool IsProofOwed => _held.Count > 0 && _proofCall == 0;

    private async Task OpenAsync(ulong next, Hash32? parent, CancellationToken cancellation)
    {
        (_next, _parent) = (next, parent);
        await _socket.ConnectAsync(new UriBuilder(rpc) { Scheme = rpc.Scheme == "https" ? "wss" : "ws" }.Uri, cancellation);
        _messages = new MessageReader(_socket, MessageBytesMax, 16 * 1024);
        object[] wanted = ["namespaceBlocks", new { @namespace = ns.Value, from = next, window = Window }];
        _subscribeCall = await CallAsync("sharedseq_subscribe", wanted, cancellation);
    }

    private async Task AskForProofAsync(CancellationToken cancellation)
    {
        // The same block until it is proved: the newest one changes all the time, and is never certified yet.
        if (_wantedProof == 0) _wantedProof = _held[^1].Block.Number;
        _proofCall = await CallAsync("sharedseq_getProof", ["namespaceBlock", ns.Value, _wantedProof], cancellation);
    }

    private async Task<long> CallAsync(string method, object[] parameters, CancellationToken cancellation)
    {
        long id = _nextCall++;
        byte[] call = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id, method, @params = parameters });
        await _socket.SendAsync(call, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        return id;
    }

    /// <summary>Waits for a message, or, while blocks are held whose proof was not there yet, until it is time to ask again.</summary>
    /// <returns>Whether there is a message.</returns>
    private async Task<bool> ReceiveAsync(CancellationToken cancellation)
    {
        _receiving ??= _messages!.ReadAsync(CancellationToken.None).AsTask();
        int untilAsking = (int)long.Clamp(_askAt - Environment.TickCount64, 0, AskAgainMs);
        if (IsProofOwed) await Task.WhenAny(_receiving, Task.Delay(untilAsking, cancellation));
        else await _receiving.WaitAsync(cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (!_receiving.IsCompleted) return false;
        bool isMessage = await _receiving;
        _receiving = null;
        return isMessage ? true : throw new StreamException(StreamFault.Unreachable, "the operator closed the connection");
    }

    /// <summary>Takes in the message just read; the blocks it proves, if it proves any.</summary>
    private async Task<FollowedBlock[]?> HandleAsync(CancellationToken cancellation)
    {
        using JsonDocument document = JsonDocument.Parse(_messages!.Message);
        JsonElement root = document.RootElement;
        if (root.TryGetProperty("params", out JsonElement notification))
        {
            Hold(notification);
            return null;
        }

        long call = root.GetProperty("id").GetInt64();
        bool isError = root.TryGetProperty("error", out JsonElement error);
        if (call == _proofCall)
        {
            _proofCall = 0;
            if (!isError) return await ProveAsync(BytesOf(root.GetProperty("result").GetProperty("proof")), cancellation);
            if (error.GetProperty("code").GetInt32() is NotFound or BeyondHead)
            {
                _askAt = Environment.TickCount64 + AskAgainMs;
                return null;
            }
        }

        if (isError) throw Refusal(error);
        if (call == _subscribeCall) _subscription = root.GetProperty("result").GetString() ?? "";
        return null;
    }

    private void Hold(JsonElement notification)
    {
        if (notification.TryGetProperty("ended", out JsonElement ended))
        {
            string why = ended.GetString() ?? "";
            StreamFault fault = why switch { "pruned" => StreamFault.Pruned, "slow" => StreamFault.Unreachable, _ => StreamFault.Refused };

            // What was sent before may still be proved.
            _ended = new StreamException(fault, $"the subscription ended: {why}");
            return;
        }

        FollowedBlock block = Read(notification.GetProperty("result"));
        if (block.Block.Namespace != ns || block.Block.Number != _next || (_parent is { } hash && block.Block.ParentHash != hash))
            throw new StreamException(StreamFault.BrokenChain, $"block {block.Block.Number} does not follow block {_next - 1}");
        if (_held.Count == Window) throw new StreamException(StreamFault.Malformed, $"more than {Window} blocks under way");
        _held.Add(block);
        _next++;
        _parent = block.Hash;
    }

    /// <summary>Checks the proof asked for; what it covers is given on.</summary>
    private async Task<FollowedBlock[]> ProveAsync(byte[] file, CancellationToken cancellation)
    {
        (ProofVerdict verdict, Proof? proof) = await network.VerifyAsync(file, cancellation);
        if (!verdict.IsValid) throw new StreamException(StreamFault.BadProof, verdict.ToString());
        int count = (int)(_wantedProof - _held[0].Block.Number) + 1;
        if (proof is not NamespaceBlockProof certified || certified.Block.Hash != _held[count - 1].Hash)
            throw new StreamException(StreamFault.BadProof, $"block {_wantedProof} is not the one that is certified");
        FollowedBlock[] proved = [.. _held.Take(count)];
        _held.RemoveRange(0, count);
        _given = _wantedProof;
        _wantedProof = 0;
        return proved;
    }

    private static StreamException Refusal(JsonElement error)
    {
        int code = error.GetProperty("code").GetInt32();
        StreamFault fault = code switch
        {
            Pruned => StreamFault.Pruned,
            BeyondHead => StreamFault.Behind,
            NotReady or InternalError => StreamFault.Unreachable,
            _ => StreamFault.Refused,
        };
        return new StreamException(fault, error.GetProperty("message").GetString() ?? "");
    }

    /// <summary>Reads a block as subscribers get it; its transactions are checked against its root.</summary>
    internal static FollowedBlock Read(JsonElement result)
    {
        var reader = new CanonicalReader(BytesOf(result.GetProperty("encoded")));
        NamespaceBlock block = NamespaceBlock.Read(ref reader);
        reader.End("namespace block");
        var transactions = new List<(TxId, ulong, byte[])>();
        foreach (JsonElement item in result.GetProperty("transactions").EnumerateArray())
        {
            byte[] payload = BytesOf(item.GetProperty("data"));
            ulong validUntil = item.GetProperty("validUntil").GetUInt64();
            transactions.Add((BatchBody.IdOf(block.Namespace, validUntil, payload), validUntil, payload));
        }

        Hash32[] leaves = [.. transactions.Select(t => t.Item1.Value)];
        if ((uint)leaves.Length != block.Count || MerkleTree.RootOfLeafHashes(leaves) != block.TxRoot)
            DecodeException.Throw(DecodeRejection.Malformed, "the transactions are not the block's");
        return new FollowedBlock(block, block.Hash, transactions);
    }

    private static byte[] BytesOf(JsonElement element) =>
        element.GetString() is { Length: >= 2 } text ? Convert.FromHexString(text.AsSpan(2)) : throw new FormatException("not 0x and hex");
}

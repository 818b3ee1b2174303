using System.Numerics;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

internal sealed partial class RollupGateway
{
    /// <summary>
    /// Milliseconds a transaction waits for the one with the nonce before it, which may be on its way through another operator. 3,000. One ordered
    /// too early would be skipped for good, so what still has a gap is refused.
    /// </summary>
    private const int PredecessorWaitMs = 3_000;

    /// <summary>Code of refused transactions in Ethereum's clients.</summary>
    private const int ServerError = -32000;

    /// <summary>Committed blocks looked into for transactions not executed yet. 64: above it a wallet's count lags, nothing else.</summary>
    private const int UnexecutedBlocksMax = 64;

    private static RpcException Refused(string text) => new(ClientError(ServerError), text);

    /// <summary>Refuses, and counts, what admission would refuse as well, in Ethereum's words.</summary>
    private RpcException Refused(EvmRejection reason, string text)
    {
        _node.Admission.Count(Admission.ReasonOf(reason));
        return Refused(text);
    }

    private async Task<object?> SendRawTransactionAsync(RpcCall call)
    {
        byte[] raw = call.Bytes(0, "transaction");
        if (!EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out EvmRejection rejection))
            throw Refused(rejection, $"failed to decode signed transaction: {rejection}");
        CheckAlone(tx);
        await CheckAccountAsync(tx, call.Cancellation);
        switch (_rollup.Pending.TryAdd(tx))
        {
            case PendingVerdict.AlreadyKnown: throw Refused("already known");
            case PendingVerdict.Underpriced: throw Refused("replacement transaction underpriced");
            default: break;
        }

        try
        {
            AwaitedSubmission submission = await _methods.SubmitAsync(Policy.Id, raw, 0, call.Cancellation);
            await submission.Accepted.WaitAsync(TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs), call.Cancellation);
        }
        catch (TimeoutException)
        {
            throw new RpcException(
                RpcError.Timeout, $"not accepted within {NodeLimits.RpcWaitMs} ms; ask for its status later", new { hash = tx.Hash.ToString() });
        }
        catch (Exception e) when (e is RpcException or SubmissionException)
        {
            _rollup.Pending.Remove(tx.Hash);
            throw;
        }

        return tx.Hash.ToString();
    }

    /// <summary>What can be told from the transaction alone.</summary>
    private void CheckAlone(EvmTransaction tx)
    {
        EvmRejection chain = tx.CheckChain(Policy.EvmChainId);
        switch (chain)
        {
            case EvmRejection.None: break;
            case EvmRejection.NoChainId: throw Refused(chain, "only replay-protected (EIP-155) transactions allowed over RPC");
            default: throw Refused(chain, $"invalid chain id for signer: have {tx.ChainId} want {Policy.EvmChainId}");
        }

        if (Policy.GasCap != 0 && tx.GasLimit > Policy.GasCap) throw Refused("exceeds block gas limit");
        if (tx.GasLimit < 21_000) throw Refused($"intrinsic gas too low: gas {tx.GasLimit}, minimum needed 21000");
        if (tx.MaxPriorityFeePerGas > tx.MaxFeePerGas) throw Refused("max priority fee per gas higher than max fee per gas");
    }

    /// <summary>Nonce and funds as the newest executed block leaves them.</summary>
    private async Task CheckAccountAsync(EvmTransaction tx, CancellationToken cancellation)
    {
        string sender = tx.Sender.ToString();
        long deadline = Environment.TickCount64 + PredecessorWaitMs;
        while (true)
        {
            (BigInteger balance, ulong next) = await AccountAsync(sender, cancellation);
            if (tx.Nonce < next) throw Refused($"nonce too low: address {tx.Sender.ToChecksumString()}, tx: {tx.Nonce} state: {next}");
            if (balance < tx.MaxCost)
            {
                throw Refused(
                    $"insufficient funds for gas * price + value: address {tx.Sender.ToChecksumString()} have {balance} want {tx.MaxCost}");
            }

            if (tx.Nonce == next) return;
            ulong pending = After(WaitingNonces(tx.Sender), next);
            if (tx.Nonce <= pending) return;
            if (Environment.TickCount64 > deadline)
                throw Refused($"nonce too high: address {tx.Sender.ToChecksumString()}, tx: {tx.Nonce} state: {pending}");
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Balance and nonce in one exchange where the own client answers: every send asks for them.</summary>
    private async Task<(BigInteger Balance, ulong Nonce)> AccountAsync(string address, CancellationToken cancellation)
    {
        if (_rollup.Readable(out _) is { } client)
        {
            try
            {
                EthereumAnswer[] answers = await client.BatchAsync(
                    [new EthereumCall("eth_getBalance", address, "latest"), new EthereumCall("eth_getTransactionCount", address, "latest")],
                    cancellation);
                return (EthereumJson.ReadU256(answers[0].Value, "balance"), EthereumJson.ReadU64(answers[1].Value, "nonce"));
            }
            catch (Exception e) when (e is EthereumRpcException or ObjectDisposedException)
            {
                _rollup.CountClientFailure();
            }
        }

        return (EthereumJson.ReadU256(await ReadAsync("eth_getBalance", cancellation, address, "latest"), "balance"),
            EthereumJson.ReadU64(await ReadAsync("eth_getTransactionCount", cancellation, address, "latest"), "nonce"));
    }

    /// <summary>Nonces of a sender's transactions that are accepted here or committed and perhaps not executed.</summary>
    private SortedSet<ulong> WaitingNonces(EvmAddress sender)
    {
        var waiting = new SortedSet<ulong>(_rollup.Pending.NoncesOf(sender));
        foreach (EvmTransaction tx in Unexecuted())
        {
            if (tx.Sender == sender) waiting.Add(tx.Nonce);
        }

        return waiting;
    }

    /// <summary>The nonce behind those that wait, from the executed one on without gap.</summary>
    private static ulong After(SortedSet<ulong> waiting, ulong next)
    {
        while (waiting.Contains(next)) next++;
        return next;
    }

    /// <summary>Transactions of committed blocks that the own client has still to execute. None of them, on a node that keeps up.</summary>
    private IEnumerable<EvmTransaction> Unexecuted()
    {
        ulong settled = _rollup.Settled;
        ulong head = _rollup.Feed.Head;
        if (head <= settled || head - settled > UnexecutedBlocksMax) yield break;
        for (ulong number = settled + 1; number <= head; number++)
        {
            if (_rollup.Feed.TryRead(number, out StreamBlock? block) != FeedRejection.None) continue;
            foreach (StreamTransaction item in block!.Transactions)
            {
                if (EvmTransaction.TryDecode(item.Payload, out EvmTransaction? tx, out _)) yield return tx;
            }
        }
    }

    private async Task<object?> TransactionCountAsync(RpcCall call, bool mayForward)
    {
        bool isPending = call.Optional(1) is { ValueKind: JsonValueKind.String } tag && tag.ValueEquals("pending");
        if (!isPending) return await ReadAsync(call.Method, ParametersOf(call), mayForward, call.Cancellation);
        if (!EvmAddress.TryParse(call.Text(0, "address"), out EvmAddress sender)) throw RpcCall.Bad("address", "is 0x and 40 hex digits");

        // Before the client is asked: what is executed in between is then in its answer, and not in neither.
        SortedSet<ulong> waiting = WaitingNonces(sender);
        JsonElement latest = await ReadAsync(
            call.Method, JsonSerializer.SerializeToElement((string[])[sender.ToString(), "latest"]), mayForward, call.Cancellation);
        return EthereumJson.Quantity(After(waiting, EthereumJson.ReadU64(latest, "nonce")));
    }

    /// <summary>Executed: as the client tells it. Accepted or committed: with null for block and index. Skipped or unknown: null.</summary>
    private async Task<object?> TransactionByHashAsync(RpcCall call, bool mayForward)
    {
        Hash32 hash = call.Hash(0, "hash");
        JsonElement known = await ReadAsync(call.Method, ParametersOf(call), mayForward, call.Cancellation);
        if (IsInBlock(known)) return known;

        // Another operator that was asked may not know yet what is executed here.
        if (_node.Ledger.FindTransaction(hash) is not { } place || place.Namespace != Policy.Id)
            return _rollup.Pending.Find(hash) is { } pending ? WaitingJson(pending) : known;

        // Its block is executed and the client does not know it: it was skipped.
        if (_node.Ledger.GetExecution(place.Namespace, place.Number) is not null) return null;
        using BodyLease batch = _node.Batches.Borrow(place.Batch);
        byte[] payload = batch.Body.PayloadOf(place.Index).ToArray();
        return EvmTransaction.TryDecode(payload, out EvmTransaction? tx, out _) ? WaitingJson(tx) : null;
    }

    private static bool IsInBlock(JsonElement transaction) =>
        transaction.ValueKind == JsonValueKind.Object
        && transaction.TryGetProperty("blockHash", out JsonElement hash) && hash.ValueKind == JsonValueKind.String;

    private static Dictionary<string, object?> WaitingJson(EvmTransaction tx)
    {
        var json = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["hash"] = tx.Hash.ToString(),
            ["type"] = EthereumJson.Quantity((ulong)tx.Type),
            ["chainId"] = tx.ChainId is { } id ? EthereumJson.Quantity(id) : null,
            ["from"] = tx.Sender.ToString(),
            ["to"] = tx.To?.ToString(),
            ["nonce"] = EthereumJson.Quantity(tx.Nonce),
            ["value"] = EthereumJson.Quantity(tx.Value),
            ["gas"] = EthereumJson.Quantity(tx.GasLimit),
            ["gasPrice"] = EthereumJson.Quantity(tx.MaxFeePerGas),
            ["input"] = EthereumJson.Bytes(tx.Data.Span),
            ["blockHash"] = null,
            ["blockNumber"] = null,
            ["transactionIndex"] = null,
        };
        if (tx.Type is not (EvmTransactionType.DynamicFee or EvmTransactionType.SetCode)) return json;
        json["maxFeePerGas"] = EthereumJson.Quantity(tx.MaxFeePerGas);
        json["maxPriorityFeePerGas"] = EthereumJson.Quantity(tx.MaxPriorityFeePerGas);
        return json;
    }
}

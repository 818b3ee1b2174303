using System.Numerics;
using System.Text.Json;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>The calls by which a dev chain is driven, with refusals told from faults.</summary>
internal sealed class AnvilCalls(EthereumRpcClient client)
{
    // EIP-1474 and anvil: invalid input, invalid parameters (undecodable), transaction rejected. Equal on every
    // instance for equal input.
    private static readonly int[] RefusalCodes = [-32000, -32602, -32003];

    /// <summary>EIP-2935's contract of past block hashes.</summary>
    private static readonly EvmAddress HistoryContract = EvmAddress.Parse("0x0000f90827f1c53a10cb7a02335b175320002935");

    /// <summary>Reads of senders that are under way at once: the client answers them on several threads.</summary>
    private const int ReadsAtOnce = 4;

    /// <summary>
    /// The newest block, with the pool emptied: nothing a stranger or an earlier attempt left there may enter a block.
    /// </summary>
    public async Task<EthereumBlock> HeadWithEmptyPoolAsync(CancellationToken cancellation)
    {
        EthereumAnswer[] answers = await client.BatchAsync(
            [EthereumBlock.Latest, new EthereumCall("anvil_dropAllTransactions")], cancellation);
        _ = answers[1].Value;
        return EthereumBlock.Read(answers[0].Value) ?? throw Invalid("there is no latest block");
    }

    public Task DropPoolAsync(CancellationToken cancellation) =>
        client.CallAsync(new EthereumCall("anvil_dropAllTransactions"), cancellation);

    /// <summary>
    /// Takes the newest blocks back and empties the pool. The base fee of the next block has to be set afterwards:
    /// anvil takes back the state, but not that.
    /// </summary>
    public async Task RollBackAsync(ulong blocks, CancellationToken cancellation)
    {
        await client.CallAsync(new EthereumCall("anvil_rollback", blocks), cancellation);
        await DropPoolAsync(cancellation);
    }

    /// <summary>
    /// Removes EIP-2935's contract before the first block. It gains a slot with each block and anvil hashes its whole
    /// state anew for each: after 8,000 empty blocks one costs 10 ms instead of 0.3 ms. The BLOCKHASH instruction does
    /// not need it.
    /// </summary>
    public Task RemoveHistoryContractAsync(CancellationToken cancellation) =>
        client.CallAsync(new EthereumCall("anvil_setCode", HistoryContract.ToString(), "0x"), cancellation);

    public Task SetNextBaseFeeAsync(BigInteger baseFee, CancellationToken cancellation) =>
        client.CallAsync(
            new EthereumCall("anvil_setNextBlockBaseFeePerGas", EthereumJson.Quantity(baseFee)), cancellation);

    /// <summary>Mines one block of what the pool holds.</summary>
    public Task MineAsync(ulong timestampSeconds, CancellationToken cancellation) =>
        client.CallAsync(new EthereumCall("evm_mine", timestampSeconds), cancellation);

    /// <summary>Hands transactions to the pool in order and returns the indexes of those it refused.</summary>
    /// <param name="transactions">The block's transactions.</param>
    /// <param name="indexes">Which of them.</param>
    /// <param name="oneByOne">Whether to wait for each before the next.</param>
    /// <param name="cancellation">Gives up waiting; some may be in the pool.</param>
    public async Task<List<int>> SubmitAsync(
        IReadOnlyList<EvmTransaction?> transactions, IReadOnlyList<int> indexes, bool oneByOne,
        CancellationToken cancellation)
    {
        EthereumCall[] calls =
        [
            .. indexes.Select(
                i => new EthereumCall("eth_sendRawTransaction", EthereumJson.Bytes(transactions[i]!.Raw.Span))),
        ];
        var answers = new List<EthereumAnswer>(calls.Length);
        if (oneByOne)
        {
            foreach (EthereumCall call in calls) answers.AddRange(await client.BatchAsync([call], cancellation));
        }
        else
        {
            answers.AddRange(await client.BatchAsync(calls, cancellation));
        }

        var refused = new List<int>();
        for (int i = 0; i < answers.Count; i++)
        {
            if (answers[i].Error is { } error)
            {
                if (!RefusalCodes.Contains(error.Code))
                    throw Invalid($"a transaction is answered by {error.Code} {error.Message}");
                refused.Add(indexes[i]);
            }
            else if (EthereumJson.ReadHash(answers[i].Result, "transaction hash") != transactions[indexes[i]]!.Hash)
            {
                throw new AdapterException(AdapterRejection.Divergence, "the client hashes a transaction differently");
            }
        }

        return refused;
    }

    /// <summary>Nonces and balances of accounts at a block.</summary>
    /// <exception cref="AdapterException">The client does not hold the block's state any more.</exception>
    public async Task<Dictionary<EvmAddress, EvmAccount>> AccountsAsync(
        IReadOnlyList<EvmAddress> addresses, ulong blockNumber, CancellationToken cancellation)
    {
        string block = EthereumJson.Quantity(blockNumber);
        var accounts = new Dictionary<EvmAddress, EvmAccount>(addresses.Count);
        var limit = new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(addresses.Chunk(12), limit, async (chunk, token) =>
        {
            EthereumCall[] calls =
            [
                .. chunk.SelectMany(address => new[]
                {
                    new EthereumCall("eth_getTransactionCount", address.ToString(), block),
                    new EthereumCall("eth_getBalance", address.ToString(), block),
                }),
            ];
            EthereumAnswer[] answers = await client.BatchAsync(calls, token);
            lock (accounts)
            {
                for (int i = 0; i < chunk.Length; i++)
                {
                    accounts[chunk[i]] = new EvmAccount(
                        EthereumJson.ReadU64(StateOf(answers[2 * i], blockNumber), "nonce"),
                        EthereumJson.ReadU256(StateOf(answers[(2 * i) + 1], blockNumber), "balance"));
                }
            }
        });
        return accounts;
    }

    public async Task<bool> HasCodeAsync(EvmAddress address, ulong blockNumber, CancellationToken cancellation) =>
        (await client.CodeAsync(address, EthereumJson.Quantity(blockNumber), cancellation)).Length > 0;

    private static JsonElement StateOf(EthereumAnswer answer, ulong blockNumber) => answer.Error is null
        ? answer.Result
        : throw new AdapterException(
            AdapterRejection.UnknownBlock, $"no state of block {blockNumber}: {answer.Error.Message}");

    private static AdapterException Invalid(string what) => new(AdapterRejection.ClientInvalid, what);
}

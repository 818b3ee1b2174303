using System.Numerics;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>
/// Builds one namespace block on a dev chain: plan, hand over, mine, read back, compare. The plan says what is certain;
/// what only running the block can tell (a sender paid within the block) is left to the client. When leaving out what
/// it left out would have changed the choice before it, the block is taken back and built again with that known; each
/// round fixes at least one more transaction.
/// </summary>
internal sealed class BlockBuild
{
    /// <summary>
    /// Rounds before funds that are not certain count as missing. Default 16: real traffic needs one, and a block made
    /// to need more must not stop its rollup. The rule is the same on every operator.
    /// </summary>
    public const int RoundsBeforeStrict = 16;

    private readonly AnvilCalls _calls;
    private readonly EthereumBlock _parent;
    private readonly AdapterBlock _block;
    private readonly BlockPlanner _planner;
    private readonly BigInteger _baseFee;
    private readonly SortedSet<int> _leftOut = [];
    private readonly HashSet<int> _refused = [];
    private bool _oneByOne;

    public BlockBuild(
        AnvilCalls calls, EthereumBlock parent, AdapterBlock block, EvmTransaction?[] transactions,
        IReadOnlyDictionary<EvmAddress, EvmAccount> senders, ulong chainId)
    {
        _calls = calls;
        _parent = parent;
        _block = block;
        _baseFee = parent.NextBaseFeePerGas();
        _planner = new BlockPlanner(transactions, senders, chainId, _baseFee, parent.GasLimit);
    }

    /// <summary>Builds the block on the parent, which is the client's head with an empty pool.</summary>
    /// <param name="read">Reads the block with the given number back.</param>
    /// <param name="cancellation">Gives up waiting; a later call finds out how far it came.</param>
    public async Task<ExecutionOutcome> RunAsync(
        Func<ulong, CancellationToken, Task<EthereumBlock?>> read, CancellationToken cancellation)
    {
        for (int round = 0; ; round++)
        {
            Invariant.Check(
                round <= _planner.Transactions.Count + RoundsBeforeStrict, "each round fixes one more transaction");
            bool isStrict = round >= RoundsBeforeStrict;
            BlockPlan plan = _planner.Plan(_leftOut, isStrict);
            List<int> refused = await _calls.SubmitAsync(_planner.Transactions, plan.Accepted, _oneByOne, cancellation);
            if (refused.Count > 0)
            {
                _refused.UnionWith(refused);
                _leftOut.UnionWith(refused);
                BlockPlan without = _planner.Plan(_leftOut, isStrict);
                bool isSubmitted = !without.Accepted.Except(plan.Accepted).Any();
                plan = without;
                if (!isSubmitted)
                {
                    await _calls.DropPoolAsync(cancellation);
                    continue;
                }
            }

            await _calls.MineAsync(_block.TimestampSeconds, cancellation);
            EthereumBlock built = await read(_block.Number, cancellation)
                ?? throw Divergence("the block just mined is not there");
            CheckHeader(built);
            if (ListOf(built) is not { } list)
            {
                await TakeBackDisorderAsync(cancellation);
                continue;
            }

            if (await SettleAsync(plan, list, isStrict, cancellation) is { } settled) return OutcomeOf(built, settled);
        }
    }

    /// <summary>
    /// Tells the outcome of a block that was built to its end before. What the block left out is taken as the client's
    /// decision, so the caller must know that it was no attempt that was cut off.
    /// </summary>
    public ExecutionOutcome Retell(EthereumBlock built)
    {
        CheckHeader(built);
        List<int> list = ListOf(built) ?? throw Divergence("the client's block has another order");
        _leftOut.UnionWith(Enumerable.Range(0, _planner.Transactions.Count).Except(list));
        BlockPlan plan = _planner.Plan(_leftOut);
        if (!plan.Accepted.SequenceEqual(list))
            throw Divergence("the client's block holds transactions that are invalid");
        return OutcomeOf(built, plan);
    }

    /// <summary>
    /// Compares what was built with what was planned: the plan that explains it, or null when it was taken back to be
    /// built again.
    /// </summary>
    private async Task<BlockPlan?> SettleAsync(
        BlockPlan plan, List<int> list, bool isStrict, CancellationToken cancellation)
    {
        if (plan.Accepted.SequenceEqual(list)) return plan;
        List<int> dropped = [.. plan.Accepted.Except(list)];
        BlockPlan explained = _planner.Plan(new HashSet<int>(_leftOut.Concat(dropped)), isStrict);
        if (explained.Accepted.SequenceEqual(list))
        {
            await CheckDroppedAsync(explained, cancellation);
            await _calls.DropPoolAsync(cancellation);
            return explained;
        }

        // What was dropped before the first difference was dropped in the right state: that much is known for the next
        // round.
        int first = explained.Accepted.Except(list).Concat(list.Except(explained.Accepted)).Min();
        List<int> certain = [.. dropped.Where(i => i < first)];
        _leftOut.UnionWith(certain.Count > 0 ? certain : dropped);
        await TakeBackAsync(cancellation);
        return null;
    }

    /// <summary>
    /// A transaction that the pool took, whose funds and nonce are in order and which is yet not in the block, is only
    /// explained by code at its sender (EIP-7702: then others may have spent its funds or moved its nonce).
    /// </summary>
    private async Task CheckDroppedAsync(BlockPlan plan, CancellationToken cancellation)
    {
        foreach (SkippedTransaction item in plan.Skipped)
        {
            if (item.Reason != SkipReason.RefusedByClient || _refused.Contains(item.Index)) continue;
            bool setsCode = plan.Accepted.TakeWhile(i => i < item.Index)
                .Any(i => _planner.Transactions[i]!.Type == EvmTransactionType.SetCode);
            if (setsCode) continue;
            EvmTransaction tx = _planner.Transactions[item.Index]!;
            if (!await _calls.HasCodeAsync(tx.Sender, _parent.Number, cancellation))
                throw Divergence($"valid transaction {tx.Hash} is not in the block");
        }
    }

    /// <summary>
    /// Batches keep their order as far as was seen; if one did not, the block is built once more with single calls.
    /// </summary>
    private async Task TakeBackDisorderAsync(CancellationToken cancellation)
    {
        if (_oneByOne) throw Divergence("the client's block has another order");
        _oneByOne = true;
        await TakeBackAsync(cancellation);
    }

    private async Task TakeBackAsync(CancellationToken cancellation)
    {
        await _calls.RollBackAsync(1, cancellation);
        await _calls.SetNextBaseFeeAsync(_baseFee, cancellation);
    }

    private void CheckHeader(EthereumBlock built)
    {
        if (built.Number != _block.Number || built.ParentHash != _parent.Hash)
            throw Divergence("the client's block is not on its parent");
        if (built.TimestampSeconds != _block.TimestampSeconds) throw Divergence("the client's block has another time");
        if (built.GasLimit != _parent.GasLimit || built.BaseFeePerGas != _baseFee)
            throw Divergence("the client's block has another gas limit or base fee");
    }

    /// <summary>
    /// The block's transactions as indexes in the namespace block; null when they are not in its order.
    /// </summary>
    private List<int>? ListOf(EthereumBlock built)
    {
        var list = new List<int>(built.TransactionHashes.Count);
        var places = new Dictionary<Hash32, int>();
        for (int i = 0; i < _planner.Transactions.Count; i++)
        {
            if (_planner.Transactions[i] is { } tx) places.TryAdd(tx.Hash, i);
        }

        bool isOrdered = true;
        foreach (Hash32 hash in built.TransactionHashes)
        {
            if (!places.TryGetValue(hash, out int index))
                throw Divergence($"the client's block holds {hash}, which is not in the order");
            isOrdered &= list.Count == 0 || list[^1] < index;
            list.Add(index);
        }

        return isOrdered ? list : null;
    }

    private ExecutionOutcome OutcomeOf(EthereumBlock built, BlockPlan plan) =>
        new(_block.Namespace, _block.Number, built.Hash, built.StateRoot, plan.Skipped);

    private AdapterException Divergence(string what) =>
        new(AdapterRejection.Divergence, $"block {_block.Number}: {what}");
}

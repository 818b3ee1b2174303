using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>Nonce and balance (wei) of an account.</summary>
internal readonly record struct EvmAccount(ulong Nonce, BigInteger Balance);

/// <summary>A choice of transactions for a block.</summary>
/// <param name="Accepted">Indexes in the block, ascending.</param>
/// <param name="Skipped">All others, ascending, with their reasons.</param>
internal sealed record BlockPlan(IReadOnlyList<int> Accepted, IReadOnlyList<SkippedTransaction> Skipped);

/// <summary>
/// Applies the skip rule as far as it can be told without running anything. Pure: what it says depends on the block,
/// its parent and the transactions named as left out by the client, so every operator gets the same and a block can be
/// told again after a restart.
/// </summary>
/// <param name="transactions">The block's transactions; null where undecodable.</param>
/// <param name="senders">Their senders as the parent block left them.</param>
/// <param name="chainId">The rollup's chain id.</param>
/// <param name="baseFee">The block's base fee, wei.</param>
/// <param name="gasLimit">The block's gas limit.</param>
internal sealed class BlockPlanner(
    IReadOnlyList<EvmTransaction?> transactions, IReadOnlyDictionary<EvmAddress, EvmAccount> senders, ulong chainId,
    BigInteger baseFee,
    ulong gasLimit)
{
    public IReadOnlyList<EvmTransaction?> Transactions => transactions;

    /// <summary>
    /// Chooses. Funds are counted down by the most that each accepted transaction can cost, so a sender that had enough
    /// is certain to have it; one that has not may have got it within the block, and is accepted for the client to
    /// decide.
    /// </summary>
    /// <param name="leftOut">Transactions known to be left out by the client at their place in this order.</param>
    /// <param name="isStrict">Whether to skip where funds are not certain instead of asking the client.</param>
    public BlockPlan Plan(IReadOnlySet<int> leftOut, bool isStrict = false)
    {
        var accepted = new List<int>(transactions.Count);
        var skipped = new List<SkippedTransaction>();
        var accounts = new Dictionary<EvmAddress, EvmAccount>(senders);
        ulong gas = 0;
        for (int i = 0; i < transactions.Count; i++)
        {
            SkipReason? reason = Check(transactions[i], accounts, gas, leftOut.Contains(i), isStrict);
            if (reason is { } known)
            {
                skipped.Add(new SkippedTransaction(i, known));
                continue;
            }

            EvmTransaction tx = transactions[i]!;
            EvmAccount sender = accounts[tx.Sender];
            accounts[tx.Sender] = new EvmAccount(sender.Nonce + 1, sender.Balance - tx.MaxCost);
            gas += tx.GasLimit;
            accepted.Add(i);
        }

        return new BlockPlan(accepted, skipped);
    }

    private SkipReason? Check(
        EvmTransaction? tx, Dictionary<EvmAddress, EvmAccount> accounts, ulong gasBefore, bool isLeftOut, bool isStrict)
    {
        if (tx is null) return SkipReason.Undecodable;
        if (tx.ChainId is { } named && named != chainId) return SkipReason.WrongChainId;
        if (tx.GasLimit > gasLimit) return SkipReason.GasLimitAboveBlock;
        if (tx.MaxFeePerGas < baseFee) return SkipReason.FeeBelowBaseFee;
        EvmAccount sender = accounts[tx.Sender];
        if (tx.Nonce < sender.Nonce) return SkipReason.NonceTooLow;
        if (tx.Nonce > sender.Nonce) return SkipReason.NonceTooHigh;
        if (tx.GasLimit > gasLimit - gasBefore) return SkipReason.BlockGasExhausted;
        bool isFunded = tx.MaxCost <= sender.Balance;
        if (isLeftOut) return isFunded ? SkipReason.RefusedByClient : SkipReason.InsufficientFunds;
        return isStrict && !isFunded ? SkipReason.InsufficientFunds : null;
    }
}

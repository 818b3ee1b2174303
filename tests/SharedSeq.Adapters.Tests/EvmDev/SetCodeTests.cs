using System.Numerics;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;
using static SharedSeq.Adapters.Tests.EvmDev.Rollup;

namespace SharedSeq.Adapters.Tests.EvmDev;

/// <summary>
/// EIP-7702: accounts whose nonce and funds others can move, which no look at the parent block foresees.
/// </summary>
public sealed class SetCodeTests
{
    [Fact]
    public async Task A_nonce_used_up_by_an_authorization_is_skipped_and_the_next_one_runs_in_the_next_block()
    {
        await using Rollup rollup = await StartAsync();
        byte[] authorizes = SetCode(Wallet(0), 0, Wallet(1), 0, Somebody);

        ExecutionOutcome outcome = await rollup.ExecuteAsync(
            authorizes, Transfer(Wallet(1), 0), Transfer(Wallet(1), 1));

        Assert.Equal(
            [new SkippedTransaction(1, SkipReason.RefusedByClient), new SkippedTransaction(2, SkipReason.NonceTooHigh)],
            outcome.Skipped);
        Assert.Empty((await rollup.ExecuteAsync(Transfer(Wallet(1), 1))).Skipped);
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task A_sender_whose_code_gives_its_funds_away_in_the_block_is_skipped()
    {
        await using Rollup rollup = await StartAsync();
        // Pays its whole balance to whoever calls.
        byte[] givesAway = Convert.FromHexString("685F5F5F5F47335AF1005F5260096017F3");
        byte[] deploys = Transfer(
            Wallet(0), 0, r => r with { To = null, Value = 0, Data = givesAway, GasLimit = 200_000 });
        await rollup.ExecuteAsync(deploys);
        EvmAddress code = (await rollup.Client.ReceiptAsync(Keccak256.Of(deploys)))!.Created!.Value;
        await rollup.ExecuteAsync(SetCode(Wallet(0), 1, Wallet(1), 0, code));
        byte[] call = Transfer(Wallet(2), 0, r => r with { To = Wallet(1).Address, Value = 0, GasLimit = 200_000 });

        ExecutionOutcome outcome = await rollup.ExecuteAsync(call, Transfer(Wallet(1), 1), Transfer(Wallet(3), 0));

        Assert.Equal([new SkippedTransaction(1, SkipReason.RefusedByClient)], outcome.Skipped);
        Assert.Equal(BigInteger.Zero, await rollup.Client.BalanceAsync(Wallet(1).Address));
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    /// <summary>
    /// A transaction of <paramref name="sender"/> that sets the code of <paramref name="authority"/> to that of a
    /// contract.
    /// </summary>
    private static byte[] SetCode(
        EvmWallet sender, ulong nonce, EvmWallet authority, ulong authorityNonce, EvmAddress code)
    {
        RlpWriter authorization = new RlpWriter().Number(Rollup.ChainId).Address(code).Number(authorityNonce);
        Sign(authorization, authority, new RlpWriter().Raw([5]).List(authorization));
        RlpWriter items = new RlpWriter().Number(Rollup.ChainId).Number(nonce).Number(1_000_000_000)
            .Number(100_000_000_000).Number(200_000).Address(Somebody).Number(0).Bytes([]).List(new RlpWriter())
            .List(new RlpWriter().List(authorization));
        Sign(items, sender, new RlpWriter().Raw([4]).List(items));
        return new RlpWriter().Raw([4]).List(items).ToArray();
    }

    private static void Sign(RlpWriter items, EvmWallet signer, RlpWriter text)
    {
        EvmSignature signature = Secp256k1.Sign(
            Keccak256.Of(text.Written), Convert.FromHexString(signer.ExportSecret().AsSpan(2)));
        items.Number(signature.Parity).Word(signature.R).Word(signature.S);
    }
}

using System.Numerics;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;
using static SharedSeq.Adapters.Tests.EvmDev.Rollup;

namespace SharedSeq.Adapters.Tests.EvmDev;

/// <summary>What blocks become on a real anvil.</summary>
public sealed class EvmDevAdapterTests
{
    [Fact]
    public async Task Transactions_of_a_block_are_executed_in_order_and_the_outcome_is_the_clients_block()
    {
        await using Rollup rollup = await StartAsync();
        byte[][] transactions =
        [
            Transfer(Wallet(3), 0, r => r with { Value = Ether }), Transfer(Wallet(1), 0), Transfer(Wallet(1), 1),
            Transfer(Wallet(0), 0),
            Wallet(2).SignLegacy(
                new EvmTransactionRequest { ChainId = Rollup.ChainId, Nonce = 0, To = Somebody, Value = 5 }),
        ];

        ExecutionOutcome outcome = await rollup.ExecuteAsync(transactions);

        EthereumBlock block = (await rollup.Client.BlockAsync(1))!;
        Assert.Equal((1UL, block.Hash, block.StateRoot), (outcome.Number, outcome.Hash, outcome.StateRoot));
        Assert.Empty(outcome.Skipped);
        Assert.Equal(transactions.Select(tx => Keccak256.Of(tx)), block.TransactionHashes);
        Assert.Equal(Ether + 1 + 1 + 1 + 5, await rollup.Client.BalanceAsync(Somebody));
        EthereumReceipt receipt = (await rollup.Client.ReceiptAsync(Keccak256.Of(transactions[2])))!;
        Assert.Equal(
            (1UL, 2, true, 21_000UL), (receipt.BlockNumber, receipt.Index, receipt.HasSucceeded, receipt.GasUsed));
        Assert.Equal(block.Hash, (await rollup.Client.TransactionAsync(receipt.TransactionHash))!.BlockHash);
        AdapterHead head = await rollup.Adapter.HeadAsync(rollup.Session);
        Assert.Equal(new AdapterHead(1, block.Hash), head);
    }

    [Fact]
    public async Task Empty_blocks_keep_numbers_and_whole_seconds()
    {
        await using Rollup rollup = await StartAsync();
        for (int i = 0; i < 12; i++) await rollup.ExecuteAsync();
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        for (ulong number = 1; number <= 13; number++)
        {
            EthereumBlock block = (await rollup.Client.BlockAsync(number))!;
            Assert.Equal(rollup.Outcomes[(int)number - 1].Hash, block.Hash);
            Assert.Equal(GenesisSeconds + (number / 5), block.TimestampSeconds);
            Assert.Equal(number == 13 ? 1 : 0, block.TransactionHashes.Count);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task An_invalid_transaction_first_in_the_middle_or_last_is_skipped_with_its_reason(int place)
    {
        await using Rollup rollup = await StartAsync();
        await rollup.ExecuteAsync(Transfer(Wallet(4), 0));
        ulong nonce = 0;
        foreach ((byte[] invalid, SkipReason reason) in Invalid())
        {
            List<byte[]> transactions = [.. Enumerable.Range(0, 4).Select(i => Transfer(Wallet(i), nonce))];
            transactions.Insert(place, invalid);

            ExecutionOutcome outcome = await rollup.ExecuteAsync([.. transactions]);

            Assert.Equal([new SkippedTransaction(place, reason)], outcome.Skipped);
            Assert.Equal(4, (await rollup.Client.BlockAsync(outcome.Number))!.TransactionHashes.Count);
            nonce++;
        }

        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task A_block_of_invalid_transactions_only_is_an_empty_block()
    {
        await using Rollup rollup = await StartAsync();
        await rollup.ExecuteAsync(Transfer(Wallet(4), 0));
        (byte[] Raw, SkipReason Reason)[] invalid = [.. Invalid()];
        ExecutionOutcome outcome = await rollup.ExecuteAsync([.. invalid.Select(item => item.Raw)]);
        Assert.Equal(invalid.Select((item, i) => new SkippedTransaction(i, item.Reason)), outcome.Skipped);
        Assert.Empty((await rollup.Client.BlockAsync(2))!.TransactionHashes);
    }

    [Fact]
    public async Task Of_two_transactions_with_one_nonce_the_first_is_executed_even_if_the_second_pays_more()
    {
        await using Rollup rollup = await StartAsync();
        byte[] first = Transfer(Wallet(0), 0);
        byte[] bumped = Transfer(Wallet(0), 0, r => r with
        {
            MaxFeePerGas = r.MaxFeePerGas * 2,
            MaxPriorityFeePerGas = r.MaxPriorityFeePerGas * 2,
        });

        ExecutionOutcome outcome = await rollup.ExecuteAsync(first, bumped, first, Transfer(Wallet(0), 1));

        Assert.Equal(
            [new SkippedTransaction(1, SkipReason.NonceTooLow), new SkippedTransaction(2, SkipReason.NonceTooLow)],
            outcome.Skipped);
        Assert.Equal(Keccak256.Of(first), (await rollup.Client.BlockAsync(1))!.TransactionHashes[0]);
    }

    [Fact]
    public async Task A_sender_that_is_paid_within_the_block_may_spend_in_it_and_no_more()
    {
        await using Rollup rollup = await StartAsync();
        EvmWallet paid = Poor("paid within the block");
        byte[] all = Transfer(paid, 1, r => r with { Value = 2 * Ether });

        ExecutionOutcome outcome = await rollup.ExecuteAsync(
            Transfer(paid, 0), Transfer(Wallet(0), 0, r => r with { To = paid.Address, Value = Ether }),
            Transfer(paid, 0, r => r with { Value = 2 }), all, Transfer(paid, 2));

        Assert.Equal(
            [
                new SkippedTransaction(0, SkipReason.InsufficientFunds),
                new SkippedTransaction(3, SkipReason.InsufficientFunds),
                new SkippedTransaction(4, SkipReason.NonceTooHigh),
            ],
            outcome.Skipped);
    }

    [Fact]
    public async Task A_second_try_after_one_skipped_for_its_funds_is_executed_and_nothing_of_the_first_stays()
    {
        await using Rollup rollup = await StartAsync();
        await using Rollup plain = await StartAsync();
        EvmWallet poor = Poor("two tries with one nonce");
        byte[] funding = Transfer(Wallet(0), 0, r => r with { To = poor.Address, Value = Ether });
        byte[] tooMuch = Transfer(poor, 0, r => r with { Value = 5 * Ether });
        byte[] affordable = Transfer(poor, 0), next = Transfer(poor, 1), other = Transfer(Wallet(1), 0);

        ExecutionOutcome outcome = await rollup.ExecuteAsync(funding, tooMuch, affordable, other, next);
        ExecutionOutcome without = await plain.ExecuteAsync(funding, affordable, other, next);

        Assert.Equal([new SkippedTransaction(1, SkipReason.InsufficientFunds)], outcome.Skipped);
        Assert.Empty(without.Skipped);
        Assert.Equal(without.Hash, outcome.Hash);
        byte[] after = Transfer(Wallet(1), 1);
        Assert.Equal((await plain.ExecuteAsync(after)).Hash, (await rollup.ExecuteAsync(after)).Hash);
    }

    [Fact]
    public async Task A_block_made_to_need_more_rounds_than_are_played_ends_and_is_equal_everywhere()
    {
        await using Rollup rollup = await StartAsync();
        var transactions = new List<byte[]>();
        for (int i = 0; i < BlockBuild.RoundsBeforeStrict + 8; i++)
        {
            EvmWallet poor = Poor($"round {i}");
            transactions.Add(Transfer(Wallet(0), (ulong)i, r => r with { To = poor.Address, Value = Ether / 2 }));
            transactions.Add(Transfer(poor, 0, r => r with { Value = Ether }));
            transactions.Add(Transfer(poor, 0));
        }

        ExecutionOutcome outcome = await rollup.ExecuteAsync([.. transactions]);

        // The first rounds each found one more cheaper second try; those behind the bound count as not funded.
        Assert.Equal(BlockBuild.RoundsBeforeStrict + 8, outcome.Skipped.Count(s => s.Index % 3 == 1));
        Assert.All(outcome.Skipped, s => Assert.Equal(SkipReason.InsufficientFunds, s.Reason));
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
        ExecutionOutcome again = await rollup.Adapter.ExecuteAsync(rollup.Session, rollup.Blocks[0]);
        Assert.Equal(outcome.ToAttestation(), again.ToAttestation());
    }

    [Fact]
    public async Task A_block_of_1000_transactions_is_executed_whole()
    {
        await using Rollup rollup = await StartAsync();
        byte[][] transactions = [.. Enumerable.Range(0, 1000).Select(i => Transfer(Wallet(i % 20), (ulong)(i / 20)))];
        ExecutionOutcome outcome = await rollup.ExecuteAsync(transactions);
        Assert.Empty(outcome.Skipped);
        Assert.Equal(
            transactions.Select(tx => Keccak256.Of(tx)), (await rollup.Client.BlockAsync(1))!.TransactionHashes);
    }

    [Fact]
    public async Task What_a_stranger_puts_into_the_clients_pool_enters_no_block()
    {
        await using Rollup rollup = await StartAsync();
        await rollup.Client.SendRawTransactionAsync(Transfer(Wallet(5), 0));
        await rollup.Client.SendRawTransactionAsync(Transfer(Wallet(6), 3));
        ExecutionOutcome outcome = await rollup.ExecuteAsync(Transfer(Wallet(5), 0, r => r with { Value = 7 }));
        Assert.Empty(outcome.Skipped);
        Assert.Equal(7, await rollup.Client.BalanceAsync(Somebody));
        await rollup.ExecuteAsync();
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task Every_kind_of_transaction_is_executed()
    {
        await using Rollup rollup = await StartAsync();
        EvmWallet wallet = Wallet(0);
        byte[] forAnyChain = SignItems(
            wallet, [],
            new RlpWriter().Number(0).Number(100_000_000_000).Number(21_000).Address(Somebody).Number(1).Bytes([]),
            parityOffset: 27);
        RlpWriter entry = new RlpWriter().Address(Somebody).List(new RlpWriter().Bytes(new byte[32]));
        RlpWriter accessList = new RlpWriter().List(entry);
        byte[] withAccessList = SignItems(
            wallet, [1],
            new RlpWriter().Number(Rollup.ChainId).Number(1).Number(100_000_000_000).Number(30_000).Address(Somebody)
                .Number(1).Bytes([]).List(accessList),
            parityOffset: 0);
        byte[] legacy = wallet.SignLegacy(
            new EvmTransactionRequest { ChainId = Rollup.ChainId, Nonce = 2, To = Somebody, Value = 1 });
        byte[] creation = Transfer(
            wallet, 3, r => r with { To = null, Value = 0, Data = new byte[] { 0 }, GasLimit = 100_000 });

        ExecutionOutcome outcome = await rollup.ExecuteAsync(forAnyChain, withAccessList, legacy, creation);

        Assert.Empty(outcome.Skipped);
        Assert.Equal(3, await rollup.Client.BalanceAsync(Somebody));
    }

    [Fact]
    public async Task A_transaction_that_fails_when_run_is_executed_and_pays()
    {
        await using Rollup rollup = await StartAsync();
        byte[] reverts = Transfer(
            Wallet(0), 0, r => r with { To = null, Value = 0, Data = new byte[] { 0xFD }, GasLimit = 100_000 });
        ExecutionOutcome outcome = await rollup.ExecuteAsync(reverts, Transfer(Wallet(0), 1));
        Assert.Empty(outcome.Skipped);
        Assert.False((await rollup.Client.ReceiptAsync(Keccak256.Of(reverts)))!.HasSucceeded);
    }

    [Fact]
    public async Task Gas_limits_are_counted_by_what_is_declared()
    {
        await using Rollup rollup = await StartAsync();
        ExecutionOutcome outcome = await rollup.ExecuteAsync(
            Transfer(Wallet(0), 0, r => r with { GasLimit = 20_000_000 }),
            Transfer(Wallet(1), 0, r => r with { GasLimit = 10_000_001 }),
            Transfer(Wallet(2), 0, r => r with { GasLimit = 10_000_000 }), Transfer(Wallet(3), 0));
        Assert.Equal(
            [
                new SkippedTransaction(1, SkipReason.BlockGasExhausted),
                new SkippedTransaction(3, SkipReason.BlockGasExhausted),
            ],
            outcome.Skipped);
    }

    [Fact]
    public async Task What_the_client_itself_refuses_is_skipped_with_everything_that_followed_from_it()
    {
        await using Rollup rollup = await StartAsync();
        // The client holds fees in 128 bits and refuses to decode this one.
        byte[] refused = Transfer(Wallet(0), 0, r => r with { MaxFeePerGas = BigInteger.Pow(2, 130) });
        ExecutionOutcome outcome = await rollup.ExecuteAsync(
            refused, Transfer(Wallet(0), 1), Transfer(Wallet(0), 0), Transfer(Wallet(1), 0));
        Assert.Equal(
            [
                new SkippedTransaction(0, SkipReason.InsufficientFunds),
                new SkippedTransaction(1, SkipReason.NonceTooHigh),
            ],
            outcome.Skipped);
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task The_contract_of_past_block_hashes_is_removed_also_when_the_first_block_is_built_twice()
    {
        EvmAddress history = EvmAddress.Parse("0x0000f90827f1c53a10cb7a02335b175320002935");
        await using Rollup rollup = await StartAsync();
        Assert.NotEmpty(await rollup.Client.CodeAsync(history));
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        Assert.Empty(await rollup.Client.CodeAsync(history));
        await rollup.OpenAsync();
        Assert.Equal(0UL, rollup.Session.Head.Number);
        await rollup.RepeatFromHeadAsync();
        await rollup.ExecuteAsync();
        Assert.Empty(await rollup.Client.CodeAsync(history));
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    private static byte[] SignItems(EvmWallet wallet, byte[] type, RlpWriter items, byte parityOffset)
    {
        EvmSignature signature = Secp256k1.Sign(
            Keccak256.Of(new RlpWriter().Raw(type).List(items).Written),
            Convert.FromHexString(wallet.ExportSecret().AsSpan(2)));
        items.Number((ulong)(parityOffset + signature.Parity)).Word(signature.R).Word(signature.S);
        return new RlpWriter().Raw(type).List(items).ToArray();
    }

    /// <summary>One of each kind, invalid in any block after wallet 4's first transaction.</summary>
    private static IEnumerable<(byte[] Raw, SkipReason Reason)> Invalid()
    {
        yield return ([1, 2, 3], SkipReason.Undecodable);
        yield return ([], SkipReason.Undecodable);
        yield return (Transfer(Wallet(5), 0, r => r with { ChainId = 1 }), SkipReason.WrongChainId);
        yield return (Transfer(Wallet(4), 0), SkipReason.NonceTooLow);
        yield return (Transfer(Wallet(5), 1), SkipReason.NonceTooHigh);
        yield return (Transfer(Poor("no funds"), 0), SkipReason.InsufficientFunds);
        yield return (Transfer(Wallet(5), 0, r => r with { Value = 10_001 * Ether }), SkipReason.InsufficientFunds);
        byte[] cheap = Transfer(Wallet(5), 0, r => r with { MaxFeePerGas = 1, MaxPriorityFeePerGas = 1 });
        yield return (cheap, SkipReason.FeeBelowBaseFee);
        yield return (Transfer(Wallet(5), 0, r => r with { GasLimit = 30_000_001 }), SkipReason.GasLimitAboveBlock);
        yield return (Transfer(Wallet(5), 0, r => r with { GasLimit = 20_999 }), SkipReason.Undecodable);
    }
}

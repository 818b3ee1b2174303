using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;
using static SharedSeq.Adapters.Tests.EvmDev.Rollup;

namespace SharedSeq.Adapters.Tests.EvmDev;

/// <summary>Crashes, restarts, repetitions and gaps.</summary>
public sealed class EvmDevRecoveryTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_block_given_again_has_the_same_outcome_whatever_came_after_it()
    {
        await using Rollup rollup = await StartAsync();
        foreach (byte[][] transactions in Workload(5, 12, seed: 1)) await rollup.ExecuteAsync(transactions);
        for (int i = 0; i < rollup.Blocks.Count; i++)
        {
            ExecutionOutcome again = await rollup.Adapter.ExecuteAsync(rollup.Session, rollup.Blocks[i]);
            Assert.Equal(rollup.Outcomes[i].ToAttestation(), again.ToAttestation());
            Assert.Equal(rollup.Outcomes[i].Skipped, again.Skipped);
        }

        Assert.Equal(5UL, await rollup.Client.BlockNumberAsync());
    }

    [Fact]
    public async Task A_block_given_again_with_other_content_is_a_divergence()
    {
        await using Rollup rollup = await StartAsync();
        byte[][] transactions = [Transfer(Wallet(0), 0), Transfer(Wallet(1), 0), Transfer(Wallet(2), 0)];
        await rollup.ExecuteAsync(transactions);
        AdapterBlock block = rollup.Blocks[0];
        async Task Expect(AdapterBlock other) => await RefusedAsync(
            AdapterRejection.Divergence, () => rollup.Adapter.ExecuteAsync(rollup.Session, other));

        await Expect(block with { Transactions = [transactions[0], transactions[1]] });
        await Expect(block with { Transactions = [transactions[1], transactions[0], transactions[2]] });
        await Expect(block with { Timestamp = new TimestampMs(block.Timestamp.Value + 1000) });
    }

    [Fact]
    public async Task Gaps_wrong_parents_and_impossible_blocks_are_refused_and_change_nothing()
    {
        await using Rollup rollup = await StartAsync();
        await rollup.ExecuteAsync();
        AdapterBlock next = rollup.NextBlock(Transfer(Wallet(0), 0));
        async Task Expect(AdapterRejection rejection, AdapterBlock block) =>
            await RefusedAsync(rejection, () => rollup.Adapter.ExecuteAsync(rollup.Session, block));

        await Expect(AdapterRejection.OutOfRange, next with { Number = 3 });
        await Expect(AdapterRejection.WrongParent, next with { ParentHash = Sha.Of([1]) });
        await Expect(AdapterRejection.WrongParent, rollup.Blocks[0] with { ParentHash = Sha.Of([1]) });
        await Expect(AdapterRejection.BadBlock, next with { Number = 0 });
        await Expect(AdapterRejection.BadBlock, next with { Namespace = new NamespaceId(7002) });
        await Expect(AdapterRejection.BadBlock, next with { Timestamp = new TimestampMs((GenesisSeconds * 1000) - 1) });
        Assert.Equal(1UL, await rollup.Client.BlockNumberAsync());

        await rollup.ExecuteAsync(next with { Timestamp = new TimestampMs(GenesisSeconds * 1000) });
        Assert.Equal(2UL, await rollup.Client.BlockNumberAsync());
    }

    [Fact]
    public async Task A_new_session_ends_the_old_one_and_continues_where_the_client_is()
    {
        await using Rollup rollup = await StartAsync();
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        await rollup.ExecuteAsync(Transfer(Wallet(0), 1));
        AdapterSession old = rollup.Session;
        await rollup.OpenAsync();

        // The newest block might be an attempt that was cut off: it is executed again.
        Assert.Equal(new AdapterHead(1, rollup.Outcomes[0].Hash), rollup.Session.Head);
        await RefusedAsync(AdapterRejection.StaleSession, () => rollup.Adapter.ExecuteAsync(old, rollup.NextBlock()));
        await RefusedAsync(AdapterRejection.StaleSession, () => rollup.Adapter.HeadAsync(old));
        ExecutionOutcome again = await rollup.Adapter.ExecuteAsync(rollup.Session, rollup.Blocks[1]);
        Assert.Equal(rollup.Outcomes[1].ToAttestation(), again.ToAttestation());
        await rollup.ExecuteAsync();
        await RefusedAsync(AdapterRejection.OutOfRange, () => rollup.Adapter.OpenAsync(Namespace, 4));
        await RefusedAsync(AdapterRejection.StaleSession, () => rollup.Adapter.HeadAsync(rollup.Session));
    }

    [Fact]
    public async Task An_adapter_that_dies_at_any_step_is_followed_by_one_that_reaches_the_same_blocks()
    {
        List<byte[][]> workload = Workload(2, 30, seed: 2);
        await using Rollup reference = await StartAsync();
        foreach (byte[][] transactions in workload) await reference.ExecuteAsync(transactions);

        (bool, bool)[] kinds = [(false, false), (false, true), (true, false), (true, true)];
        bool isHit = true;
        for (int step = 0; isHit; step++)
        {
            foreach ((bool isActed, bool isReopened) in kinds)
            {
                await using Rollup rollup = await StartAsync();
                await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
                await rollup.ReopenAsync(between.Endpoint);
                isHit = await DieAtAsync(rollup, between, reference.Blocks, step, isActed, isReopened);
                AssertEqual(reference.Outcomes, rollup.Outcomes);
            }

            Assert.True(step < 200, "every step was hit and there is no end of them");
        }
    }

    [Fact]
    public async Task A_client_killed_in_the_middle_of_a_block_is_replayed_from_genesis_to_the_same_blocks()
    {
        List<byte[][]> workload = Workload(4, 30, seed: 3);
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        await rollup.ReopenAsync(between.Endpoint);
        for (int i = 0; i < 3; i++) await rollup.ExecuteAsync(workload[i]);
        AdapterBlock last = rollup.NextBlock(workload[3]);
        between.Before = async methods =>
        {
            if (methods[0] == "evm_mine") await rollup.Anvil.DisposeAsync();
            return true;
        };
        await RefusedAsync(AdapterRejection.ClientUnreachable, () => rollup.Adapter.ExecuteAsync(rollup.Session, last));
        await RefusedAsync(AdapterRejection.ClientUnreachable, () => rollup.Adapter.HeadAsync(rollup.Session));

        between.Before = null;
        await rollup.RestartAnvilAsync();
        await RefusedAsync(AdapterRejection.OutOfRange, () => rollup.Adapter.ExecuteAsync(rollup.Session, last));
        await rollup.OpenAsync();
        Assert.Equal(0UL, rollup.Session.Head.Number);
        var before = new List<ExecutionOutcome>(rollup.Outcomes);
        AdapterBlock[] blocks = [.. rollup.Blocks, last];
        rollup.Blocks.Clear();
        rollup.Outcomes.Clear();
        await rollup.ReplayAsync(blocks);
        AssertEqual(before, rollup.Outcomes[..3]);
        AssertEqual(await ReferenceAsync(blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task Two_clients_give_equal_hashes_block_by_block_over_a_random_workload_though_one_is_restarted()
    {
        List<byte[][]> workload = Workload(40, 25, seed: 4);
        await using Rollup steady = await StartAsync();
        await using Rollup restarted = await StartAsync();
        for (int i = 0; i < workload.Count; i++)
        {
            await steady.ExecuteAsync(workload[i]);
            if (i % 7 == 3)
            {
                await restarted.ReopenAsync();
                await restarted.RepeatFromHeadAsync();
            }

            if (i == 20)
            {
                AdapterBlock[] blocks = [.. restarted.Blocks];
                await restarted.RestartAnvilAsync();
                await restarted.ReopenAsync();
                restarted.Blocks.Clear();
                restarted.Outcomes.Clear();
                await restarted.ReplayAsync(blocks);
            }

            await restarted.ExecuteAsync(workload[i]);
            Assert.Equal(steady.Outcomes[i].ToAttestation(), restarted.Outcomes[i].ToAttestation());
        }

        Assert.Contains(steady.Outcomes, outcome => outcome.Skipped.Count > 0);
        Assert.True(await steady.Client.NonceAsync(Wallet(0).Address) > 10);
    }

    [Fact]
    public async Task The_outcome_of_a_block_whose_state_the_client_gave_up_is_unknown()
    {
        await using Rollup rollup = await StartAsync(options => options with { StatesKept = 16 });
        for (ulong i = 0; i < 60; i++) await rollup.ExecuteAsync(Transfer(Wallet(0), i));
        await RefusedAsync(
            AdapterRejection.UnknownBlock, () => rollup.Adapter.ExecuteAsync(rollup.Session, rollup.Blocks[5]));
        Assert.Equal(
            rollup.Outcomes[58].ToAttestation(),
            (await rollup.Adapter.ExecuteAsync(rollup.Session, rollup.Blocks[58])).ToAttestation());
    }

    /// <summary>
    /// Executes the blocks, breaking the connection at the given request, before or after the client acted on it, then
    /// goes on with a new adapter or the same. False when the work had fewer requests.
    /// </summary>
    private static async Task<bool> DieAtAsync(
        Rollup rollup, MisbehavingClient between, IEnumerable<AdapterBlock> blocks, int step, bool isActed,
        bool isReopened)
    {
        int seen = 0;
        bool isHit = false;
        Task<bool> Pass(IReadOnlyList<string> methods)
        {
            bool isNow = !isHit && seen++ == step;
            isHit |= isNow;
            return Task.FromResult(!isNow);
        }

        if (isActed) between.After = Pass;
        else between.Before = Pass;
        foreach (AdapterBlock block in blocks)
        {
            try
            {
                await rollup.ExecuteAsync(block);
            }
            catch (AdapterException e) when (isHit && e.Rejection == AdapterRejection.ClientUnreachable)
            {
                if (isReopened)
                {
                    await rollup.ReopenAsync(between.Endpoint).WaitAsync(Deadline);
                    await rollup.RepeatFromHeadAsync();
                }

                await rollup.ExecuteAsync(block);
            }
        }

        return isHit;
    }

    private static async Task RefusedAsync(AdapterRejection rejection, Func<Task> call) =>
        Assert.Equal(rejection, (await Assert.ThrowsAsync<AdapterException>(call)).Rejection);

    /// <summary>
    /// Blocks of transfers, of which some are invalid, some spend what was received in the same block, and some leave a
    /// nonce to a second try. The seed decides everything.
    /// </summary>
    private static List<byte[][]> Workload(int blocks, int transactionsMax, int seed)
    {
        var random = new Random(seed);
        ulong[] nonces = new ulong[6];
        int poor = 0;
        var workload = new List<byte[][]>();
        for (int block = 0; block < blocks; block++)
        {
            var transactions = new List<byte[]>();
            int count = random.Next(4) == 0 ? 0 : random.Next(1, transactionsMax);
            while (transactions.Count < count)
            {
                int sender = random.Next(nonces.Length);
                switch (random.Next(10))
                {
                    case 0:
                        transactions.Add(Transfer(Wallet(sender), nonces[sender] + 1));
                        break;
                    case 1:
                        transactions.Add(
                            Transfer(Wallet(sender), nonces[sender], r => r with { Value = 20_000 * Ether }));
                        break;
                    case 2:
                        EvmWallet receiver = Poor($"workload {seed} {poor++}");
                        transactions.Add(Transfer(
                            Wallet(sender), nonces[sender]++, r => r with { To = receiver.Address, Value = Ether }));
                        transactions.Add(Transfer(receiver, 0, r => r with { Value = 2 * Ether }));
                        transactions.Add(Transfer(receiver, 0));
                        break;
                    case 3:
                        transactions.Add([2, .. BitConverter.GetBytes(random.Next())]);
                        break;
                    default:
                        transactions.Add(
                            Transfer(Wallet(sender), nonces[sender]++, r => r with { Value = random.Next(1000) }));
                        break;
                }
            }

            workload.Add([.. transactions]);
        }

        return workload;
    }
}

using System.Text.Json.Nodes;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Adapters.Tests.Clients;
using static SharedSeq.Adapters.Tests.EvmDev.Rollup;

namespace SharedSeq.Adapters.Tests.EvmDev;

/// <summary>
/// An execution client that is slow, broken or lies: each time the right reason, and the right block once it behaves.
/// </summary>
public sealed class EvmDevLiesTests
{
    private const string StrangeHash = "0x1111111111111111111111111111111111111111111111111111111111111111";

    public static TheoryData<string> Lies =>
        ["lost", "swapped", "foreign", "parent", "time", "base fee", "gas limit", "number", "nothing"];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_about_the_block_is_a_divergence(string lie)
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        await rollup.ReopenAsync(between.Endpoint);
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        AdapterBlock block = rollup.NextBlock(Transfer(Wallet(0), 1), Transfer(Wallet(1), 0), Transfer(Wallet(2), 0));
        LieAboutTheMinedBlock(between, answer => Tell(lie, answer));

        await RefusedAsync(AdapterRejection.Divergence, () => rollup.Adapter.ExecuteAsync(rollup.Session, block));

        between.Rewrite = null;
        await rollup.ExecuteAsync(block);
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task A_batch_that_lost_its_order_is_sent_again_one_by_one()
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        await rollup.ReopenAsync(between.Endpoint);
        int lies = 0, singles = 0;
        LieAboutTheMinedBlock(between, answer =>
        {
            if (lies++ == 0) Tell("swapped", answer);
        });
        between.Before = methods =>
        {
            if (methods is ["eth_sendRawTransaction"]) singles++;
            return Task.FromResult(true);
        };

        await rollup.ExecuteAsync(Transfer(Wallet(0), 0), Transfer(Wallet(1), 0), Transfer(Wallet(2), 0));

        Assert.Equal((2, 3), (lies, singles));
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task A_client_that_hashes_a_transaction_differently_diverges()
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        await rollup.ReopenAsync(between.Endpoint);
        between.Rewrite = (method, answer) =>
        {
            if (method == "eth_sendRawTransaction") answer["result"] = StrangeHash;
        };
        await RefusedAsync(
            AdapterRejection.Divergence,
            () => rollup.Adapter.ExecuteAsync(rollup.Session, rollup.NextBlock(Transfer(Wallet(0), 0))));
    }

    [Theory]
    [InlineData("evm_mine", """{"error":{"code":-32601,"message":"Method not found"}}""")]
    [InlineData("eth_sendRawTransaction", """{"error":{"code":-32603,"message":"internal error"}}""")]
    [InlineData("eth_getTransactionCount", """{"result":"many"}""")]
    [InlineData("eth_getBlockByNumber", """{"result":{"number":"0x1"}}""")]
    public async Task A_client_that_answers_as_no_dev_chain_does_is_invalid(string method, string lie)
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        await rollup.ReopenAsync(between.Endpoint);
        between.Rewrite = (called, answer) =>
        {
            if (called != method) return;
            answer.Remove("result");
            foreach ((string name, JsonNode? value) in JsonNode.Parse(lie)!.AsObject())
                answer[name] = value!.DeepClone();
        };
        await RefusedAsync(
            AdapterRejection.ClientInvalid,
            () => rollup.Adapter.ExecuteAsync(rollup.Session, rollup.NextBlock(Transfer(Wallet(0), 0))));
        between.Rewrite = null;
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    [Fact]
    public async Task A_slow_client_is_unreachable_and_what_it_does_too_late_is_taken_back()
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        between.Before = async methods =>
        {
            if (methods[0] == "evm_mine") await release.Task;
            return true;
        };
        between.After = methods =>
        {
            if (methods[0] == "evm_mine") late.TrySetResult();
            return Task.FromResult(true);
        };
        using EvmDevAdapter impatient = NewAdapter(between.Endpoint, TimeSpan.FromSeconds(3));
        AdapterSession session = await impatient.OpenAsync(Namespace, 1);
        AdapterBlock block = rollup.NextBlock(Transfer(Wallet(0), 0));
        await RefusedAsync(AdapterRejection.ClientUnreachable, () => impatient.ExecuteAsync(session, block));

        release.SetResult();
        await late.Task.WaitAsync(TimeSpan.FromSeconds(30));
        ExecutionOutcome outcome = await impatient.ExecuteAsync(session, block);
        AssertEqual(await ReferenceAsync([block]), [outcome]);
    }

    [Theory]
    [InlineData("eth_syncing", """{"currentBlock":"0x1","highestBlock":"0x9"}""", AdapterRejection.ClientSyncing)]
    [InlineData("eth_syncing", "true", AdapterRejection.ClientSyncing)]
    [InlineData("eth_chainId", "\"0x1\"", AdapterRejection.ClientInvalid)]
    [InlineData("eth_chainId", "null", AdapterRejection.ClientInvalid)]
    [InlineData("eth_getBlockByNumber", "null", AdapterRejection.ClientInvalid)]
    public async Task A_session_is_opened_only_with_the_rollups_own_client_in_step(
        string method, string result, AdapterRejection rejection)
    {
        await using Rollup rollup = await StartAsync();
        await using MisbehavingClient between = await MisbehavingClient.StartAsync(() => rollup.Anvil.Endpoint);
        between.Rewrite = (called, answer) =>
        {
            if (called == method) answer["result"] = JsonNode.Parse(result);
        };
        using EvmDevAdapter adapter = NewAdapter(between.Endpoint);
        await RefusedAsync(rejection, () => adapter.OpenAsync(Namespace, 1));
    }

    [Fact]
    public async Task A_client_with_another_genesis_is_invalid()
    {
        await using Rollup rollup = await StartAsync();
        using var adapter = new EvmDevAdapter(new EvmDevOptions
        {
            Endpoint = rollup.Anvil.Endpoint,
            ChainId = Rollup.ChainId,
            GenesisTimestampSeconds = GenesisSeconds + 1,
        });
        await RefusedAsync(AdapterRejection.ClientInvalid, () => adapter.OpenAsync(Namespace, 1));
    }

    [Fact]
    public async Task Blocks_that_a_stranger_mines_are_taken_back()
    {
        await using Rollup rollup = await StartAsync();
        await rollup.ExecuteAsync(Transfer(Wallet(0), 0));
        await rollup.Client.SendRawTransactionAsync(Transfer(Wallet(9), 0));
        for (int i = 0; i < 3; i++) await rollup.Client.CallAsync(new SharedSeq.Ethereum.EthereumCall("evm_mine"));
        await rollup.ExecuteAsync(Transfer(Wallet(0), 1));
        Assert.Equal(2UL, await rollup.Client.BlockNumberAsync());
        AssertEqual(await ReferenceAsync(rollup.Blocks), rollup.Outcomes);
    }

    /// <summary>
    /// Changes the answers about a block that was mined through this client, not those about its head before.
    /// </summary>
    private static void LieAboutTheMinedBlock(MisbehavingClient between, Action<JsonObject> lie)
    {
        bool isMined = false;
        between.Rewrite = (method, answer) =>
        {
            if (method == "eth_getBlockByNumber" && isMined) lie(answer);
            isMined = method == "evm_mine";
        };
    }

    private static void Tell(string lie, JsonObject answer)
    {
        JsonObject block = answer["result"]!.AsObject();
        JsonArray list = block["transactions"]!.AsArray();
        switch (lie)
        {
            case "lost":
                list.RemoveAt(1);
                break;
            case "swapped":
                JsonNode first = list[0]!;
                list.RemoveAt(0);
                list.Add(first.DeepClone());
                break;
            case "foreign":
                list.Add(StrangeHash);
                break;
            case "parent":
                block["parentHash"] = StrangeHash;
                break;
            case "time":
                block["timestamp"] = "0x1";
                break;
            case "base fee":
                block["baseFeePerGas"] = "0x7";
                break;
            case "gas limit":
                block["gasLimit"] = "0x7";
                break;
            case "number":
                block["number"] = "0x7";
                break;
            default:
                answer["result"] = null;
                break;
        }
    }

    private static async Task RefusedAsync(AdapterRejection rejection, Func<Task> call) =>
        Assert.Equal(rejection, (await Assert.ThrowsAsync<AdapterException>(call)).Rejection);
}

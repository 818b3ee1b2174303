using System.Diagnostics;
using System.Text.Json.Nodes;
using SharedSeq.Cli;
using SharedSeq.Ethereum;

namespace SharedSeq.Node.Tests.Devnet;

/// <summary>Each fault of an L1 provider, shown by the answers that it changes; provider 3 stays honest, or is asked beside it.</summary>
public sealed class L1ProviderTests(L1Fixture l1) : IClassFixture<L1Fixture>
{
    private string LogBlock => l1.LogBlock.Hash.ToString();

    [Fact]
    public async Task Honest_providers_answer_as_the_L1_does_with_headers_that_hash_to_their_hashes()
    {
        await l1.FaultsAsync("none");
        for (int number = 1; number <= 3; number++)
        {
            EthereumRpcClient provider = l1.Provider(number);
            Assert.Equal(DevnetL1.ChainId, await provider.ChainIdAsync());
            JsonObject block = await L1Fixture.HeaderAsync(provider, LogBlock);
            Assert.True(JsonNode.DeepEquals(await L1Fixture.HeaderAsync(l1.L1.Client, LogBlock), block));
            Assert.Equal(LogBlock, L1HeaderLies.HashOf(block));
        }

        EthereumAnswer[] batch = await l1.Provider(1).BatchAsync([new EthereumCall("eth_chainId"), new EthereumCall("anvil_mine"), EthereumBlock.ByNumber(1)]);
        Assert.Equal([null, -32601, null], batch.Select(answer => answer.Error?.Code));
        ulong head = await l1.L1.Client.BlockNumberAsync();
        Assert.Equal(new L1Window(head, head - DevnetL1.SlotsPerEpoch, head - (2 * DevnetL1.SlotsPerEpoch)), await L1Window.OfAsync(l1.Provider(2), default));
    }

    [Fact]
    public async Task The_L1_has_P256VERIFY()
    {
        // A signature of the precompile's own test vectors: digest, r, s, x, y.
        const string Signed =
            "0x4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4da73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
            + "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d604aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
            + "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e";
        JsonNode? answer = await L1Fixture.AskAsync(
            l1.L1.Client, "eth_call", new JsonObject { ["to"] = "0x0000000000000000000000000000000000000100", ["data"] = Signed }, "latest");
        Assert.Equal(1UL, (ulong)L1Json.QuantityOf((string)answer!));
    }

    [Fact]
    public async Task One_that_lags_knows_of_no_newer_block_nor_of_what_is_in_it()
    {
        await l1.FaultsAsync("lag:12");
        ulong head = await l1.L1.Client.BlockNumberAsync();
        EthereumRpcClient provider = l1.Provider(1);
        Assert.Equal(head - 12, await provider.BlockNumberAsync());
        Assert.Equal(new L1Window(head - 12, head - 16, head - 20), await L1Window.OfAsync(provider, default));
        Assert.Null(await provider.BlockAsync(head - 11));
        EthereumBlock hidden = (await l1.L1.Client.BlockAsync(head - 11))!;
        Assert.Null(await L1Fixture.AskAsync(provider, "eth_getBlockByHash", hidden.Hash.ToString(), false));
        Assert.Null(await L1Fixture.AskAsync(provider, "eth_getBlockReceipts", EthereumJson.Quantity(head)));

        // The block with logs is hidden by a longer way back: neither its receipts nor its logs are there, nor the state after it.
        await l1.FaultsAsync($"lag:{head - l1.LogBlock.Number + 1}");
        Assert.Null(await provider.ReceiptAsync(l1.LogBlock.TransactionHashes[0]));
        Assert.Null(await provider.TransactionAsync(l1.LogBlock.TransactionHashes[0]));
        Assert.Empty(LogsOf(await LogsAsync(provider, new JsonObject { ["fromBlock"] = "0x0", ["toBlock"] = EthereumJson.Quantity(head) })));
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => LogsAsync(provider, new JsonObject { ["blockHash"] = LogBlock }));
        Assert.Equal(EthereumRpcFailure.RpcError, e.Kind);
        var pinned = new JsonObject { ["blockHash"] = LogBlock };
        e = await Assert.ThrowsAsync<EthereumRpcException>(() => L1Fixture.AskAsync(provider, "eth_getCode", l1.LogContract.ToString(), pinned));
        Assert.Equal(EthereumRpcFailure.RpcError, e.Kind);
    }

    [Fact]
    public async Task One_that_froze_stays_where_it_was_and_one_without_finality_goes_on_alone_with_its_head()
    {
        await l1.FaultsAsync("freeze", "unfinalized");
        L1Window before = await L1Window.OfAsync(l1.L1.Client, default);
        await l1.MineAsync(3);
        Assert.Equal(before, await L1Window.OfAsync(l1.Provider(1), default));
        Assert.Null(await l1.Provider(1).BlockAsync(before.Latest + 1));
        Assert.Equal(before with { Latest = before.Latest + 3 }, await L1Window.OfAsync(l1.Provider(2), default));
        Assert.Equal(before.Finalized + 3, (await L1Window.OfAsync(l1.Provider(3), default)).Finalized);
    }

    [Fact]
    public async Task Slow_failing_broken_and_garbled_ones_are_told_apart_by_their_clients()
    {
        await l1.FaultsAsync("slow:400", "fail", "down");
        long from = Stopwatch.GetTimestamp();
        await l1.Provider(1).ChainIdAsync();
        Assert.True(Stopwatch.GetElapsedTime(from) >= TimeSpan.FromMilliseconds(400));
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => l1.Provider(2).ChainIdAsync());
        Assert.Equal((EthereumRpcFailure.HttpStatus, 503), (e.Kind, e.StatusCode));
        e = await Assert.ThrowsAsync<EthereumRpcException>(() => l1.Provider(3).ChainIdAsync());
        Assert.Equal(EthereumRpcFailure.Unreachable, e.Kind);

        await l1.FaultsAsync("garbage", "flap:100");
        for (int kind = 0; kind < 4; kind++)
        {
            e = await Assert.ThrowsAsync<EthereumRpcException>(() => l1.Provider(1).ChainIdAsync());
            Assert.Equal(EthereumRpcFailure.MalformedAnswer, e.Kind);
        }

        await UntilAsync("it is down", async () => !await AnswersAsync(l1.Provider(2)));
        await UntilAsync("it is up again", () => AnswersAsync(l1.Provider(2)));
    }

    [Fact]
    public async Task One_of_another_chain_says_so()
    {
        await l1.FaultsAsync("wrong-chain-id");
        Assert.Equal(DevnetL1.ChainId + 1, await l1.Provider(1).ChainIdAsync());
        Assert.Equal($"{DevnetL1.ChainId + 1}", (string?)await L1Fixture.AskAsync(l1.Provider(1), "net_version"));
    }

    [Fact]
    public async Task Wrong_hashes_are_consistent_and_no_headers_hash_to_them()
    {
        await l1.FaultsAsync("wrong-hash");
        EthereumRpcClient provider = l1.Provider(1);
        JsonObject told = await L1Fixture.HeaderAsync(provider, EthereumJson.Quantity(l1.LogBlock.Number));
        string hash = (string)told["hash"]!;
        Assert.NotEqual(LogBlock, hash);
        Assert.Equal(LogBlock, L1HeaderLies.HashOf(await L1Fixture.HeaderAsync(l1.L1.Client, LogBlock)));
        Assert.NotEqual(hash, L1HeaderLies.HashOf(told));
        JsonObject next = await L1Fixture.HeaderAsync(provider, EthereumJson.Quantity(l1.LogBlock.Number + 1));
        Assert.Equal(hash, (string?)next["parentHash"]);
        Assert.True(JsonNode.DeepEquals(told, await L1Fixture.HeaderAsync(provider, hash)));
        foreach (JsonNode? log in LogsOf(await LogsAsync(provider, new JsonObject { ["blockHash"] = hash }))) Assert.Equal(hash, (string?)log!["blockHash"]);
        Assert.Equal(hash, (await provider.ReceiptAsync(l1.LogBlock.TransactionHashes[0]))!.BlockHash.ToString());
    }

    [Fact]
    public async Task A_forged_header_has_the_right_hash_and_another_content()
    {
        await l1.FaultsAsync("forged-header");
        JsonObject truth = await L1Fixture.HeaderAsync(l1.L1.Client, LogBlock);
        JsonObject told = await L1Fixture.HeaderAsync(l1.Provider(1), LogBlock);
        Assert.Equal(LogBlock, (string?)told["hash"]);
        Assert.NotEqual(LogBlock, L1HeaderLies.HashOf(told));
        Assert.NotEqual((string?)truth["stateRoot"], (string?)told["stateRoot"]);
        Assert.Equal(L1Json.NumberOf((string?)truth["timestamp"]) + 60, L1Json.NumberOf((string?)told["timestamp"]));
    }

    [Fact]
    public async Task Headers_with_wrong_parents_hash_to_their_hashes_and_form_no_chain()
    {
        await l1.FaultsAsync("wrong-parent");
        EthereumRpcClient provider = l1.Provider(1);
        JsonObject told = await L1Fixture.HeaderAsync(provider, EthereumJson.Quantity(l1.LogBlock.Number));
        JsonObject next = await L1Fixture.HeaderAsync(provider, EthereumJson.Quantity(l1.LogBlock.Number + 1));
        string hash = (string)told["hash"]!;
        Assert.NotEqual(LogBlock, hash);
        Assert.Equal(hash, L1HeaderLies.HashOf(told));
        Assert.NotEqual(hash, (string?)next["parentHash"]);
        Assert.True(JsonNode.DeepEquals(told, await L1Fixture.HeaderAsync(provider, hash)));
        JsonNode[] logs = LogsOf(await LogsAsync(provider, new JsonObject { ["blockHash"] = hash }));
        Assert.Equal(4, logs.Length);
        Assert.All(logs, log => Assert.Equal(hash, (string?)log["blockHash"]));
    }

    [Fact]
    public async Task Dropped_logs_are_missing_everywhere_and_the_rest_is_numbered_again()
    {
        await l1.FaultsAsync("drop-logs");
        JsonNode[] truth = LogsOf(await LogsAsync(l1.L1.Client, new JsonObject { ["blockHash"] = LogBlock }));
        JsonNode[] told = LogsOf(await LogsAsync(l1.Provider(1), new JsonObject { ["blockHash"] = LogBlock }));
        Assert.Equal(4, truth.Length);
        Assert.Equal([0UL, 1], told.Select(Place));
        Assert.Equal([Topic(truth[1]), Topic(truth[3])], told.Select(Topic));
        JsonNode[] receipts = await ReceiptsAsync(l1.Provider(1));
        Assert.Equal(told.Select(Place), receipts.SelectMany(receipt => LogsOf(receipt["logs"])).Select(Place));
        JsonNode honest = (await ReceiptsAsync(l1.L1.Client))[0];
        Assert.Equal((string?)honest["logsBloom"], L1Json.BloomOf(LogsOf(honest["logs"])));
        Assert.Equal((string?)receipts[0]["logsBloom"], L1Json.BloomOf(LogsOf(receipts[0]["logs"])));
        Assert.NotEqual((string?)honest["logsBloom"], (string?)receipts[0]["logsBloom"]);
    }

    [Fact]
    public async Task Forged_logs_carry_the_same_other_bytes_in_logs_and_receipts()
    {
        await l1.FaultsAsync("forge-logs");
        JsonNode[] truth = LogsOf(await LogsAsync(l1.L1.Client, new JsonObject { ["blockHash"] = LogBlock }));
        JsonNode[] told = LogsOf(await LogsAsync(l1.Provider(1), new JsonObject { ["blockHash"] = LogBlock }));
        Assert.Equal(truth.Select(Topic), told.Select(Topic));
        Assert.All(told, log => Assert.EndsWith("2b", (string?)log["data"], StringComparison.Ordinal));
        Assert.All(truth, log => Assert.EndsWith("2a", (string?)log["data"], StringComparison.Ordinal));
        JsonNode[] receipts = await ReceiptsAsync(l1.Provider(1));
        Assert.Equal(told.Select(log => (string?)log["data"]), receipts.SelectMany(r => LogsOf(r["logs"])).Select(log => (string?)log["data"]));
    }

    [Fact]
    public async Task Reordered_receipts_are_numbered_as_if_the_block_were_so()
    {
        await l1.FaultsAsync("reorder-receipts");
        JsonNode[] truth = await ReceiptsAsync(l1.L1.Client);
        JsonNode[] told = await ReceiptsAsync(l1.Provider(1));
        Assert.Equal(truth.Select(Transaction).Reverse(), told.Select(Transaction));
        Assert.Equal(["0x0", "0x1"], told.Select(receipt => (string?)receipt["transactionIndex"]));
        Assert.Equal((string?)truth[^1]["cumulativeGasUsed"], (string?)told[^1]["cumulativeGasUsed"]);
        Assert.Equal((string?)told[0]["gasUsed"], (string?)told[0]["cumulativeGasUsed"]);
        Assert.Equal([0UL, 1, 2, 3], told.SelectMany(receipt => LogsOf(receipt["logs"])).Select(Place));
        JsonNode[] logs = LogsOf(await LogsAsync(l1.Provider(1), new JsonObject { ["blockHash"] = LogBlock }));
        Assert.True(JsonNode.DeepEquals(
            new JsonArray([.. told.SelectMany(receipt => LogsOf(receipt["logs"])).Select(log => log.DeepClone())]),
            new JsonArray([.. logs.Select(log => log.DeepClone())])));
        JsonNode one = (await L1Fixture.AskAsync(l1.Provider(1), "eth_getTransactionReceipt", Transaction(truth[0])))!;
        Assert.True(JsonNode.DeepEquals(told[1], one));
    }

    private static JsonNode[] LogsOf(JsonNode? logs) => [.. logs!.AsArray().Select(log => log!)];

    private static Task<JsonNode?> LogsAsync(EthereumRpcClient client, JsonObject filter) => L1Fixture.AskAsync(client, "eth_getLogs", filter);

    private static ulong Place(JsonNode log) => L1Json.NumberOf((string?)log["logIndex"]);

    private static string? Topic(JsonNode log) => (string?)log["topics"]![0];

    private static string? Transaction(JsonNode receipt) => (string?)receipt["transactionHash"];

    private static async Task<bool> AnswersAsync(EthereumRpcClient client)
    {
        try
        {
            await client.ChainIdAsync();
            return true;
        }
        catch (EthereumRpcException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        long from = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(from) < TimeSpan.FromSeconds(60), $"not within 60 s: {what}");
            await Task.Delay(10);
        }
    }

    private async Task<JsonNode[]> ReceiptsAsync(EthereumRpcClient client) =>
        LogsOf(await L1Fixture.AskAsync(client, "eth_getBlockReceipts", LogBlock));
}

using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ethereum;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>Four operators as processes, two rollups on real execution clients, used as wallets use them.</summary>
public sealed class RollupTests(Devnet devnet) : IClassFixture<Devnet>
{
    private const ulong Alpha = 9_001;
    private const ulong Beta = 9_002;

    [Fact]
    public async Task Transfers_through_two_operators_are_executed_alike_on_every_client()
    {
        var sent = new List<Hash32>();
        for (int account = 0; account < 4; account++)
        {
            EvmWallet wallet = devnet.Account(account);
            EthereumRpcClient gateway = devnet.Gateway(account % 2, Alpha);
            ulong nonce = await PendingNonceAsync(gateway, wallet);
            // The second is sent without waiting for the first.
            sent.Add(await gateway.SendRawTransactionAsync(Transfer(wallet, Alpha, nonce)));
            Assert.Equal(nonce + 1, await PendingNonceAsync(gateway, wallet));
            sent.Add(await gateway.SendRawTransactionAsync(Transfer(wallet, Alpha, nonce + 1)));
        }

        foreach (Hash32 hash in sent) await devnet.UntilStatusAsync(2, hash, "executed");
        foreach (Hash32 hash in sent)
        {
            var blocks = new HashSet<(ulong, Hash32, Hash32)>();
            foreach (EthereumRpcClient execution in devnet.Executions(Alpha))
            {
                await Devnet.UntilAsync($"{hash} at {execution.Endpoint}", async () => await execution.ReceiptAsync(hash) is not null);
                EthereumReceipt receipt = (await execution.ReceiptAsync(hash))!;
                EthereumBlock block = (await execution.BlockAsync(receipt.BlockNumber))!;
                blocks.Add((block.Number, block.Hash, block.StateRoot));
            }

            Assert.Single(blocks);
        }
    }

    [Fact]
    public async Task The_devnet_has_an_L1_behind_three_providers_with_the_accounts_of_the_rollups()
    {
        EthereumBlock finalized = EthereumBlock.Read(await devnet.L1(0).CallAsync(new EthereumCall("eth_getBlockByNumber", "finalized", false)))!;
        for (int provider = 1; provider <= 3; provider++)
        {
            Assert.Equal(9_000UL, await devnet.L1(provider).ChainIdAsync());
            Assert.Equal(finalized.Hash, (await devnet.L1(provider).BlockAsync(finalized.Number))!.Hash);
            Assert.True(await devnet.L1(provider).BalanceAsync(devnet.Account(7).Address) > 0);
        }
    }

    [Fact]
    public async Task A_used_nonce_missing_funds_and_another_chain_are_refused_in_Ethereums_words()
    {
        EvmWallet wallet = devnet.Account(5);
        EthereumRpcClient gateway = devnet.Gateway(1, Alpha);
        ulong nonce = await PendingNonceAsync(gateway, wallet);
        Hash32 first = await gateway.SendRawTransactionAsync(Transfer(wallet, Alpha, nonce));
        await devnet.UntilStatusAsync(1, first, "executed");

        Assert.Contains("nonce too low", await RefusalAsync(gateway, Transfer(wallet, Alpha, nonce)), StringComparison.Ordinal);
        Assert.Contains("invalid chain id", await RefusalAsync(gateway, Transfer(wallet, Beta, nonce + 1)), StringComparison.Ordinal);
        byte[] tooMuch = wallet.Sign(new EvmTransactionRequest
        {
            ChainId = Alpha,
            Nonce = nonce + 1,
            To = devnet.Account(6).Address,
            Value = System.Numerics.BigInteger.Pow(10, 24),
        });
        Assert.Contains("insufficient funds for gas * price + value", await RefusalAsync(gateway, tooMuch), StringComparison.Ordinal);
        Assert.Contains("decode", await RefusalAsync(gateway, [1, 2, 3]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replacement_that_pays_more_is_ordered_too_and_the_second_is_skipped_with_its_reason()
    {
        EvmWallet wallet = devnet.Account(6);
        EthereumRpcClient gateway = devnet.Gateway(0, Alpha);
        ulong nonce = await PendingNonceAsync(gateway, wallet);
        byte[] first = Transfer(wallet, Alpha, nonce);
        byte[] bumped = wallet.Sign(Request(Alpha, nonce) with
        {
            MaxFeePerGas = 150_000_000_000,
            MaxPriorityFeePerGas = 2_000_000_000,
        });

        // Past the gateway, which would refuse the second as soon as the first is executed: both are ordered, whatever is executed meanwhile.
        EthereumAnswer sent = (await devnet.Node(0).BatchAsync(
            [new EthereumCall("sharedseq_sendTransactions", Alpha, new JsonArray(EthereumJson.Bytes(first), EthereumJson.Bytes(bumped)))]))[0];
        Assert.Null(sent.Error);
        Assert.All(sent.Result.EnumerateArray(), answer => Assert.True(answer.TryGetProperty("txId", out _), answer.GetRawText()));
        Hash32 winner = Keccak256.Of(first);
        Hash32 loser = Keccak256.Of(bumped);
        await devnet.UntilStatusAsync(0, winner, "executed");
        await devnet.UntilStatusAsync(0, loser, "skipped");
        JsonElement status = (await devnet.StatusAsync(0, loser))!.Value;
        Assert.Equal("NonceTooLow", status.GetProperty("reason").GetString());
        Assert.Null(await gateway.TransactionAsync(loser));
        Assert.Null(await gateway.ReceiptAsync(loser));
        Assert.NotNull(await gateway.ReceiptAsync(winner));
    }

    [Fact]
    public async Task A_replacement_that_pays_no_more_is_refused()
    {
        EvmWallet wallet = devnet.Account(6);
        EthereumRpcClient gateway = devnet.Gateway(0, Alpha);
        ulong nonce = await PendingNonceAsync(gateway, wallet);
        byte[] first = Transfer(wallet, Alpha, nonce);
        byte[] same = wallet.Sign(Request(Alpha, nonce) with { Value = 9 });
        EthereumAnswer[] answers = await gateway.BatchAsync(
            [.. new[] { first, same }.Select(raw => new EthereumCall("eth_sendRawTransaction", EthereumJson.Bytes(raw)))]);
        Assert.Null(answers[0].Error);

        // Underpriced, or too late when the first is executed already: never taken.
        Assert.NotNull(answers[1].Error);
    }

    [Theory]
    [InlineData("eth_sendTransaction")]
    [InlineData("anvil_reset")]
    [InlineData("evm_mine")]
    [InlineData("hardhat_reset")]
    [InlineData("debug_traceTransaction")]
    [InlineData("personal_listAccounts")]
    [InlineData("eth_newFilter")]
    public async Task What_could_change_a_client_does_not_exist(string method)
    {
        EthereumAnswer answer = (await devnet.Gateway(0, Alpha).BatchAsync([new EthereumCall(method)]))[0];
        Assert.Equal(-32601, answer.Error?.Code);
    }

    [Fact]
    public async Task A_batch_with_one_bad_item_answers_the_others()
    {
        EthereumAnswer[] answers = await devnet.Gateway(3, Beta).BatchAsync(
            [new EthereumCall("eth_chainId"), new EthereumCall("anvil_mine"), new EthereumCall("net_version"), new EthereumCall("eth_blockNumber")]);
        Assert.Equal("0x232a", answers[0].Value.GetString());
        Assert.Equal(-32601, answers[1].Error?.Code);
        Assert.Equal("9002", answers[2].Value.GetString());
        Assert.StartsWith("0x", answers[3].Value.GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_operators_serve_the_same_bytes_of_blocks_and_results()
    {
        var height = 0UL;
        await Devnet.UntilAsync("every operator has ordered ten blocks", async () =>
        {
            for (int i = 0; i < devnet.Operators; i++)
            {
                if ((await devnet.Gateway(i, Alpha).BlockNumberAsync()) < 10) return false;
            }

            return true;
        });
        for (ulong number = 1; number <= 10; number++)
        {
            string block = await SameAsync("sharedseq_getNamespaceBlock", Alpha, number);
            height = JsonSerializer.Deserialize<JsonElement>(block).GetProperty("result").GetProperty("lastHeight").GetUInt64();
            await SameAsync("sharedseq_getResult", height);
        }
    }

    [Fact]
    public async Task Each_operators_own_certificate_verifies_and_certifies_the_same_result()
    {
        var verifier = new ProofVerifier(new ProofTrust(GenesisFiles.Read(devnet.GenesisFile), new P256Scheme()));
        var certificates = new ResultCertificate[devnet.Operators];
        ulong height = 10;

        // Which heights' certificates an operator keeps is its own affair: the first that all have is looked for.
        await Devnet.UntilAsync("all operators have a certificate of one height", async () =>
        {
            for (int i = 0; i < certificates.Length; i++)
            {
                string file = (await devnet.Node(i).CallAsync(new EthereumCall("sharedseq_getProof", "result", height))).GetProperty("proof").GetString()!;
                ProofVerdict verdict = verifier.Verify(Convert.FromHexString(file[2..]), out Proof? proof);
                Assert.True(verdict.IsValid, $"operator {i}: {verdict}");
                certificates[i] = ((ResultProof)proof!).Certificate;
                Assert.True(certificates[i].Result.Height.Value >= height);
            }

            height = certificates.Max(c => c.Result.Height.Value);
            return certificates.All(c => c.Result.Height.Value == height);
        });

        Assert.All(certificates, c => Assert.Equal(certificates[0].Result, c.Result));
        string served = await SameAsync("sharedseq_getResult", height);
        var writer = new CanonicalWriter(512);
        certificates[0].Result.Write(writer);
        JsonElement result = JsonSerializer.Deserialize<JsonElement>(served).GetProperty("result");
        Assert.Equal(EthereumJson.Bytes(writer.Written), result.GetProperty("result").GetString());
        Assert.Equal(certificates[0].Result.Hash.ToString(), result.GetProperty("hash").GetString());
    }

    [Fact]
    public async Task Two_thousand_transactions_of_twenty_accounts_to_each_rollup_are_executed_in_committed_order()
    {
        await SendManyAsync(Alpha);
        await SendManyAsync(Beta);
    }

    [Fact]
    public async Task A_killed_operator_does_not_stop_execution_and_comes_back_by_itself()
    {
        const int Victim = 3;
        devnet.Kill(Victim);
        EvmWallet wallet = devnet.Account(8);
        EthereumRpcClient gateway = devnet.Gateway(0, Alpha);
        Hash32 sent = await gateway.SendRawTransactionAsync(Transfer(wallet, Alpha, await PendingNonceAsync(gateway, wallet)));
        await devnet.UntilStatusAsync(1, sent, "executed");

        devnet.Revive(Victim);
        await Devnet.UntilAsync("the operator that came back has executed it too", async () =>
            await devnet.Gateway(Victim, Alpha).ReceiptAsync(sent) is not null, 90);
        using var http = new HttpClient();
        await Devnet.UntilAsync("the operator that came back is ready", async () =>
            (await http.GetAsync(new Uri(devnet.Rpc(Victim), "readyz"))).IsSuccessStatusCode, 90);
        await devnet.UntilStatusAsync(Victim, sent, "executed");
    }

    [Fact]
    public async Task A_client_whose_state_was_changed_is_quarantined_and_synced_again_while_others_serve_its_reads()
    {
        const int Odd = 1;
        string marked = devnet.Account(18).Address.ToString();
        EthereumRpcClient execution = devnet.Executions(Alpha)[Odd];
        EthereumRpcClient gateway = devnet.Gateway(Odd, Alpha);
        var honest = await devnet.Gateway(0, Alpha).BalanceAsync(devnet.Account(18).Address);
        await execution.CallAsync(new EthereumCall("anvil_setBalance", marked, "0x1"));
        await Devnet.UntilAsync("the odd client is quarantined", async () => (await RollupHealthAsync(Odd)).GetProperty("quarantined").GetBoolean());
        Assert.Equal(honest, await gateway.BalanceAsync(devnet.Account(18).Address));
        Assert.Equal(honest, await devnet.Gateway(0, Alpha).BalanceAsync(devnet.Account(18).Address));
        await Devnet.UntilAsync(
            "the odd client follows again",
            async () => (await RollupHealthAsync(Odd)).GetProperty("state").GetString() == "following", 90);
        Assert.Equal(honest, await execution.BalanceAsync(devnet.Account(18).Address));
    }

    [Fact]
    public async Task Heads_come_over_a_websocket_without_gap()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(devnet.Rpc(2)) { Scheme = "ws", Path = "/rollups/9001" }.Uri, limit.Token);
        await socket.SendAsync(
            """{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"""u8.ToArray(), WebSocketMessageType.Text, true, limit.Token);
        string id = (await ReceiveAsync(socket, limit.Token)).GetProperty("result").GetString()!;
        ulong last = 0;
        for (int i = 0; i < 5; i++)
        {
            JsonElement head = await ReceiveAsync(socket, limit.Token);
            Assert.Equal("eth_subscription", head.GetProperty("method").GetString());
            Assert.Equal(id, head.GetProperty("params").GetProperty("subscription").GetString());
            ulong number = EthereumJson.ReadU64(head.GetProperty("params").GetProperty("result").GetProperty("number"), "number");
            if (last != 0) Assert.Equal(last + 1, number);
            last = number;
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
    }

    /// <summary>A hundred transactions of each of twenty accounts; then every block of the rollup is the same everywhere and has them in order.</summary>
    private async Task SendManyAsync(ulong rollup)
    {
        const int Accounts = 20;
        const int Each = 100;
        ulong from = await devnet.Gateway(0, rollup).BlockNumberAsync() + 1;
        Hash32[][] sent = await Task.WhenAll(Enumerable.Range(0, Accounts).Select(async account =>
        {
            EvmWallet wallet = devnet.Account(account);
            EthereumRpcClient gateway = devnet.Gateway(account % devnet.Operators, rollup);
            ulong nonce = await PendingNonceAsync(gateway, wallet);
            byte[][] raw = [.. Enumerable.Range(0, Each).Select(i => Transfer(wallet, rollup, nonce + (ulong)i))];
            EthereumAnswer[] answers = await gateway.BatchAsync(
                [.. raw.Select(r => new EthereumCall("eth_sendRawTransaction", EthereumJson.Bytes(r)))]);

            // On a busy machine a gateway may stop waiting; what it took is ordered all the same.
            Assert.All(answers, a => Assert.True(a.Error is null or { Code: -32009 }, a.Error?.Message));
            return raw.Select(r => Keccak256.Of(r)).ToArray();
        }));
        Hash32[] all = [.. sent.SelectMany(s => s)];
        Assert.Equal(Accounts * Each, all.Distinct().Count());
        foreach (Hash32[] own in sent) await devnet.UntilStatusAsync(0, own[^1], "executed");

        ulong to = 0;
        foreach (Hash32[] own in sent) to = ulong.Max(to, (await devnet.Gateway(0, rollup).ReceiptAsync(own[^1]))!.BlockNumber);
        var executed = new HashSet<Hash32>();
        IReadOnlyList<EthereumRpcClient> executions = devnet.Executions(rollup);
        foreach (EthereumRpcClient execution in executions)
            await Devnet.UntilAsync($"{execution.Endpoint} is at {to}", async () => await execution.BlockNumberAsync() >= to);
        for (ulong number = from; number <= to; number++)
        {
            JsonElement committed = await devnet.Node(0).CallAsync(new EthereumCall("sharedseq_getNamespaceBlock", rollup, number));
            Hash32[] order = [.. committed.GetProperty("transactions").EnumerateArray()
                .Select(t => Keccak256.Of(EthereumJson.ReadBytes(t.GetProperty("data"), "data")))];
            EthereumBlock[] blocks = await Task.WhenAll(executions.Select(async e => (await e.BlockAsync(number))!));
            Assert.All(blocks, block => Assert.Equal(order, block.TransactionHashes));
            Assert.Single(blocks.Select(b => (b.Hash, b.StateRoot)).Distinct());
            executed.UnionWith(order);
        }

        Assert.Superset(all.ToHashSet(), executed);
    }

    [Fact]
    public async Task Logs_of_a_contract_come_over_a_websocket_until_it_is_unsubscribed_and_wallets_reads_are_answered()
    {
        // Each call logs 42 under one topic and ends; the first twelve bytes put this code in place.
        const string Topic = "1111111111111111111111111111111111111111111111111111111111111111";
        const string Runtime = "602a6000527f" + Topic + "60206000a100";
        byte[] creation = Convert.FromHexString("602c600c600039602c6000f3" + Runtime);
        EvmWallet wallet = devnet.Account(9);
        EthereumRpcClient gateway = devnet.Gateway(0, Alpha);
        ulong nonce = await PendingNonceAsync(gateway, wallet);
        Hash32 created = await gateway.SendRawTransactionAsync(
            wallet.Sign(Request(Alpha, nonce) with { To = null, Value = 0, Data = creation, GasLimit = 200_000 }));
        await devnet.UntilStatusAsync(0, created, "executed");
        string contract = (await ReadAsync("eth_getTransactionReceipt", created.ToString())).GetProperty("contractAddress").GetString()!;
        Assert.Equal("0x" + Runtime, (await ReadAsync("eth_getCode", contract, "latest")).GetString());

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(devnet.Rpc(0)) { Scheme = "ws", Path = "/rollups/9001" }.Uri, limit.Token);
        await AskAsync("eth_subscribe", "logs", new { address = devnet.Account(1).Address.ToString() });
        string id = (await AskAsync("eth_subscribe", "logs", new { address = contract, topics = (string[])["0x" + Topic] })).GetProperty("result").GetString()!;
        Assert.Equal(-32602, (await AskAsync("eth_subscribe", "logs", new { topics = "none" })).GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32602, (await AskAsync("eth_subscribe", "pending")).GetProperty("error").GetProperty("code").GetInt32());

        Assert.True(EvmAddress.TryParse(contract, out EvmAddress address));
        Hash32 called = await gateway.SendRawTransactionAsync(wallet.Sign(Request(Alpha, nonce + 1) with { To = address, Value = 0, GasLimit = 60_000 }));
        JsonElement notification = (await ReceiveAsync(socket, limit.Token)).GetProperty("params");
        Assert.Equal(id, notification.GetProperty("subscription").GetString());
        JsonElement log = notification.GetProperty("result");
        Assert.Equal(called.ToString(), log.GetProperty("transactionHash").GetString());
        Assert.Equal("0x" + Topic, log.GetProperty("topics")[0].GetString());
        Assert.EndsWith("2a", log.GetProperty("data").GetString(), StringComparison.Ordinal);
        Assert.True((await AskAsync("eth_unsubscribe", id)).GetProperty("result").GetBoolean());
        Assert.False((await AskAsync("eth_unsubscribe", id)).GetProperty("result").GetBoolean());

        JsonElement logs = await ReadAsync("eth_getLogs", new { fromBlock = "0x1", toBlock = "latest", address = contract });
        JsonElement found = Assert.Single(logs.EnumerateArray());
        Assert.Equal(log.GetProperty("blockHash").GetString(), found.GetProperty("blockHash").GetString());
        string block = log.GetProperty("blockNumber").GetString()!;
        JsonElement receipts = await ReadAsync("eth_getBlockReceipts", block);
        Assert.Contains(receipts.EnumerateArray(), r => r.GetProperty("transactionHash").GetString() == called.ToString());
        object invocation = new { from = wallet.Address.ToString(), to = contract };
        Assert.Equal("0x", (await ReadAsync("eth_call", invocation, "latest")).GetString());
        Assert.InRange(EthereumJson.ReadU64(await ReadAsync("eth_estimateGas", invocation), "gas"), 21_001UL, 60_000UL);
        Assert.StartsWith("0x", (await ReadAsync("eth_gasPrice")).GetString(), StringComparison.Ordinal);
        Assert.True((await ReadAsync("eth_feeHistory", "0x1", "latest", Array.Empty<int>())).TryGetProperty("baseFeePerGas", out _));
        Assert.Equal(0, (await ReadAsync("eth_accounts")).GetArrayLength());
        Assert.False((await ReadAsync("eth_syncing")).GetBoolean());
        EthereumAnswer overHttp = (await gateway.BatchAsync([new EthereumCall("eth_subscribe", "newHeads")]))[0];
        Assert.Equal(-32601, overHttp.Error?.Code);

        Task<JsonElement> ReadAsync(string method, params object[] parameters) =>
            gateway.CallAsync(new EthereumCall(method, [.. parameters.Select(p => JsonSerializer.SerializeToNode(p))]));

        async Task<JsonElement> AskAsync(string method, params object[] parameters)
        {
            byte[] call = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method, @params = parameters });
            await socket.SendAsync(call, WebSocketMessageType.Text, true, limit.Token);
            return await ReceiveAsync(socket, limit.Token);
        }
    }

    private async Task<JsonElement> RollupHealthAsync(int index) =>
        (await devnet.Node(index).CallAsync(new EthereumCall("sharedseq_health"))).GetProperty("rollups").EnumerateArray()
            .Single(r => r.GetProperty("namespace").GetUInt64() == Alpha);

    private static async Task<JsonElement> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        byte[] buffer = new byte[64 * 1024];
        int length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, length));
    }

    private static Task<ulong> PendingNonceAsync(EthereumRpcClient gateway, EvmWallet wallet) => gateway.NonceAsync(wallet.Address, "pending");

    private EvmTransactionRequest Request(ulong chain, ulong nonce) =>
        new() { ChainId = chain, Nonce = nonce, To = devnet.Account(19).Address, Value = 1 };

    private byte[] Transfer(EvmWallet wallet, ulong chain, ulong nonce) => wallet.Sign(Request(chain, nonce));

    private static async Task<string> RefusalAsync(EthereumRpcClient gateway, byte[] raw)
    {
        EthereumAnswer answer = (await gateway.BatchAsync([new EthereumCall("eth_sendRawTransaction", EthereumJson.Bytes(raw))]))[0];
        Assert.NotNull(answer.Error);
        return answer.Error.Message;
    }

    /// <summary>The answer's bytes, after all operators gave the same.</summary>
    private async Task<string> SameAsync(string method, params ulong[] parameters)
    {
        using var http = new HttpClient();
        string? first = null;
        for (int i = 0; i < devnet.Operators; i++)
        {
            using HttpResponseMessage answer = await http.PostAsJsonAsync(
                devnet.Rpc(i), new { jsonrpc = "2.0", id = 1, method, @params = parameters });
            string text = await answer.Content.ReadAsStringAsync();
            Assert.Contains("\"result\"", text, StringComparison.Ordinal);
            Assert.Equal(first ??= text, text);
        }

        return first!;
    }
}

using System.Text.Json.Nodes;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Adapters.Tests.EvmDev;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>The providers against a real execution client behind three endpoints.</summary>
public sealed class AnvilL1Tests
{
    // Stores calldata[64..96] in the slot calldata[32..64], then logs all calldata with calldata[0..32] and the slot as topics.
    private static readonly byte[] Logger = Convert.FromHexString("6018600c60003960186000f336600060003760403560203555602035600035366000a200");
    private static readonly AbiType Words = AbiType.Parse("(uint256,uint256,uint256)");

    [Fact]
    public async Task Logs_and_storage_of_a_real_chain_are_read_verified_while_one_endpoint_forges_receipts()
    {
        await using AnvilProcess anvil = await AnvilProcess.StartAsync(await Rollup.OptionsAsync());
        using var direct = new EthereumRpcClient(anvil.Endpoint);
        EvmWallet wallet = Rollup.Wallet(0);
        ulong nonce = 0;
        async Task SendAsync(EvmAddress? to, byte[] calldata) => await direct.SendRawTransactionAsync(wallet.Sign(
            new EvmTransactionRequest { ChainId = Rollup.ChainId, Nonce = nonce++, To = to, Data = calldata, GasLimit = 200_000 }));
        Task MineAsync() => direct.CallAsync(new EthereumCall("evm_mine"));

        EthereumHeader start = (await direct.HeaderAsync("latest"))!;
        await SendAsync(null, Logger);
        await MineAsync();
        EthereumBlock created = (await direct.BlockAsync(start.Number + 1))!;
        EvmAddress contract = (await direct.ReceiptAsync(created.TransactionHashes[0]))!.Created!.Value;
        for (ulong i = 1; i <= 5; i++)
        {
            await SendAsync(contract, AbiCodec.EncodeAll(Words, 100 + i, i, 1000 + i));
            await SendAsync(Rollup.Somebody, []);
            await MineAsync();
        }

        await using MisbehavingClient first = await MisbehavingClient.StartAsync(() => anvil.Endpoint);
        await using MisbehavingClient second = await MisbehavingClient.StartAsync(() => anvil.Endpoint);
        first.Rewrite = (method, answer) =>
        {
            if (method == "eth_getBlockReceipts" && answer["result"] is JsonArray receipts) receipts.RemoveAt(receipts.Count - 1);
        };
        using var providers = new L1Providers(
            new L1Options
            {
                ChainId = Rollup.ChainId,
                Providers =
                [
                    Provider("first", first.Endpoint), Provider("second", second.Endpoint), Provider("third", new Uri($"ws://127.0.0.1:{anvil.Port}")),
                ],
                StartNumber = start.Number,
                StartHash = start.Hash,
                Contracts = [contract],
                Tag = L1Tag.Depth,
                Depth = 1,
            },
            TimeProvider.System);
        IReadOnlyList<VerifiedL1Block> blocks = (await providers.PollAsync()).Blocks;
        Assert.Equal([1UL, 2, 3, 4, 5], blocks.Select(block => block.Number));
        Assert.Equal(["", "101", "102", "103", "104"], blocks.Select(block =>
            string.Join(' ', block.Logs.Select(log => AbiCodec.Decode(Words, log.Log.Content.Span)[0]))));
        Assert.All(blocks.SelectMany(block => block.Logs), log => Assert.Equal((contract, 0, 0), (log.Log.Address, log.Transaction, log.Index)));

        // Whoever is asked first, a block without its last receipt does not pass.
        using var forging = new EthereumRpcClient(first.Endpoint);
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => forging.ReceiptsAsync(blocks[1].Header));
        Assert.Equal(EthereumRpcFailure.FalseAnswer, e.Kind);
        Assert.Equal(2, (await direct.ReceiptsAsync(blocks[1].Header))!.Count);

        VerifiedL1Block last = blocks[^1];
        Hash32[] slots = [Slot(2), Slot(4), Slot(5), Slot(99)];
        (ProvedStorage? storage, _) = await providers.StorageAsync(last, contract, slots);
        Assert.Equal([Slot(1002), Slot(1004), Slot(0), Slot(0)], storage!.Words);
        Assert.Equal(Slot(1003), await direct.StorageAtAsync(contract, Slot(3), last.Hash));
        Assert.Equal(last.Logs.Select(log => log.Log.Content.ToArray()), (await direct.LogsAsync(last.Hash, [contract])).Select(log => log.Content.ToArray()));
        Assert.Empty(await direct.CallContractAsync(contract, AbiCodec.EncodeAll(Words, 1, 2, 3), last.Hash));
        Assert.Null(await direct.HeaderAsync(Keccak256.Of([1])));
    }

    private static Hash32 Slot(ulong number) => new(AbiCodec.Encode(AbiType.Parse("uint256"), number));

    private static L1ProviderOptions Provider(string name, Uri endpoint) => new(name, new EthereumRpcOptions { Endpoint = endpoint });
}

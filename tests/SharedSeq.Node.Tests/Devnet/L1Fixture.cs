using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Cli;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Devnet;

/// <summary>
/// The devnet's L1, whose blocks come when a test asks for them: a block with two transactions of two logs each, and some above it. Every test begins
/// with honest providers.
/// </summary>
public sealed class L1Fixture : IAsyncLifetime
{
    /// <summary>Stores a word and logs it twice, with a topic of its own each: PUSH, MSTORE, LOG1, LOG1, STOP behind code that returns them.</summary>
    private const string Logger = "6014600c60003960146000f3602a60005260aa60206000a160bb60206000a100";

    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-l1-").FullName;
    private readonly SortedDictionary<int, EthereumRpcClient> _clients = [];

    internal DevnetL1 L1 { get; private set; } = null!;

    internal string Folder => _folder;

    /// <summary>Two transactions, two logs each.</summary>
    internal EthereumBlock LogBlock { get; private set; } = null!;

    internal EvmAddress LogContract { get; private set; }

    public async Task InitializeAsync()
    {
        L1 = await DevnetL1.StartAsync(L1Place.OpenOrCreate(_folder), CancellationToken.None);
        await L1.Client.CallAsync(new EthereumCall("evm_setIntervalMining", 0));
        EvmWallet wallet = EvmWallet.FromMnemonic("test test test test test test test test test test test junk", 0);
        byte[] deploy = wallet.Sign(new EvmTransactionRequest
        {
            ChainId = DevnetL1.ChainId,
            Nonce = 0,
            To = null,
            Data = Convert.FromHexString(Logger),
            GasLimit = 200_000,
        });
        Hash32 deployed = await Provider(1).SendRawTransactionAsync(deploy);
        await MineAsync(1);
        LogContract = (await L1.Client.ReceiptAsync(deployed))!.Created!.Value;
        Hash32 last = default;
        for (ulong nonce = 1; nonce <= 2; nonce++)
        {
            var call = new EvmTransactionRequest { ChainId = DevnetL1.ChainId, Nonce = nonce, To = LogContract, GasLimit = 100_000 };
            last = await Provider(2).SendRawTransactionAsync(wallet.Sign(call));
        }

        await MineAsync(1);
        LogBlock = (await L1.Client.BlockAsync((await L1.Client.ReceiptAsync(last))!.BlockNumber))!;
        Assert.Equal(2, LogBlock.TransactionHashes.Count);
        await MineAsync(20);
    }

    public async Task DisposeAsync()
    {
        foreach (EthereumRpcClient client in _clients.Values) client.Dispose();
        await L1.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A provider as its clients see it.</summary>
    internal EthereumRpcClient Provider(int number)
    {
        if (!_clients.TryGetValue(number, out EthereumRpcClient? client))
        {
            _clients[number] = client = new EthereumRpcClient(
                new EthereumRpcOptions { Endpoint = L1.Providers[number - 1].Proxy.Endpoint, Timeout = TimeSpan.FromSeconds(30) });
        }

        return client;
    }

    /// <summary>Sets the faults of all three providers.</summary>
    internal async Task FaultsAsync(string first, string second = "none", string third = "none")
    {
        foreach ((int index, string text) in ((string[])[first, second, third]).Index())
        {
            Assert.True(L1ProviderFault.TryParse(text, out L1ProviderFault fault, out string why), why);
            await L1.SetFaultAsync(index + 1, fault, CancellationToken.None);
        }
    }

    internal Task MineAsync(int blocks) => L1.Client.CallAsync(new EthereumCall("anvil_mine", EthereumJson.Quantity((ulong)blocks)));

    /// <summary>A result as it comes, to be compared as a whole.</summary>
    internal static async Task<JsonNode?> AskAsync(EthereumRpcClient client, string method, params JsonNode?[] parameters) =>
        JsonSerializer.Deserialize<JsonNode>(await client.CallAsync(new EthereumCall(method, parameters)));

    internal static async Task<JsonObject> HeaderAsync(EthereumRpcClient client, string name) =>
        (await AskAsync(client, name.Length == 66 ? "eth_getBlockByHash" : "eth_getBlockByNumber", name, false))!.AsObject();
}

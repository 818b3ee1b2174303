using System.Numerics;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.EvmDev;

/// <summary>A real anvil with an adapter and the blocks it was given so far.</summary>
internal sealed class Rollup : IAsyncDisposable
{
    public const ulong ChainId = 7001;
    public const ulong GenesisSeconds = 1_700_000_000;
    public static readonly NamespaceId Namespace = new(ChainId);
    public static readonly EvmAddress Somebody = EvmAddress.Parse("0x00000000000000000000000000000000000beef1");
    public static readonly BigInteger Ether = BigInteger.Pow(10, 18);

    private static readonly Lazy<Task<string>> Binary = new(() => AnvilToolchain.ProvisionAsync());
    private static readonly EvmWallet[] Wallets =
        [.. Enumerable.Range(0, 20).Select(i => EvmWallet.FromMnemonic(AnvilOptions.DevnetMnemonic, (uint)i))];

    private Rollup(AnvilProcess anvil, AnvilOptions options)
    {
        Anvil = anvil;
        Options = options;
        Client = new EthereumRpcClient(anvil.Endpoint);
        Adapter = NewAdapter(anvil.Endpoint);
    }

    public AnvilProcess Anvil { get; private set; }

    public AnvilOptions Options { get; }

    public EthereumRpcClient Client { get; }

    public EvmDevAdapter Adapter { get; private set; }

    public AdapterSession Session { get; private set; } = null!;

    public List<AdapterBlock> Blocks { get; } = [];

    public List<ExecutionOutcome> Outcomes { get; } = [];

    public static async Task<AnvilOptions> OptionsAsync() =>
        new() { BinaryPath = await Binary.Value, ChainId = ChainId, GenesisTimestampSeconds = GenesisSeconds };

    public static async Task<Rollup> StartAsync(Func<AnvilOptions, AnvilOptions>? change = null)
    {
        AnvilOptions options = await OptionsAsync();
        if (change is not null) options = change(options);
        var rollup = new Rollup(await AnvilProcess.StartAsync(options), options);
        await rollup.OpenAsync();
        return rollup;
    }

    public static EvmDevAdapter NewAdapter(Uri endpoint, TimeSpan? timeout = null) => new(new EvmDevOptions
    {
        Endpoint = endpoint,
        ChainId = ChainId,
        GenesisTimestampSeconds = GenesisSeconds,
        Timeout = timeout ?? TimeSpan.FromSeconds(60),
    });

    public static EvmWallet Wallet(int index) => Wallets[index];

    /// <summary>A wallet without funds, the same for the same name.</summary>
    public static EvmWallet Poor(string name) => new(Sha.Of(System.Text.Encoding.UTF8.GetBytes(name)).ToArray());

    /// <summary>A transfer of one wei to somebody, unless changed.</summary>
    public static byte[] Transfer(
        EvmWallet from, ulong nonce, Func<EvmTransactionRequest, EvmTransactionRequest>? change = null)
    {
        var request = new EvmTransactionRequest { ChainId = ChainId, Nonce = nonce, To = Somebody, Value = 1 };
        return from.Sign(change is null ? request : change(request));
    }

    public async Task OpenAsync() => Session = await Adapter.OpenAsync(Namespace, 1);

    /// <summary>Another adapter, as after a crash of the process that held the first.</summary>
    public async Task ReopenAsync(Uri? endpoint = null)
    {
        Adapter.Dispose();
        Adapter = NewAdapter(endpoint ?? Anvil.Endpoint);
        await OpenAsync();
    }

    /// <summary>Another anvil on the same port: back at genesis.</summary>
    public async Task RestartAnvilAsync()
    {
        int port = Anvil.Port;
        await Anvil.DisposeAsync();
        Anvil = await AnvilProcess.StartAsync(Options with { Port = port });
    }

    /// <summary>The next block, not executed yet; 200 ms after the one before.</summary>
    public AdapterBlock NextBlock(params byte[][] transactions) => new()
    {
        Namespace = Namespace,
        Number = (ulong)Blocks.Count + 1,
        ParentHash = Outcomes.Count == 0 ? Session.Head.Hash : Outcomes[^1].Hash,
        Timestamp = new TimestampMs((GenesisSeconds * 1000) + (200 * ((ulong)Blocks.Count + 1))),
        Transactions = [.. transactions.Select(tx => (ReadOnlyMemory<byte>)tx)],
    };

    public Task<ExecutionOutcome> ExecuteAsync(params byte[][] transactions) => ExecuteAsync(NextBlock(transactions));

    public async Task<ExecutionOutcome> ExecuteAsync(AdapterBlock block)
    {
        ExecutionOutcome outcome = await Adapter.ExecuteAsync(Session, block);
        Blocks.Add(block);
        Outcomes.Add(outcome);
        return outcome;
    }

    /// <summary>
    /// After a new session: executes again what is above its head, as whoever drives an adapter does.
    /// </summary>
    public async Task RepeatFromHeadAsync()
    {
        for (int i = (int)Session.Head.Number; i < Blocks.Count; i++)
        {
            ExecutionOutcome again = await Adapter.ExecuteAsync(Session, Blocks[i]);
            Assert.Equal(Outcomes[i].ToAttestation(), again.ToAttestation());
        }
    }

    /// <summary>Executes blocks of another rollup.</summary>
    public async Task ReplayAsync(IEnumerable<AdapterBlock> blocks)
    {
        foreach (AdapterBlock block in blocks) await ExecuteAsync(block);
    }

    /// <summary>The outcomes of a fresh chain that is given the same blocks: what every operator must get.</summary>
    public static async Task<List<ExecutionOutcome>> ReferenceAsync(IEnumerable<AdapterBlock> blocks)
    {
        await using Rollup reference = await StartAsync();
        await reference.ReplayAsync(blocks);
        return reference.Outcomes;
    }

    public static void AssertEqual(IReadOnlyList<ExecutionOutcome> expected, IReadOnlyList<ExecutionOutcome> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++) Assert.Equal(expected[i].ToAttestation(), actual[i].ToAttestation());
    }

    public async ValueTask DisposeAsync()
    {
        Adapter.Dispose();
        Client.Dispose();
        await Anvil.DisposeAsync();
    }
}

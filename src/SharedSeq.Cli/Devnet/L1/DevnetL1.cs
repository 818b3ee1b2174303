using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>
/// The L1 of a devnet: one anvil with a block a second, three providers in front of it, and the other chains that forking providers answer from. Its
/// state is kept over restarts: contracts and balances stay where they are.
/// </summary>
internal sealed class DevnetL1 : IAsyncDisposable
{
    public const ulong ChainId = 9_000;

    public const int BlockSeconds = 1;

    /// <summary>Blocks from the newest to the safe one; finalized is twice as far: 8 s.</summary>
    public const int SlotsPerEpoch = 4;

    /// <summary>The deepest reorganisation and the oldest fork. 32: four times what is finalized.</summary>
    public const int ReorgBlocksMax = 32;

    /// <summary>The version of Ethereum that has P256VERIFY.</summary>
    private const string Hardfork = "osaka";

    /// <summary>
    /// EIP-2935's contract, which is removed: it gains a slot with each block, and anvil keeps a copy of it with each state, 80 KB a block after some minutes.
    /// The BLOCKHASH instruction does not need it.
    /// </summary>
    private const string HistoryContract = "0x0000F90827F1C53a10cb7A02335B175320002935";

    /// <summary>States of past blocks: what a reorganisation goes back to, and what can be read at a finalized block.</summary>
    private const int StatesKept = ReorgBlocksMax + 16;

    /// <summary>Until the process of an earlier start, which writes its state, has let go of the port.</summary>
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(20);

    private readonly L1Place _place;
    private readonly List<L1Provider> _providers = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SortedDictionary<int, (AnvilProcess Process, EthereumRpcClient Client)> _forks = [];
    private AnvilProcess? _anvil;
    private EthereumRpcClient? _client;

    private DevnetL1(L1Place place) => _place = place;

    public IReadOnlyList<L1Provider> Providers => _providers;

    /// <summary>The L1 itself, which no fault changes.</summary>
    public Uri Endpoint => _anvil!.Endpoint;

    public int Pid => _anvil!.Pid;

    /// <summary>To ask the L1 itself.</summary>
    public EthereumRpcClient Client => _client!;

    /// <summary>Ends when the L1's process has ended, for whatever reason.</summary>
    public Task Exited => _anvil!.Exited;

    /// <exception cref="AnvilException">It does not start; nothing is left running.</exception>
    /// <exception cref="EthereumRpcException">It does not answer; nothing is left running.</exception>
    /// <exception cref="ToolchainException">Anvil can not be installed.</exception>
    /// <exception cref="IOException">A provider's port is in use.</exception>
    public static async Task<DevnetL1> StartAsync(L1Place place, CancellationToken cancellation)
    {
        var l1 = new DevnetL1(place);
        try
        {
            string binary = await AnvilToolchain.ProvisionAsync(cancellation: cancellation);
            l1._anvil = await StartAnvilAsync(OptionsOf(binary) with { Port = place.Port, StateFile = place.StateFile }, cancellation);
            l1._client = ClientOf(l1._anvil);
            await l1._client.CallAsync(new EthereumCall("anvil_setCode", HistoryContract, "0x"), cancellation);
            for (int i = 0; i < L1Place.Providers; i++)
                l1._providers.Add(await L1Provider.StartAsync(i + 1, l1._client, place.ProviderPorts[i], l1.ForkAsync));
            return l1;
        }
        catch
        {
            await l1.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a provider a fault in place of the one that it has.</summary>
    /// <exception cref="EthereumRpcException">The L1 does not answer, or has no state to fork from.</exception>
    public async Task SetFaultAsync(int number, L1ProviderFault fault, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await _providers[number - 1].SetAsync(fault, cancellation);
            foreach (int depth in _forks.Keys.Except(_providers.Select(p => p.Fault).Where(f => f.Kind == L1FaultKind.Fork).Select(f => f.Amount)).ToList())
                await EndForkAsync(depth);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Replaces the newest blocks by others: the L1 itself, so that all providers see it.</summary>
    /// <exception cref="EthereumRpcException">The L1 does not have the state before them: it started less than so many blocks ago.</exception>
    public Task ReorgAsync(int depth, CancellationToken cancellation) => ReorgAsync(_client!, depth, cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (L1Provider provider in _providers) await provider.DisposeAsync();
        foreach (int depth in _forks.Keys.ToList()) await EndForkAsync(depth);
        _client?.Dispose();
        if (_anvil is not null) await _anvil.DisposeAsync();
    }

    private static AnvilOptions OptionsOf(string binary) => new()
    {
        BinaryPath = binary,
        ChainId = ChainId,
        GenesisTimestampSeconds = null,
        BlockSeconds = BlockSeconds,
        SlotsPerEpoch = SlotsPerEpoch,
        Hardfork = Hardfork,
        StatesKept = StatesKept,
    };

    private static EthereumRpcClient ClientOf(AnvilProcess anvil) =>
        new(new EthereumRpcOptions { Endpoint = anvil.Endpoint, ConnectionsMax = 32, Timeout = TimeSpan.FromSeconds(30) });

    private static async Task<AnvilProcess> StartAnvilAsync(AnvilOptions options, CancellationToken cancellation)
    {
        long from = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await AnvilProcess.StartAsync(options, cancellation);
            }
            catch (AnvilException e) when (
                e.Failure == AnvilFailure.Ended && e.Message.Contains("in use", StringComparison.OrdinalIgnoreCase)
                && Stopwatch.GetElapsedTime(from) < PortPatience)
            {
                await Task.Delay(100, cancellation);
            }
            catch (AnvilException e) when (e.Failure == AnvilFailure.Ended && File.Exists(options.StateFile))
            {
                throw new AnvilException(
                    e.Failure, $"the L1 does not go on from its state '{options.StateFile}'; --fresh begins anew, or restore the file: {e.Message}", e);
            }
        }
    }

    /// <summary>The new blocks are others even when they are empty: each has randomness of its own.</summary>
    private static Task ReorgAsync(EthereumRpcClient client, int depth, CancellationToken cancellation) =>
        client.CallAsync(new EthereumCall("anvil_reorg", depth, new JsonArray()), cancellation);

    /// <summary>The chain that left this one so many blocks ago: a copy of this one with its past states, reorganised.</summary>
    private async Task<EthereumRpcClient> ForkAsync(int depth, CancellationToken cancellation)
    {
        if (_forks.TryGetValue(depth, out (AnvilProcess Process, EthereumRpcClient Client) known)) return known.Client;
        string file = Path.Combine(_place.Folder, $"fork-{depth}.json");
        JsonElement dump = await _client!.CallAsync(new EthereumCall("anvil_dumpState", true), cancellation);
        await using (var packed = new GZipStream(new MemoryStream(EthereumJson.ReadBytes(dump, "the L1's state")), CompressionMode.Decompress))
        await using (FileStream state = File.Create(file))
            await packed.CopyToAsync(state, cancellation);
        try
        {
            string binary = await AnvilToolchain.ProvisionAsync(cancellation: cancellation);
            AnvilProcess anvil = await AnvilProcess.StartAsync(OptionsOf(binary) with { LoadFile = file }, cancellation);
            _forks[depth] = (anvil, ClientOf(anvil));
        }
        finally
        {
            File.Delete(file);
        }

        try
        {
            await ReorgAsync(_forks[depth].Client, depth, cancellation);
            return _forks[depth].Client;
        }
        catch
        {
            await EndForkAsync(depth);
            throw;
        }
    }

    private async Task EndForkAsync(int depth)
    {
        if (!_forks.Remove(depth, out (AnvilProcess Process, EthereumRpcClient Client) fork)) return;
        fork.Client.Dispose();
        await fork.Process.DisposeAsync();
    }
}

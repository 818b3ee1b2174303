using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Consensus;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;

namespace SharedSeq.Cli;

/// <summary>D1 and D7: execution clients of some operators give wrong answers, through a proxy in front of an honest dev chain.</summary>
internal sealed class LyingClientDrill : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<AnvilProcess> _clients = [];
    private readonly List<LyingClient> _liars = [];
    private BenchNetwork? _started;

    private BenchNetwork Network => _started!;

    private NamespacePolicy Rollup => Network.Genesis.Namespaces.First(ns => ns.Admission == AdmissionKind.Evm);

    /// <summary>D1: after a failed transaction a client charges other gas than all others, so its state is another from there on.</summary>
    public static async Task RunGasAsync(DrillRun run, CancellationToken cancellation)
    {
        await using LyingClientDrill drill = await StartAsync([3], cancellation);
        drill._liars[0].Lie = (method, answer) => MischargeAsync(drill._liars[0], method, answer);
        await drill.OneLiarAsync(run, failing: true, cancellation);
    }

    /// <summary>D7: a client gives a wrong state root; then, on another network, two of four give the same wrong one.</summary>
    public static async Task RunRootAsync(DrillRun run, CancellationToken cancellation)
    {
        await using (LyingClientDrill drill = await StartAsync([3], cancellation))
        {
            ulong from = (await drill.HealthAsync(0, cancellation)).Closed + 3;
            drill._liars[0].Lie = (method, answer) => WrongRootAsync(method, answer, from);
            await drill.OneLiarAsync(run, failing: false, cancellation);
        }

        await using LyingClientDrill both = await StartAsync([2, 3], cancellation);
        await both.TwoLiarsAsync(run, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_started is not null) await _started.DisposeAsync();
        foreach (LyingClient liar in _liars) await liar.DisposeAsync();
        foreach (AnvilProcess client in _clients) await client.DisposeAsync();
    }

    private static async Task<LyingClientDrill> StartAsync(int[] liars, CancellationToken cancellation)
    {
        var drill = new LyingClientDrill();
        try
        {
            drill._started = await BenchNetwork.StartAsync(4, 2, cancellation, rollups: 1, prepare: async folder =>
            {
                foreach (int liar in liars) folder.SetExecutionClient(liar, await drill.InterposeAsync(folder.Genesis, cancellation));
            });
            return drill;
        }
        catch
        {
            await drill.DisposeAsync();
            throw;
        }
    }

    /// <summary>An honest client with a proxy in front of it.</summary>
    private async Task<Uri> InterposeAsync(Genesis genesis, CancellationToken cancellation)
    {
        NamespacePolicy policy = genesis.Namespaces.First(ns => ns.Admission == AdmissionKind.Evm);
        AnvilProcess client = await AnvilProcess.StartAsync(
            new AnvilOptions
            {
                BinaryPath = await AnvilToolchain.ProvisionAsync(cancellation: cancellation),
                ChainId = policy.EvmChainId,
                GenesisTimestampSeconds = genesis.Timestamp.Value / 1000,
                GasLimit = policy.GasCap,
            },
            cancellation);
        _clients.Add(client);
        LyingClient liar = await LyingClient.StartAsync(client.Endpoint);
        _liars.Add(liar);
        return liar.Endpoint;
    }

    private async Task OneLiarAsync(DrillRun run, bool failing, CancellationToken cancellation)
    {
        const int Liar = 3;
        var witness = new BlockWitness();
        (ulong first, ulong last) = (0, 0);
        await NewLoad().RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(Network, stopped);
                first = await Network.HeightAsync(0, stopped);
                using var feeding = CancellationTokenSource.CreateLinkedTokenSource(stopped);
                Task feed = FeedAsync(failing, feeding.Token);
                long told = Stopwatch.GetTimestamp();
                await DrillRun.UntilAsync(
                    "the liar's client is quarantined", Patience, async () => (await HealthAsync(Liar, stopped)).IsQuarantined, stopped);
                run.Detected(Stopwatch.GetElapsedTime(told));
                ulong at = (await HealthAsync(0, stopped)).Closed;
                run.Recovered(await DrillRun.UntilAsync(
                    "the operators go on executing", Patience, async () => (await HealthAsync(0, stopped)).Executed > at + 3, stopped));
                bool[] others = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async i => (await HealthAsync(i, stopped)).IsQuarantined))];
                run.Check("only the liar's client is quarantined", !others.Contains(true), "operators 0, 1 and 2 follow");
                await feeding.CancelAsync();
                await feed;
                last = await Network.HeightAsync(0, stopped);
                await witness.NoteAsync(Network, stopped);
            },
            cancellation);
        run.Check("the operators' certified executions go on without it", true, "three more blocks executed by enough operators");
        await CheckOrderAsync(run, first, last, cancellation);
        run.OperatorStep($"replace the execution client of operator {Liar}");
        await run.CompareAsync(Network, witness, cancellation);
    }

    private async Task TwoLiarsAsync(DrillRun run, CancellationToken cancellation)
    {
        var witness = new BlockWitness();
        (ulong first, ulong last) = (0, 0);
        await NewLoad().RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(Network, stopped);
                first = await Network.HeightAsync(0, stopped);
                using var feeding = CancellationTokenSource.CreateLinkedTokenSource(stopped);
                Task feed = FeedAsync(failing: false, feeding.Token);
                await DrillRun.UntilAsync(
                    "all four clients execute", Patience, async () => (await HealthAsync(0, stopped)).Executed > 2, stopped);
                ulong from = (await HealthAsync(0, stopped)).Closed + 5;
                foreach (LyingClient liar in _liars) liar.Lie = (method, answer) => WrongRootAsync(method, answer, from);
                run.Detected(await DrillRun.UntilAsync(
                    "an honest operator says that executions are split", Patience, async () => (await HealthAsync(0, stopped)).IsSplit, stopped));
                ulong closed = (await HealthAsync(0, stopped)).Closed;
                await DrillRun.UntilAsync("blocks go on", Patience, async () => (await HealthAsync(0, stopped)).Closed > closed + 5, stopped);
                Health now = await HealthAsync(0, stopped);
                run.Check("two of four lie alike: no block from there on counts as executed", now.Executed < from,
                    $"executed {now.Executed}, lies from {from}, closed {now.Closed}");
                await feeding.CancelAsync();
                await feed;
                last = await Network.HeightAsync(0, stopped);
                await witness.NoteAsync(Network, stopped);
            },
            cancellation);
        await CheckOrderAsync(run, first, last, cancellation);
        run.OperatorStep("find out which two clients are right, replace the others");
        await run.CompareAsync(Network, witness, cancellation);
    }

    private async Task CheckOrderAsync(DrillRun run, ulong first, ulong last, CancellationToken cancellation)
    {
        double limit = 3 * Network.ConfigurationOf(0).Consensus.SlotTimeoutMs;
        CommittedGap longest = CommittedGap.Longest(await CommittedGap.ReadAsync(Network, first, last, cancellation));
        run.CheckTime($"the next height comes within three slot timeouts ({limit:0} ms)", longest.Ms <= limit, $"longest {longest}; heights {first} to {last}");
    }

    /// <summary>Transactions of the rollup until it is told to stop: transfers, and when asked for one in four that fails.</summary>
    private async Task FeedAsync(bool failing, CancellationToken cancellation)
    {
        using var gateway = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = new Uri(Network.Rpcs[0], $"rollups/{Rollup.Id}") });
        EvmWallet wallet = EvmWallet.FromMnemonic(AnvilOptions.DevnetMnemonic, 0);
        try
        {
            for (ulong nonce = 0; ; nonce++)
            {
                var request = new EvmTransactionRequest { ChainId = Rollup.EvmChainId, Nonce = nonce, To = wallet.Address, Value = 1 };

                // PUSH1 0 PUSH1 0 REVERT: a contract whose creation fails.
                if (failing && nonce % 4 == 3) request = request with { To = null, Value = 0, Data = Convert.FromHexString("60006000fd"), GasLimit = 100_000 };
                byte[] raw = wallet.Sign(request);
                Network.Ledger.Submit([BatchBody.IdOf(Rollup.Id, 0, raw).Value]);
                await gateway.SendRawTransactionAsync(raw, cancellation);
                await Task.Delay(100, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // enough
        }
    }

    private LoadGenerator NewLoad() => new(
        Network.Rpcs, [.. Network.Genesis.Namespaces.Where(ns => ns.Admission == AdmissionKind.Opaque).Select(ns => ns.Id)], Network.Committees,
        Network.Ledger, DrillRun.Light);

    private async Task<Health> HealthAsync(int index, CancellationToken cancellation)
    {
        JsonElement rollup = (await Network.CallAsync(index, "sharedseq_health", cancellation)).GetProperty("rollups")[0];
        return new Health(
            rollup.GetProperty("closed").GetUInt64(), rollup.GetProperty("executed").GetUInt64(), rollup.GetProperty("quarantined").GetBoolean(),
            rollup.GetProperty("split").GetBoolean());
    }

    private static Task WrongRootAsync(string method, JsonObject answer, ulong from)
    {
        if (BlockOf(method, answer) is { } block && NumberOf(block, "number") >= from) Falsify(block);
        return Task.CompletedTask;
    }

    private static async Task MischargeAsync(LyingClient liar, string method, JsonObject answer)
    {
        if (BlockOf(method, answer) is not { } block || block["transactions"] is not JsonArray { Count: > 0 }) return;
        JsonArray receipts = (await liar.AskAsync("eth_getBlockReceipts", (string)block["number"]!))!.AsArray();
        if (!receipts.Any(receipt => (string?)receipt!["status"] == "0x0")) return;
        block["gasUsed"] = $"0x{NumberOf(block, "gasUsed") + 2_300:x}";
        Falsify(block);
    }

    private static JsonObject? BlockOf(string method, JsonObject answer) => method == "eth_getBlockByNumber" ? answer["result"] as JsonObject : null;

    private static ulong NumberOf(JsonObject block, string field) => Convert.ToUInt64((string)block[field]!, 16);

    /// <summary>Another state root, the same one whoever lies.</summary>
    private static void Falsify(JsonObject block)
    {
        string root = (string)block["stateRoot"]!;
        block["stateRoot"] = root[..^1] + (root[^1] == '0' ? '1' : '0');
    }

    private readonly record struct Health(ulong Closed, ulong Executed, bool IsQuarantined, bool IsSplit);
}

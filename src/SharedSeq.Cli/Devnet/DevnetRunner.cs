using System.Globalization;
using System.Text.Json;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>Starts the operators and the L1 of a devnet, waits until all are ready, shows how they do, and stops them.</summary>
internal sealed class DevnetRunner(DevnetOptions options)
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private OperatorProcess[] _operators = [];
    private Task<DevnetL1>? _l1Start;
    private DevnetL1? _l1;
    private bool _isL1Told;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        long started = Environment.TickCount64;
        string lockFile = Path.Combine(options.DataFolder, "devnet.lock");

        // Before the folder is opened, which with --fresh removes it.
        if (File.Exists(lockFile)) Hold(lockFile).Dispose();
        DevnetFolder folder = DevnetFolder.OpenOrCreate(options);
        using FileStream held = Hold(lockFile);
        File.Delete(folder.StateFile);
        try
        {
            // Once for all operators and outside of their deadline: a first install downloads.
            if (options.Rollups > 0 || !options.IsWithoutL1) await AnvilToolchain.ProvisionAsync(cancellation: cancellation);
            if (!options.IsWithoutL1) _l1Start = DevnetL1.StartAsync(L1Place.OpenOrCreate(folder.L1Folder), cancellation);
            _operators = [.. folder.Operators.Select(OperatorProcess.Start)];
            await WaitUntilReadyAsync(folder, cancellation);
            if (_l1Start is not null) _l1 = await _l1Start;
            await using DevnetControl? control =
                _l1 is null ? null : await DevnetControl.StartAsync(folder.Folder, new L1Control(_l1).ObeyAsync);
            WriteState(folder);
            Announce(folder, Environment.TickCount64 - started);
            await WatchAsync(folder, cancellation);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
        finally
        {
            File.Delete(folder.StateFile);
            await Task.WhenAll([StopL1Async(), .. _operators.Select(o => o.StopAsync(StopPatience))]);
            if (!options.IsJson) Console.WriteLine("stopped; start again with the same command to resume");
        }
    }

    /// <summary>Also one whose start failed or is under way: why is told by whoever waited for it.</summary>
    private async Task StopL1Async()
    {
        if (_l1Start is null) return;
        await ((Task)_l1Start).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_l1Start.IsCompletedSuccessfully) await (await _l1Start).DisposeAsync();
    }

    /// <summary>Two devnets in one folder would remove each other's files. The system lets go of it when the process ends, however it ends.</summary>
    private FileStream Hold(string lockFile)
    {
        try
        {
            return new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new CommandException($"a devnet runs in '{options.DataFolder}': stop it first, or choose another --data");
        }
    }

    private async Task WaitUntilReadyAsync(DevnetFolder folder, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(options.ReadyTimeoutSeconds));
        foreach (OperatorProcess o in _operators)
        {
            string missing = "no answer yet";
            try
            {
                while ((missing = await ReadinessAsync(o, deadline.Token)).Length > 0)
                {
                    if (o.HasExited)
                        throw new CommandException($"operator {o.Operator.Index} ended with code {o.ExitCode}:\n{OperatorProcess.LastLines(o.Operator, 5)}");

                    // After a long pause execution clients replay the whole chain: as long as that goes on, nothing is stuck.
                    if (missing.Contains("replays block", StringComparison.Ordinal))
                        deadline.CancelAfter(TimeSpan.FromSeconds(options.ReadyTimeoutSeconds));
                    await Task.Delay(100, deadline.Token);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new CommandException(
                    $"operator {o.Operator.Index} is not ready after {options.ReadyTimeoutSeconds} s: {missing}; its log is {o.Operator.LogFile}");
            }
        }
    }

    /// <summary>Why an operator is not ready; empty when it is.</summary>
    private async Task<string> ReadinessAsync(OperatorProcess o, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri(o.Operator.Rpc, "readyz"), cancellation);
            return answer.IsSuccessStatusCode ? "" : (await answer.Content.ReadAsStringAsync(cancellation)).Trim().ReplaceLineEndings("; ");
        }
        catch (HttpRequestException)
        {
            return "its port does not answer";
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return "it answers too slowly";
        }
    }

    private void WriteState(DevnetFolder folder)
    {
        byte[] state = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                chainId = folder.Genesis.Chain.Value,
                genesisHash = folder.Genesis.Hash.ToString(),
                genesisFile = folder.GenesisFile,
                operators = _operators.Select(o => new
                {
                    index = o.Operator.Index,
                    pid = o.Pid,
                    rpc = o.Operator.Rpc.ToString().TrimEnd('/'),
                    dataDir = o.Operator.DataFolder,
                }),
                rollups = folder.Rollups.Select(ns => new
                {
                    @namespace = ns.Id.Value,
                    name = ns.Name,
                    chainId = ns.EvmChainId,
                    gateway = GatewayOf(folder, ns),
                    executionRpc = folder.Operators.Take(options.AttesterCount).Select(o => ExecutionRpc(o, ns)).Where(rpc => rpc is not null),
                }),
                l1 = _l1 is not { } l1 ? null : new
                {
                    chainId = DevnetL1.ChainId,
                    pid = l1.Pid,
                    rpc = l1.Endpoint.ToString().TrimEnd('/'),
                    blockSeconds = DevnetL1.BlockSeconds,
                    safeBlocks = DevnetL1.SlotsPerEpoch,
                    finalizedBlocks = 2 * DevnetL1.SlotsPerEpoch,
                    providers = l1.Providers.Select(p => new
                    {
                        provider = p.Number,
                        http = p.Proxy.Endpoint.ToString().TrimEnd('/'),
                        webSocket = p.Proxy.SocketEndpoint.ToString().TrimEnd('/'),
                    }),
                },
                controlFile = _l1 is null ? null : DevnetControl.FileOf(folder.Folder),
                accounts = Accounts().Select(w => new { address = w.Address.ToString(), privateKey = w.ExportSecret() }),
            },
            Json);
        FileReplacement.Write(DiskFileLayer.Instance, folder.StateFile, state);
    }

    private static IEnumerable<EvmWallet> Accounts() =>
        Enumerable.Range(0, 20).Select(i => EvmWallet.FromMnemonic(AnvilOptions.DevnetMnemonic, (uint)i));

    private static string GatewayOf(DevnetFolder folder, NamespacePolicy ns) =>
        new Uri(folder.Operators[0].Rpc, string.Create(CultureInfo.InvariantCulture, $"rollups/{ns.Id}")).ToString();

    /// <summary>The node writes down where its own execution clients listen.</summary>
    private static string? ExecutionRpc(DevnetOperator o, NamespacePolicy ns)
    {
        string path = Path.Combine(o.DataFolder, string.Create(CultureInfo.InvariantCulture, $"execution-{ns.Id}.rpc"));
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    private void Announce(DevnetFolder folder, long elapsedMs)
    {
        if (options.IsJson)
        {
            var ready = new { @event = "ready", milliseconds = elapsedMs, state = folder.StateFile };
            Console.WriteLine(JsonSerializer.Serialize(ready, JsonSerializerOptions.Web));
            return;
        }

        Console.WriteLine($"SharedSeq devnet ready in {elapsedMs / 1000.0:0.0} s: {_operators.Length} operators, genesis {folder.Genesis.Hash}");
        foreach (OperatorProcess o in _operators) Console.WriteLine($"  operator {o.Operator.Index}  {o.Operator.Rpc}  pid {o.Pid}");
        foreach (NamespacePolicy ns in folder.Rollups)
            Console.WriteLine($"  rollup {ns.Name,-8} chain id {ns.EvmChainId}  {GatewayOf(folder, ns)}");
        if (_l1 is { } l1)
        {
            Console.WriteLine($"  L1       chain id {DevnetL1.ChainId}  {l1.Endpoint}  pid {l1.Pid}");
            foreach (L1Provider p in l1.Providers) Console.WriteLine($"  provider {p.Number}  {p.Proxy.Endpoint}  {p.Proxy.SocketEndpoint}");
        }

        EvmWallet first = Accounts().First();
        Console.WriteLine($"  account  {first.Address}  key {first.ExportSecret()}  (10,000 ETH on every chain; 19 more in {folder.StateFile})");
        if (folder.Rollups.FirstOrDefault() is { } rollup)
            Console.WriteLine(
                $"try: cast send --rpc-url {GatewayOf(folder, rollup)} --private-key {first.ExportSecret()} " +
                "--value 1ether 0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
        if (_l1 is not null) Console.WriteLine("try: sharedseq devnet l1 set-fault --provider 2 --fault lag:12, then sharedseq devnet l1 show");
        Console.WriteLine("Ctrl-C stops everything.");
    }

    private async Task WatchAsync(DevnetFolder folder, CancellationToken cancellation)
    {
        var view = new DevnetView(options.IsJson, folder);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            if (options.IsRestarting) RestartDead(folder);
            TellOfL1();
            await view.ShowAsync(_operators, _http, cancellation);
        }
    }

    private void TellOfL1()
    {
        if (_isL1Told || _l1 is null || !_l1.Exited.IsCompleted) return;
        _isL1Told = true;
        Console.WriteLine(
            options.IsJson ? JsonSerializer.Serialize(new { @event = "died", l1 = _l1.Pid }, JsonSerializerOptions.Web)
                : "the L1 died; operators go on without it. Start the devnet again to have it back");
    }

    private void RestartDead(DevnetFolder folder)
    {
        for (int i = 0; i < _operators.Length; i++)
        {
            if (!_operators[i].HasExited) continue;
            DevnetOperator place = _operators[i].Operator;
            _operators[i].Dispose();
            _operators[i] = OperatorProcess.Start(place);
            WriteState(folder);
        }
    }
}

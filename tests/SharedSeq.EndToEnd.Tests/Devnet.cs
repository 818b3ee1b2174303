using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SharedSeq.Ethereum;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>
/// A devnet of four operators and two rollups, started as a user does, shared by the tests of a class. Everything it starts ends with it; every wait
/// has a deadline that says what was missing.
/// </summary>
public class Devnet : IAsyncLifetime
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "sharedseq-e2e-" + Guid.NewGuid().ToString("n")[..8]);
    private readonly List<EthereumRpcClient> _clients = [];
    private readonly List<Process> _revived = [];
    private Process? _process;
    private JsonElement _state;

    public int Operators => _state.GetProperty("operators").GetArrayLength();

    /// <summary>The genesis document to trust.</summary>
    public string GenesisFile => Path.Combine(_folder, "genesis.json");

    /// <summary>Further options of the devnet command.</summary>
    protected virtual string[] Options => [];

    private static string Program => Path.Combine(AppContext.BaseDirectory, "sharedseq.dll");

    public async Task InitializeAsync()
    {
        _process = Start(["devnet", "--data", _folder, "--fresh", "--json", "--ready-timeout", "150", .. Options]);
        string file = Path.Combine(_folder, "devnet.json");
        await UntilAsync(
            "the devnet is ready", () => _process.HasExited
                ? throw new InvalidOperationException($"devnet ended with {_process.ExitCode}")
                : Task.FromResult(File.Exists(file)), 180);
        _state = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file));
    }

    public async Task DisposeAsync()
    {
        foreach (EthereumRpcClient client in _clients) client.Dispose();
        foreach (Process revived in _revived) await StopAsync(revived);
        if (_process is not null) await StopAsync(_process);
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    public EvmWallet Account(int index) =>
        new(EthereumJson.ReadBytes(_state.GetProperty("accounts")[index].GetProperty("privateKey"), "private key"));

    public Uri Rpc(int index) => new(_state.GetProperty("operators")[index].GetProperty("rpc").GetString()!);

    /// <summary>The methods of an operator.</summary>
    public EthereumRpcClient Node(int index) => Connect(Rpc(index));

    /// <summary>The Ethereum endpoint of a rollup at an operator.</summary>
    public EthereumRpcClient Gateway(int index, ulong ns) => Connect(new Uri(Rpc(index), string.Create(CultureInfo.InvariantCulture, $"rollups/{ns}")));

    /// <summary>The L1 itself for 0, or one of the providers in front of it, as devnet.json names them.</summary>
    public EthereumRpcClient L1(int provider)
    {
        JsonElement l1 = _state.GetProperty("l1");
        return Connect(new Uri((provider == 0 ? l1.GetProperty("rpc") : l1.GetProperty("providers")[provider - 1].GetProperty("http")).GetString()!));
    }

    /// <summary>The rollup's execution clients themselves, one per operator.</summary>
    public IReadOnlyList<EthereumRpcClient> Executions(ulong ns) =>
    [
        .. _state.GetProperty("rollups").EnumerateArray().Single(r => r.GetProperty("namespace").GetUInt64() == ns)
            .GetProperty("executionRpc").EnumerateArray().Select(e => Connect(new Uri(e.GetString()!))),
    ];

    /// <summary>kill -9 of an operator's own process.</summary>
    public void Kill(int index)
    {
        using var victim = Process.GetProcessById(_state.GetProperty("operators")[index].GetProperty("pid").GetInt32());
        victim.Kill();
        victim.WaitForExit(StopPatience);
    }

    /// <summary>Starts a killed operator again, as its message says.</summary>
    public void Revive(int index) =>
        _revived.Add(Start("node", "run", "--config", Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"operator-{index}"), "node.json")));

    /// <summary>Waits for something that takes its time.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds, int seconds = 60)
    {
        long deadline = Environment.TickCount64 + (seconds * 1_000L);
        string last = "";
        while (Environment.TickCount64 < deadline)
        {
            try
            {
                if (await holds()) return;
            }
            catch (EthereumRpcException e)
            {
                last = e.Message;
            }

            await Task.Delay(50);
        }

        Assert.Fail($"not within {seconds} s: {what}. {last}");
    }

    /// <summary>The status of a transaction at an operator, by its keccak hash.</summary>
    public async Task<JsonElement?> StatusAsync(int index, Primitives.Hash32 hash)
    {
        EthereumAnswer answer = (await Node(index).BatchAsync([new EthereumCall("sharedseq_getTransaction", hash.ToString())]))[0];
        return answer.Error is null ? answer.Result : null;
    }

    public Task UntilStatusAsync(int index, Primitives.Hash32 hash, string status) => UntilAsync(
        $"{hash} is {status} at operator {index}",
        async () => await StatusAsync(index, hash) is { } known && known.GetProperty("status").GetString() == status);

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Program);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Asks to stop as Ctrl-C does, waits, and kills what does not.</summary>
    private static async Task StopAsync(Process process)
    {
        if (!process.HasExited)
        {
            using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
            using var deadline = new CancellationTokenSource(StopPatience);
            try
            {
                await process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        process.Dispose();
    }

    private EthereumRpcClient Connect(Uri endpoint)
    {
        lock (_clients)
        {
            foreach (EthereumRpcClient known in _clients)
                if (known.Endpoint == endpoint) return known;
            var client = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = endpoint, Timeout = TimeSpan.FromSeconds(60) });
            _clients.Add(client);
            return client;
        }
    }
}

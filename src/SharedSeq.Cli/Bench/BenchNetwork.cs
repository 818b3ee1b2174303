using System.Globalization;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>Resources the operators have used.</summary>
internal readonly record struct BenchUsage(double CpuSeconds, double ResidentMiBMax, double AllocatedBytes, ulong Height);

/// <summary>A network of its own for a benchmark: operators as processes in a temporary folder, the shipped defaults, nothing switched off.</summary>
internal sealed class BenchNetwork : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly DevnetFolder _folder;
    private readonly OperatorProcess[] _operators;
    private readonly string _path;

    private BenchNetwork(string path, DevnetFolder folder, OperatorProcess[] operators)
    {
        _path = path;
        _folder = folder;
        _operators = operators;
        Verifier = new MessageVerifier(folder.Genesis.Domain, folder.Genesis.Committee, new P256Scheme());
    }

    public MessageVerifier Verifier { get; }

    public IReadOnlyList<Uri> Rpcs => [.. _folder.Operators.Select(o => o.Rpc)];

    public IReadOnlyList<NamespaceId> Namespaces => [.. _folder.Genesis.Namespaces.Select(ns => ns.Id)];

    public static async Task<BenchNetwork> StartAsync(int operators, int namespaces, CancellationToken cancellation)
    {
        string path = Directory.CreateTempSubdirectory("sharedseq-bench-").FullName;
        DevnetFolder folder = DevnetFolder.OpenOrCreate(
            new DevnetOptions { DataFolder = path, Operators = operators, Rollups = 0, OpaqueNamespaces = namespaces });
        var network = new BenchNetwork(path, folder, [.. folder.Operators.Select(OperatorProcess.Start)]);
        for (int i = 0; i < operators; i++) await network.WaitReadyAsync(i, TimeSpan.FromSeconds(60), cancellation);
        return network;
    }

    public async Task WaitReadyAsync(int index, TimeSpan patience, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri(_folder.Operators[index].Rpc, "readyz"), deadline.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                if (_operators[index].HasExited)
                    throw new CommandException($"operator {index} ended:\n{OperatorProcess.LastLines(_folder.Operators[index], 5)}");
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new CommandException($"operator {index} is not ready after {patience.TotalSeconds} s");
            }

            await Task.Delay(50, deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The operator that leads the current slot.</summary>
    public async Task<int> LeaderAsync(CancellationToken cancellation) =>
        (int)(await CallAsync(0, "sharedseq_health", cancellation)).GetProperty("leader").GetUInt64();

    /// <summary>kill -9.</summary>
    public void Kill(int index) => _operators[index].Kill();

    public async Task ReviveAsync(int index, CancellationToken cancellation)
    {
        _operators[index].Dispose();
        _operators[index] = OperatorProcess.Start(_folder.Operators[index]);
        await WaitReadyAsync(index, TimeSpan.FromSeconds(60), cancellation);
    }

    public async Task<BenchUsage> UsageAsync(CancellationToken cancellation)
    {
        double cpu = 0, resident = 0, allocated = 0;
        ulong height = 0;
        for (int i = 0; i < _operators.Length; i++)
        {
            if (_operators[i].HasExited) continue;
            Dictionary<string, double> metrics = await MetricsAsync(i, cancellation);
            cpu += metrics["process_cpu_microseconds_total"] / 1e6;
            allocated += metrics["dotnet_allocated_bytes_total"];
            resident = double.Max(resident, metrics["process_resident_memory_bytes"] / (1024.0 * 1024.0));
            height = ulong.Max(height, (ulong)metrics["sharedseq_height_ordered"]);
        }

        return new BenchUsage(cpu, resident, allocated, height);
    }

    /// <summary>
    /// Compares what the operators serve with the generator's own ledger: every acknowledged transaction exactly once, none invented, and the same
    /// blocks at every operator.
    /// </summary>
    /// <returns>What is wrong; empty when all is well.</returns>
    public async Task<string> CheckAsync(IReadOnlyCollection<Hash32> committed, CancellationToken cancellation)
    {
        var ordered = new HashSet<Hash32>();
        foreach (NamespaceId ns in Namespaces)
        {
            ulong head = (await CallAsync(0, "sharedseq_getHead", cancellation, ns.Value)).GetProperty("number").GetUInt64();
            for (ulong number = 1; number <= head; number++)
            {
                JsonElement block = await CallAsync(0, "sharedseq_getNamespaceBlock", cancellation, ns.Value, number, new { ids = true });
                foreach (JsonElement id in block.GetProperty("ids").EnumerateArray())
                {
                    if (!ordered.Add(Hash32.Parse(id.GetString()!))) return $"a transaction is ordered twice in namespace {ns}: {id}";
                }
            }

            for (int i = 1; i < _operators.Length && head > 0; i++)
            {
                if (_operators[i].HasExited) continue;
                await WaitForHeadAsync(i, ns, head, cancellation);
                string mine = (await CallAsync(0, "sharedseq_getNamespaceBlock", cancellation, ns.Value, head, new { ids = true })).ToString();
                string other = (await CallAsync(i, "sharedseq_getNamespaceBlock", cancellation, ns.Value, head, new { ids = true })).ToString();
                if (mine != other) return $"operators 0 and {i} serve different blocks {head} of namespace {ns}";
            }
        }

        foreach (Hash32 id in committed)
        {
            if (!ordered.Contains(id)) return $"transaction {id} was acknowledged as committed and is in no block";
        }

        return "";
    }

    /// <summary>A revived operator may still be catching up.</summary>
    private async Task WaitForHeadAsync(int index, NamespaceId ns, ulong head, CancellationToken cancellation)
    {
        long deadline = Environment.TickCount64 + 30_000;
        while ((await CallAsync(index, "sharedseq_getHead", cancellation, ns.Value)).GetProperty("number").GetUInt64() < head)
        {
            if (Environment.TickCount64 > deadline) throw new CommandException($"operator {index} did not catch up to block {head} of namespace {ns} in 30 s");
            await Task.Delay(50, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_operators.Select(o => o.StopAsync(TimeSpan.FromSeconds(10))));
        Directory.Delete(_path, recursive: true);
        _http.Dispose();
    }

    private async Task<JsonElement> CallAsync(int index, string method, CancellationToken cancellation, params object[] parameters)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 1, method, @params = parameters }));
        using HttpResponseMessage answer = await _http.PostAsync(_folder.Operators[index].Rpc, body, cancellation);
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
        return document.RootElement.TryGetProperty("result", out JsonElement result)
            ? result.Clone()
            : throw new CommandException($"{method} at operator {index}: {document.RootElement.GetProperty("error")}");
    }

    private async Task<Dictionary<string, double>> MetricsAsync(int index, CancellationToken cancellation)
    {
        string text = await _http.GetStringAsync(new Uri(_folder.Operators[index].Rpc, "metrics"), cancellation);
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith('#') || line.LastIndexOf(' ') is var space && space < 0) continue;
            values[line[..line.LastIndexOf(' ')]] = double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }

        return values;
    }
}

using System.Globalization;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>Resources the operators have used, all their incarnations together.</summary>
internal readonly record struct BenchUsage(double CpuSeconds, double ResidentMiBMax, double AllocatedBytes, ulong Height);

/// <summary>What the comparison of the operators' blocks with the ledger outside of them gave.</summary>
/// <param name="Fault">What is wrong; empty when all is well.</param>
/// <param name="Ordered">Transactions in blocks, each exactly once, each one submitted.</param>
/// <param name="Rejected">Promised transactions that every operator shows as rejected, by the rules: their time ran out during a cut, mostly.</param>
/// <param name="LeastHeightsLeft">Least heights between a receipt's deadline and the block of its transaction; null without receipts.</param>
/// <param name="Lost">Promised transactions in no block and not rejected, or in one after their deadline; null when it did not come to counting.</param>
internal readonly record struct LedgerVerdict(string Fault, int Ordered, int Rejected, long? LeastHeightsLeft, int? Lost);

/// <summary>
/// A network of its own for a benchmark or a test of faults: operators as processes in a temporary folder, with the configuration of a devnet: the
/// shipped defaults, but for the calls a second and the connections of one client, which are at their highest. With links, every operator reaches the ones of
/// greater index through one that can be cut.
/// </summary>
internal sealed class BenchNetwork : IAsyncDisposable
{
    /// <summary>Calls in one request: what an operator takes at most.</summary>
    private const int CallsAtOnce = 100;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly DevnetFolder _folder;
    private readonly List<OperatorProcess?> _operators;
    private readonly List<OperatorProcess> _twins = [];
    private readonly List<PeerLink> _links = [];
    private readonly string _path;
    private BenchUsage _ended;

    private BenchNetwork(string path, DevnetFolder folder)
    {
        _path = path;
        _folder = folder;
        _operators = [.. new OperatorProcess?[folder.Operators.Count]];
        Committees = new NetworkDirectory(folder.Genesis, Rpcs);
    }

    /// <summary>What an outsider knows of the network: proofs of all kinds are checked by it.</summary>
    public NetworkDirectory Committees { get; }

    /// <summary>Of the first epoch.</summary>
    public MessageVerifier Verifier => Committees.VerifierOf(Epoch.Zero)!;

    /// <summary>What clients of this network submitted and were promised.</summary>
    public OutsideLedger Ledger { get; } = new();

    public IReadOnlyList<Uri> Rpcs => [.. _folder.Operators.Select(o => o.Rpc)];

    public IReadOnlyList<NamespaceId> Namespaces => [.. _folder.Genesis.Namespaces.Select(ns => ns.Id)];

    /// <summary>D of the network's policy.</summary>
    public ulong ReceiptDeadlineHeights => _folder.Genesis.Policy.ReceiptDeadlineHeights;

    public Genesis Genesis => _folder.Genesis;

    /// <summary>Where each operator's files and ports are.</summary>
    public IReadOnlyList<DevnetOperator> Places => _folder.Operators;

    /// <summary>What an operator is started with.</summary>
    public NodeConfiguration ConfigurationOf(int index) =>
        ConfigurationLoader.Load(Places[index].ConfigFile, new Dictionary<string, string>(StringComparer.Ordinal), []);

    /// <summary>Operators whose processes run.</summary>
    public IEnumerable<int> Alive => Enumerable.Range(0, _operators.Count).Where(i => _operators[i] is { HasExited: false });

    /// <param name="operators">Size of the committee.</param>
    /// <param name="namespaces">Opaque namespaces.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="isLinked">Whether the network between the operators can be cut and delayed.</param>
    /// <param name="absent">An operator that is not started: its keys are left to whoever plays it.</param>
    /// <param name="rollups">EVM rollups; each operator drives an execution client for each.</param>
    /// <param name="prepare">Changes the files before the first start.</param>
    /// <param name="epochSeconds">Least seconds of an epoch; 0 for one without end.</param>
    public static async Task<BenchNetwork> StartAsync(
        int operators, int namespaces, CancellationToken cancellation, bool isLinked = false, int? absent = null, int rollups = 0,
        Func<DevnetFolder, Task>? prepare = null, int epochSeconds = 0)
    {
        string path = Directory.CreateTempSubdirectory("sharedseq-bench-").FullName;
        DevnetFolder folder = DevnetFolder.OpenOrCreate(
            new DevnetOptions
            {
                DataFolder = path,
                Operators = operators,
                Rollups = rollups,
                OpaqueNamespaces = namespaces,
                EpochSeconds = epochSeconds,
            });
        var network = new BenchNetwork(path, folder);
        try
        {
            if (isLinked) network.LinkAll();
            if (prepare is not null) await prepare(folder);
            int[] present = [.. Enumerable.Range(0, operators).Where(i => i != absent)];
            foreach (int i in present) network._operators[i] = OperatorProcess.Start(folder.Operators[i]);
            foreach (int i in present) await network.WaitReadyAsync(i, TimeSpan.FromSeconds(60), cancellation);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more operator, which observes until it has joined.</summary>
    /// <returns>Its index.</returns>
    public int AddOperator()
    {
        _operators.Add(OperatorProcess.Start(_folder.AddOperator()));
        return _operators.Count - 1;
    }

    /// <summary>Opens one of an operator's keys by its file's name.</summary>
    public P256PrivateKey OpenKey(int index, string name, KeyKind kind) => _folder.OpenKey(index, name, kind);

    /// <summary>The link between two operators, in either order.</summary>
    public PeerLink Link(int one, int other) => _links.Single(l => l.From == int.Min(one, other) && l.To == int.Max(one, other));

    /// <summary>Cuts every link between these operators and the others.</summary>
    public Task CutAsync(IReadOnlyCollection<int> side) =>
        Task.WhenAll(_links.Where(l => side.Contains(l.From) != side.Contains(l.To)).Select(l => l.CutAsync()));

    /// <summary>Heals every link.</summary>
    public void Heal()
    {
        foreach (PeerLink link in _links) link.Heal();
    }

    /// <summary>Lets every byte between operators take so long.</summary>
    public void Delay(TimeSpan delay)
    {
        foreach (PeerLink link in _links) link.Delay = delay;
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
                if (_operators[index] is not { HasExited: false })
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
        (int)(await CallAsync(Alive.First(), "sharedseq_health", cancellation)).GetProperty("leader").GetUInt64();

    /// <summary>Height an operator has ordered.</summary>
    public async Task<ulong> HeightAsync(int index, CancellationToken cancellation) => (await UsageOfAsync(index, cancellation)).Height;

    /// <summary>Other operators that one has a session with; its metrics count itself as well.</summary>
    public async Task<int> ConnectedPeersAsync(int index, CancellationToken cancellation)
    {
        Dictionary<string, double> metrics = await MetricsAsync(index, cancellation);
        return metrics.Count(metric => metric.Key.StartsWith("sharedseq_peer_connected{", StringComparison.Ordinal) && metric.Value > 0) - 1;
    }

    /// <summary>Hash of the block of a height at an operator.</summary>
    public async Task<string> BlockHashAsync(int index, ulong height, CancellationToken cancellation) =>
        (await CallAsync(index, "sharedseq_getBlock", cancellation, height)).GetProperty("hash").GetString()!;

    /// <summary>The process runs no more until <see cref="Resume"/>, and does not know it.</summary>
    public void Pause(int index) => Running(index).Pause();

    public void Resume(int index) => Running(index).Resume();

    /// <summary>A killed operator's disk is gone: everything but its keys and configuration.</summary>
    public void LoseDisk(int index) => Directory.Delete(Places[index].DataFolder, recursive: true);

    /// <summary>Starts a killed operator again, without waiting until it is ready.</summary>
    public async Task RestartAsync(int index)
    {
        await Running(index).StopAsync(TimeSpan.FromSeconds(10));
        _operators[index] = OperatorProcess.Start(_folder.Operators[index]);
    }

    /// <summary>Starts an operator that was absent or stopped, without waiting until it is ready.</summary>
    public void StartAbsent(int index)
    {
        if (_operators[index] is not null) throw new CommandException($"operator {index} runs already");
        _operators[index] = OperatorProcess.Start(_folder.Operators[index]);
    }

    /// <summary>A second process with a killed operator's keys and a copy of its disk, at ports of its own.</summary>
    /// <returns>The twin's public interface.</returns>
    public async Task<Uri> StartTwinAsync(int index, CancellationToken cancellation)
    {
        await Running(index).WaitForExitAsync(cancellation);
        DevnetOperator twin = _folder.CreateTwin(index);
        _twins.Add(OperatorProcess.Start(twin));
        return twin.Rpc;
    }

    /// <summary>kill -9 of all twins.</summary>
    public void KillTwins()
    {
        foreach (OperatorProcess twin in _twins.Where(twin => !twin.HasExited)) twin.Kill();
    }

    /// <summary>Ends an operator for good, and waits until it is gone.</summary>
    public async Task StopAsync(int index)
    {
        await Running(index).StopAsync(TimeSpan.FromSeconds(10));
        _operators[index] = null;
    }

    /// <summary>kill -9, now: what the operator has used is lost to <see cref="UsageAsync"/>.</summary>
    public void Kill(int index) => Running(index).Kill();

    /// <summary>kill -9, once what the operator has used is written down.</summary>
    public async Task KillAsync(int index, CancellationToken cancellation)
    {
        BenchUsage last = await UsageOfAsync(index, cancellation);
        Kill(index);
        _ended = _ended with { CpuSeconds = _ended.CpuSeconds + last.CpuSeconds, AllocatedBytes = _ended.AllocatedBytes + last.AllocatedBytes };
    }

    /// <summary>Starts killed operators again, all at once, and waits until they are ready.</summary>
    public async Task ReviveAsync(CancellationToken cancellation, params int[] indexes)
    {
        foreach (int index in indexes) await RestartAsync(index);
        foreach (int index in indexes) await WaitReadyAsync(index, TimeSpan.FromSeconds(60), cancellation);
    }

    public async Task<BenchUsage> UsageAsync(CancellationToken cancellation)
    {
        BenchUsage sum = _ended;
        foreach (int i in Alive)
        {
            BenchUsage one = await UsageOfAsync(i, cancellation);
            sum = new BenchUsage(
                sum.CpuSeconds + one.CpuSeconds, double.Max(sum.ResidentMiBMax, one.ResidentMiBMax), sum.AllocatedBytes + one.AllocatedBytes,
                ulong.Max(sum.Height, one.Height));
        }

        return sum;
    }

    /// <summary>
    /// Compares what the living operators serve with the ledger: every transaction acknowledged as committed or accepted exactly once, the accepted
    /// ones by their receipt's deadline, none invented, and the same blocks at every operator.
    /// </summary>
    public async Task<LedgerVerdict> CheckAsync(CancellationToken cancellation)
    {
        int bad = await Ledger.CountBadReceiptsAsync(Committees, cancellation);
        if (bad > 0) return Wrong($"{bad} receipts do not verify");

        // What was promised and not seen done, and the newest of the rest, may still be on its way.
        var committed = Ledger.Committed.SelectMany(ids => ids).ToHashSet();
        IEnumerable<Hash32> owed = Ledger.Accepted.SelectMany(a => a.Ids).Where(id => !committed.Contains(id));
        string fault = "";
        try
        {
            await WaitDecidedAsync(
                Alive.First(), owed.Concat(Ledger.Committed.TakeLast(CallsAtOnce).Select(ids => ids[0])), TimeSpan.FromSeconds(60), cancellation);
        }
        catch (CommandException e)
        {
            // Whatever is still not decided is counted below.
            fault = e.Message;
        }

        var submitted = Ledger.Submitted.SelectMany(ids => ids).ToHashSet();
        var ordered = new Dictionary<Hash32, ulong>();
        foreach (NamespaceId ns in Namespaces)
        {
            string wrong = await ReadNamespaceAsync(ns, submitted, ordered, cancellation);
            if (wrong.Length > 0) return Wrong(wrong);
        }

        Hash32[] absent = [.. committed.Concat(owed).Where(id => !ordered.ContainsKey(id)).Distinct()];
        int lost = 0;
        foreach (Hash32[] some in absent.Chunk(CallsAtOnce))
        {
            (int count, string first) = await FindNotRejectedAsync(some, cancellation);
            lost += count;
            if (fault.Length == 0) fault = first;
        }

        int rejected = absent.Length - lost;
        long? least = null;
        foreach ((Hash32[] ids, SubmitReply.Accepted receipt) in Ledger.Accepted)
        {
            ulong deadline = receipt.Proof.HighestHeight.Value + ReceiptDeadlineHeights;
            foreach (Hash32 id in ids)
            {
                if (!ordered.TryGetValue(id, out ulong height)) continue;
                long left = (long)deadline - (long)height;
                if (left < 0)
                {
                    lost++;
                    if (fault.Length == 0) fault = $"transaction {id} is in height {height}, its receipt's deadline was {deadline}";
                }

                least = long.Min(least ?? long.MaxValue, left);
            }
        }

        return new LedgerVerdict(fault, ordered.Count, rejected, least, lost);

        static LedgerVerdict Wrong(string fault) => new(fault, 0, 0, null, null);
    }

    /// <summary>Waits until one operator has ordered every transaction of these, or rejected it.</summary>
    /// <exception cref="CommandException">It does not, in this time.</exception>
    public async Task WaitDecidedAsync(int index, IEnumerable<Hash32> ids, TimeSpan patience, CancellationToken cancellation)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        foreach (Hash32[] some in ids.Chunk(CallsAtOnce))
        {
            object[][] calls = [.. some.Select(id => (object[])[id.ToString()])];
            while (true)
            {
                JsonElement[] answers = await BatchAsync(index, "sharedseq_getTransaction", calls, cancellation);
                int missing = Array.FindIndex(answers, a => !IsDecided(a));
                if (missing < 0) break;
                if (Environment.TickCount64 > deadline)
                    throw new CommandException($"operator {index} has not decided {some[missing]} after {patience.TotalSeconds} s: {answers[missing]}");
                await Task.Delay(20, cancellation);
            }
        }

        static bool IsDecided(JsonElement answer) =>
            answer.TryGetProperty("result", out JsonElement known)
            && known.GetProperty("status").GetString() is not ("received" or "accepted");
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_operators.OfType<OperatorProcess>().Concat(_twins).Select(o => o.StopAsync(TimeSpan.FromSeconds(10))));
        foreach (PeerLink link in _links) await link.DisposeAsync();
        Directory.Delete(_path, recursive: true);
        _http.Dispose();
    }

    private OperatorProcess Running(int index) => _operators[index] ?? throw new CommandException($"operator {index} was never started");

    private void LinkAll()
    {
        for (int from = 0; from < _folder.Operators.Count; from++)
        {
            int[] ports = [.. _folder.Operators.Select(o => o.PeerPort)];
            for (int to = from + 1; to < ports.Length; to++)
            {
                var link = new PeerLink(from, to, ports[to]);
                _links.Add(link);
                ports[to] = link.Port;
            }

            _folder.SetPeerPorts(from, ports);
        }
    }

    /// <summary>Resources that one operator has used.</summary>
    public async Task<BenchUsage> UsageOfAsync(int index, CancellationToken cancellation)
    {
        Dictionary<string, double> metrics = await MetricsAsync(index, cancellation);
        return new BenchUsage(
            metrics["process_cpu_microseconds_total"] / 1e6, metrics["process_resident_memory_bytes"] / (1024.0 * 1024.0),
            metrics["dotnet_allocated_bytes_total"], (ulong)metrics["sharedseq_height_ordered"]);
    }

    /// <summary>Reads all blocks of a namespace from the operator that is furthest and compares the others' heads, which name all before them.</summary>
    /// <returns>What is wrong; empty when all is well.</returns>
    private async Task<string> ReadNamespaceAsync(
        NamespaceId ns, HashSet<Hash32> submitted, Dictionary<Hash32, ulong> ordered, CancellationToken cancellation)
    {
        (int Index, ulong Head) first = (-1, 0);
        foreach (int i in Alive)
        {
            ulong head = await HeadAsync(i, ns, cancellation);
            if (first.Index < 0 || head > first.Head) first = (i, head);
        }

        for (ulong number = 1; number <= first.Head; number += CallsAtOnce)
        {
            ulong count = ulong.Min(CallsAtOnce, first.Head - number + 1);
            object[][] calls = [.. Enumerable.Range(0, (int)count).Select(i => (object[])[ns.Value, number + (ulong)i, new { ids = true }])];
            foreach (JsonElement answer in await BatchAsync(first.Index, "sharedseq_getNamespaceBlock", calls, cancellation))
            {
                if (!answer.TryGetProperty("result", out JsonElement block)) return $"operator {first.Index} does not serve its own block: {answer}";
                ulong height = block.GetProperty("lastHeight").GetUInt64();
                foreach (JsonElement item in block.GetProperty("ids").EnumerateArray())
                {
                    Hash32 id = Hash32.Parse(item.GetString()!);
                    if (!ordered.TryAdd(id, height)) return $"a transaction is ordered twice in namespace {ns}: {id}";
                    if (!submitted.Contains(id)) return $"a transaction that nobody submitted is in namespace {ns}: {id}";
                }
            }
        }

        foreach (int i in Alive.Where(i => i != first.Index && first.Head > 0))
        {
            await WaitForHeadAsync(i, ns, first.Head, cancellation);
            string mine = (await CallAsync(first.Index, "sharedseq_getNamespaceBlock", cancellation, ns.Value, first.Head, new { ids = true })).ToString();
            string other = (await CallAsync(i, "sharedseq_getNamespaceBlock", cancellation, ns.Value, first.Head, new { ids = true })).ToString();
            if (mine != other) return $"operators {first.Index} and {i} serve different blocks {first.Head} of namespace {ns}";
        }

        return "";
    }

    /// <summary>A promised transaction that is in no block must be rejected, for a reason that all operators agree on.</summary>
    /// <returns>How many are not, and what is wrong with the first one; empty when all are.</returns>
    private async Task<(int Count, string First)> FindNotRejectedAsync(Hash32[] ids, CancellationToken cancellation)
    {
        object[][] calls = [.. ids.Select(id => (object[])[id.ToString()])];
        JsonElement[] first = [];
        var lost = new HashSet<Hash32>();
        string fault = "";
        foreach (int i in Alive)
        {
            JsonElement[] answers = await BatchAsync(i, "sharedseq_getTransaction", calls, cancellation);
            if (first.Length == 0) first = answers;
            for (int n = 0; n < ids.Length; n++)
            {
                bool isRejected = answers[n].TryGetProperty("result", out JsonElement known) && known.GetProperty("status").GetString() == "rejected";
                if (isRejected && answers[n].ToString() == first[n].ToString()) continue;
                lost.Add(ids[n]);
                if (fault.Length == 0) fault = $"transaction {ids[n]} was promised and is in no block; operator {i} says {answers[n]}";
            }
        }

        return (lost.Count, fault);
    }

    /// <summary>Number of the newest block of a namespace at an operator.</summary>
    public async Task<ulong> HeadAsync(int index, NamespaceId ns, CancellationToken cancellation) =>
        (await CallAsync(index, "sharedseq_getHead", cancellation, ns.Value)).GetProperty("number").GetUInt64();

    /// <summary>A revived operator may still be catching up.</summary>
    private async Task WaitForHeadAsync(int index, NamespaceId ns, ulong head, CancellationToken cancellation)
    {
        long deadline = Environment.TickCount64 + 30_000;
        while (await HeadAsync(index, ns, cancellation) < head)
        {
            if (Environment.TickCount64 > deadline) throw new CommandException($"operator {index} did not catch up to block {head} of namespace {ns} in 30 s");
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Several calls of one method; answers in their order, each with result or error.</summary>
    private async Task<JsonElement[]> BatchAsync(int index, string method, object[][] calls, CancellationToken cancellation)
    {
        using var body = new StringContent(JsonSerializer.Serialize(calls.Select((p, i) => new { jsonrpc = "2.0", id = i, method, @params = p })));
        using HttpResponseMessage answer = await _http.PostAsync(_folder.Operators[index].Rpc, body, cancellation);
        JsonElement[] items = JsonSerializer.Deserialize<JsonElement[]>(await answer.Content.ReadAsStringAsync(cancellation))!;
        return [.. items.OrderBy(item => item.GetProperty("id").GetInt32())];
    }

    public async Task<JsonElement> CallAsync(int index, string method, CancellationToken cancellation, params object[] parameters)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 1, method, @params = parameters }));
        using HttpResponseMessage answer = await _http.PostAsync(_folder.Operators[index].Rpc, body, cancellation);
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
        return document.RootElement.TryGetProperty("result", out JsonElement result)
            ? result.Clone()
            : throw new CommandException($"{method} at operator {index}: {document.RootElement.GetProperty("error")}");
    }

    public async Task<Dictionary<string, double>> MetricsAsync(int index, CancellationToken cancellation)
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

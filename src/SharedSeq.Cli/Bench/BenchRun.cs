using System.Globalization;
using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>One benchmark's settings and its way of measuring and printing.</summary>
internal sealed record BenchRun(int Operators, int PayloadBytes, int WarmUpSeconds, int RunSeconds, int Rate, bool IsJson)
{
    private const int Namespaces = 16;

    public Task<BenchNetwork> StartAsync(CancellationToken cancellation, bool isLinked = false) =>
        BenchNetwork.StartAsync(Operators, Namespaces, cancellation, isLinked);

    public LoadGenerator NewGenerator(BenchNetwork network, LoadOptions load) => new(
        network.Rpcs, network.Namespaces, network.Committees, network.Ledger,
        load with { PayloadBytes = PayloadBytes, WarmUpSeconds = WarmUpSeconds, RunSeconds = RunSeconds });

    public async Task MeasureAsync(string name, LoadOptions load, CancellationToken cancellation)
    {
        await using BenchNetwork network = await StartAsync(cancellation);
        BenchUsage before = await network.UsageAsync(cancellation);
        LoadOutcome outcome = await NewGenerator(network, load).RunAsync(cancellation);
        BenchUsage after = await network.UsageAsync(cancellation);
        LedgerVerdict verdict = await CheckAsync(name, network, cancellation);
        if (verdict.Rejected > 0) throw NoResult($"{name}: {verdict.Rejected} transactions were rejected in order");
        Print(name, load, outcome, before, after);
    }

    /// <summary>Compares the operators with the ledger outside of them.</summary>
    /// <exception cref="CommandException">They differ: the run has no result.</exception>
    public static async Task<LedgerVerdict> CheckAsync(string name, BenchNetwork network, CancellationToken cancellation)
    {
        LedgerVerdict verdict = await network.CheckAsync(cancellation);
        return verdict.Fault.Length == 0 ? verdict : throw NoResult($"{name}: {verdict.Fault}");
    }

    /// <summary>Prints one result, as JSON or as a line.</summary>
    public void Report(object json, string text) =>
        Console.WriteLine(IsJson ? JsonSerializer.Serialize(json, JsonSerializerOptions.Web) : text);

    /// <summary>Load at the rate asked for, or at the benchmark's own.</summary>
    public LoadOptions Paced(int rate, int frame) => new() { FrameSize = frame, InFlight = 0, Rate = Rate > 0 ? Rate : rate };

    /// <summary>A run whose figures mean nothing, with the reason.</summary>
    public static CommandException NoResult(string reason) => new($"{reason}: this run has no result");

    /// <summary>The end of a result's line: what was compared, and how busy the machine was.</summary>
    public static string Checked(long transactions) =>
        string.Create(CultureInfo.InvariantCulture, $"{transactions:n0} transactions exactly once, equal blocks; load {LoadAverage()}");

    /// <summary>JSON knows no infinity.</summary>
    public static double? Finite(double value) => double.IsFinite(value) ? value : null;

    public static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "?";

    private void Print(string name, LoadOptions load, LoadOutcome outcome, BenchUsage before, BenchUsage after)
    {
        long total = long.Max(1, outcome.LedgerCount);
        double cpu = (after.CpuSeconds - before.CpuSeconds) * 1e6 / total;
        double allocated = (after.AllocatedBytes - before.AllocatedBytes) / total;
        double heights = (after.Height - before.Height) / (WarmUpSeconds + outcome.Seconds);
        double p50 = outcome.PercentileMs(0.5);
        double p99 = outcome.PercentileMs(0.99);
        Report(
            new
            {
                name,
                transactionsPerSecond = outcome.PerSecond,
                megabytesPerSecond = outcome.PerSecond * PayloadBytes / 1e6,
                p50Ms = p50,
                p99Ms = p99,
                longestSilenceMs = outcome.LongestSilenceMs,
                refused = outcome.Refused,
                cpuMicrosPerTransaction = cpu,
                allocatedBytesPerTransaction = allocated,
                residentMiBMax = after.ResidentMiBMax,
                heightsPerSecond = heights,
                frame = load.FrameSize,
                inFlight = load.InFlight,
                rate = load.Rate,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {outcome.PerSecond:n0} tx/s ({outcome.PerSecond * PayloadBytes / 1e6:0.0} MB/s), p50 {p50:0.0} ms, p99 {p99:0.0} ms, "
                + $"longest silence {outcome.LongestSilenceMs:0} ms, server CPU {cpu:0.0} us/tx, {allocated:n0} B allocated/tx, "
                + $"RSS {after.ResidentMiBMax:0} MiB, {heights:0} heights/s, refused {outcome.Refused:n0}; "
                + $"{Checked(outcome.LedgerCount)}"));
    }
}

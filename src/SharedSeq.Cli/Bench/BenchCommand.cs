using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>bench throughput|latency|crash: measures a network of its own on this machine, with the shipped defaults.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "Seconds measured per run.", DefaultValueFactory = _ => 30, Recursive = true };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds before measuring.", DefaultValueFactory = _ => 10, Recursive = true };
        var operators = new Option<int>("--operators") { Description = "Operators.", DefaultValueFactory = _ => 4, Recursive = true };
        var payload = new Option<int>("--payload") { Description = "Bytes of a transaction.", DefaultValueFactory = _ => 512, Recursive = true };
        var rate = new Option<int>("--rate")
        {
            Description = "Transactions a second where paced; 0 for the benchmark's own.",
            DefaultValueFactory = _ => 0,
            Recursive = true,
        };
        var json = new Option<bool>("--json") { Description = "One JSON object per run.", Recursive = true };
        var command = new Command("bench", "Measure a network of its own. Example: sharedseq bench throughput --seconds 10")
        {
            seconds, warmUp, operators, payload, rate, json,
        };
        Add(command, "throughput",
            "Most transactions a second: 16 connections, 4,096 under way in frames of 64; and 128 single ones under way (B1).", Throughput);
        Add(command, "latency", "Submit to committed at 500 transactions a second, single submissions (B3b).", Latency);
        Add(command, "load", "CPU per transaction and memory at a paced load in frames (B4).", Load);
        Add(command, "crash", "Longest silence when the leader, then another operator, is killed under load (B5).", Crash);
        return command;

        void Add(Command parent, string name, string text, Func<BenchRun, CancellationToken, Task> run)
        {
            var sub = new Command(name, text);
            sub.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
            {
                await run(
                    new BenchRun(
                        result.GetValue(operators), result.GetValue(payload), result.GetValue(warmUp), result.GetValue(seconds), result.GetValue(rate),
                        result.GetValue(json)),
                    cancellation);
                return ExitCode.Ok;
            }));
            parent.Subcommands.Add(sub);
        }
    }

    private static async Task Throughput(BenchRun run, CancellationToken cancellation)
    {
        await run.MeasureAsync("B1 framed, 4,096 under way", new LoadOptions(), cancellation);
        await run.MeasureAsync("B1 single, 128 under way", new LoadOptions { FrameSize = 1, InFlight = 128 }, cancellation);
    }

    private static Task Latency(BenchRun run, CancellationToken cancellation) =>
        run.MeasureAsync("B3b", new LoadOptions { FrameSize = 1, InFlight = 0, Rate = run.Rate > 0 ? run.Rate : 500 }, cancellation);

    private static Task Load(BenchRun run, CancellationToken cancellation) =>
        run.MeasureAsync("B4", new LoadOptions { FrameSize = 64, InFlight = 0, Rate = run.Rate > 0 ? run.Rate : 20_000 }, cancellation);

    private static Task Crash(BenchRun run, CancellationToken cancellation) =>
        run.MeasureCrashAsync(new LoadOptions { FrameSize = 16, InFlight = 0, Rate = run.Rate > 0 ? run.Rate : 2_000 }, cancellation);
}

/// <summary>One benchmark's settings and its way of measuring and printing.</summary>
internal sealed record BenchRun(int Operators, int PayloadBytes, int WarmUpSeconds, int RunSeconds, int Rate, bool IsJson)
{
    private const int Namespaces = 16;

    public async Task MeasureAsync(string name, LoadOptions load, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(Operators, Namespaces, cancellation);
        BenchUsage before = await network.UsageAsync(cancellation);
        LoadOutcome outcome = await NewGenerator(network, load).RunAsync(cancellation);
        BenchUsage after = await network.UsageAsync(cancellation);
        string fault = await network.CheckAsync(outcome.CommittedIds, cancellation);
        if (fault.Length > 0) throw new CommandException($"{name}: {fault}: this run has no result");
        Print(name, load, outcome, before, after);
    }

    public async Task MeasureCrashAsync(LoadOptions load, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(Operators, Namespaces, cancellation);
        for (int victim = 0; victim < Operators; victim++)
        {
            int index = victim == 0 ? await network.LeaderAsync(cancellation) : victim;
            Task<LoadOutcome> running = NewGenerator(network, load).RunAsync(cancellation);
            await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds + (RunSeconds / 3)), cancellation);
            BenchUsage before = await network.UsageAsync(cancellation);
            network.Kill(index);
            LoadOutcome outcome = await running;
            await network.ReviveAsync(index, cancellation);
            string fault = await network.CheckAsync(outcome.CommittedIds, cancellation);
            if (fault.Length > 0) throw new CommandException($"B5 operator {index}: {fault}: this run has no result");
            Print($"B5 kill -9 of operator {index}{(victim == 0 ? " (leader)" : "")}", load, outcome, before, await network.UsageAsync(cancellation));
        }
    }

    private LoadGenerator NewGenerator(BenchNetwork network, LoadOptions load) => new(
        network.Rpcs, network.Namespaces, network.Verifier,
        load with { PayloadBytes = PayloadBytes, WarmUpSeconds = WarmUpSeconds, RunSeconds = RunSeconds });

    private void Print(string name, LoadOptions load, LoadOutcome outcome, BenchUsage before, BenchUsage after)
    {
        long total = long.Max(1, outcome.CommittedIds.Count);
        double cpu = (after.CpuSeconds - before.CpuSeconds) * 1e6 / total;
        double allocated = (after.AllocatedBytes - before.AllocatedBytes) / total;
        double heights = (after.Height - before.Height) / (double)(WarmUpSeconds + RunSeconds);
        if (IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    name,
                    transactionsPerSecond = outcome.PerSecond,
                    megabytesPerSecond = outcome.PerSecond * PayloadBytes / 1e6,
                    p50Ms = outcome.P50Ms,
                    p99Ms = outcome.P99Ms,
                    longestSilenceMs = outcome.LongestSilenceMs,
                    refused = outcome.Refused,
                    cpuMicrosPerTransaction = cpu,
                    allocatedBytesPerTransaction = allocated,
                    residentMiBMax = after.ResidentMiBMax,
                    heightsPerSecond = heights,
                    frame = load.FrameSize,
                    inFlight = load.InFlight,
                    rate = load.Rate,
                    checkedTransactions = outcome.CommittedIds.Count,
                    loadAverage = LoadAverage(),
                },
                JsonSerializerOptions.Web));
            return;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {outcome.PerSecond:n0} tx/s ({outcome.PerSecond * PayloadBytes / 1e6:0.0} MB/s), p50 {outcome.P50Ms:0.0} ms, p99 {outcome.P99Ms:0.0} ms, "
            + $"longest silence {outcome.LongestSilenceMs:0} ms, server CPU {cpu:0.0} us/tx, {allocated:n0} B allocated/tx, RSS {after.ResidentMiBMax:0} MiB, "
            + $"{heights:0} heights/s, refused {outcome.Refused:n0}; "
            + $"{outcome.CommittedIds.Count:n0} transactions exactly once, equal blocks; load {LoadAverage()}"));
    }

    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "?";
}

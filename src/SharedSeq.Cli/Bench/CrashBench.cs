using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using SharedSeq.Client;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>What `bench crash` does to the operators.</summary>
internal enum CrashScenario
{
    Turn,
    Dead,
    Carry,
    Receipt,
    Restart,
    All,
}

/// <summary>B5: operators are killed with kill -9 under load. Every scenario has a network of its own and ends with the ledger's check.</summary>
/// <param name="run">Settings.</param>
/// <param name="carryRate">Transactions a second that three of four are to carry.</param>
internal sealed class CrashBench(BenchRun run, int carryRate)
{
    /// <summary>Transactions in the frame whose receipt is waited for.</summary>
    private const int ReceiptFrame = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task RunAsync(CrashScenario scenario, CancellationToken cancellation)
    {
        bool isAll = scenario == CrashScenario.All;
        if (isAll || scenario == CrashScenario.Turn) await TurnAsync(cancellation);
        if (isAll || scenario == CrashScenario.Dead) await DeadAsync(cancellation);
        if (isAll || scenario == CrashScenario.Carry) await CarryAsync(cancellation);
        if (isAll || scenario == CrashScenario.Receipt) await ReceiptAsync(cancellation);
        if (isAll || scenario == CrashScenario.Restart) await RestartAsync(cancellation);
    }

    private LoadOptions Paced(int rate, int frame) =>
        run.Paced(rate, frame) with { WantsReceipts = true };

    /// <summary>Each operator is killed once, the leader first, a third into the measured time, and started again after the run.</summary>
    private async Task TurnAsync(CancellationToken cancellation)
    {
        LoadOptions load = Paced(2_000, 16);
        await using BenchNetwork network = await run.StartAsync(cancellation);
        int leader = await network.LeaderAsync(cancellation);
        foreach (int victim in Enumerable.Range(0, run.Operators).OrderBy(i => i != leader))
        {
            string name = $"B5 kill -9 of operator {victim}{(victim == leader ? " (leader)" : "")}";
            BenchUsage before = await network.UsageAsync(cancellation);
            long killed = 0;
            LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
                async stopped =>
                {
                    await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds / 3.0), stopped);
                    await network.KillAsync(victim, stopped);
                    killed = Stopwatch.GetTimestamp();
                    await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds * 2 / 3.0), stopped);
                },
                cancellation);
            BenchUsage after = await network.UsageAsync(cancellation);
            await network.ReviveAsync(cancellation, victim);
            await BenchRun.CheckAsync(name, network, cancellation);
            double healthy = outcome.P99Ms(0, killed);
            double crash = outcome.P99Ms(killed, killed + (10 * Stopwatch.Frequency));
            double cpu = (after.CpuSeconds - before.CpuSeconds) * 1e6 / long.Max(1, outcome.LedgerCount);
            run.Report(
                new
                {
                    name,
                    transactionsPerSecond = outcome.PerSecond,
                    longestSilenceMs = outcome.LongestSilenceMs,
                    healthyP99Ms = healthy,
                    tenSecondsP99Ms = BenchRun.Finite(crash),
                    cpuMicrosPerTransaction = cpu,
                    residentMiBMax = after.ResidentMiBMax,
                    refused = outcome.Refused,
                    unanswered = outcome.Unanswered,
                    rate = load.Rate,
                    checkedTransactions = outcome.LedgerCount,
                    loadAverage = BenchRun.LoadAverage(),
                },
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}: longest silence {outcome.LongestSilenceMs:0} ms, p99 {healthy:0.0} ms before and {crash:0.0} ms in the 10 s after it, "
                    + $"{outcome.PerSecond:n0} tx/s, server CPU {cpu:0.0} us/tx, RSS {after.ResidentMiBMax:0} MiB, refused {outcome.Refused:n0}; "
                    + $"{BenchRun.Checked(outcome.LedgerCount)}"));
        }
    }

    /// <summary>p99 of single submissions with one operator dead for twice the measured time, against the healthy network before it.</summary>
    private async Task DeadAsync(CancellationToken cancellation)
    {
        LoadOptions load = Paced(500, 1);
        await using BenchNetwork network = await run.StartAsync(cancellation);
        long killed = 0;
        int victim = 0;
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
            async stopped =>
            {
                await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds), stopped);
                victim = await network.LeaderAsync(stopped);
                network.Kill(victim);
                killed = Stopwatch.GetTimestamp();
                await Task.Delay(TimeSpan.FromSeconds(2 * run.RunSeconds), stopped);
            },
            cancellation);
        string name = $"B5 operator {victim} dead for {2 * run.RunSeconds} s at {load.Rate} tx/s";
        await BenchRun.CheckAsync(name, network, cancellation);
        double healthy = outcome.P99Ms(0, killed);
        double dead = outcome.P99Ms(killed, long.MaxValue);
        double settled = outcome.P99Ms(killed + (2 * Stopwatch.Frequency), long.MaxValue);
        run.Report(
            new
            {
                name,
                healthyP99Ms = healthy,
                deadP99Ms = BenchRun.Finite(dead),
                ratio = BenchRun.Finite(dead / healthy),
                ratioAfterTwoSeconds = BenchRun.Finite(settled / healthy),
                longestSilenceMs = outcome.LongestSilenceMs,
                refused = outcome.Refused,
                unanswered = outcome.Unanswered,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: p99 {dead:0.0} ms against {healthy:0.0} ms healthy, ratio {dead / healthy:0.00} (target 3; {settled / healthy:0.00} without the "
                + $"first 2 s), longest silence {outcome.LongestSilenceMs:0} ms, refused {outcome.Refused:n0}; {BenchRun.Checked(outcome.LedgerCount)}"));
    }

    /// <summary>How much of a given load is committed while one operator is dead.</summary>
    private async Task CarryAsync(CancellationToken cancellation)
    {
        LoadOptions load = Paced(carryRate, 64) with { Rate = carryRate };
        await using BenchNetwork network = await run.StartAsync(cancellation);
        int victim = await network.LeaderAsync(cancellation);
        network.Kill(victim);
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(cancellation);
        string name = $"B5 load carried without operator {victim}";
        await BenchRun.CheckAsync(name, network, cancellation);
        double share = outcome.PerSecond / load.Rate;
        double p99 = outcome.PercentileMs(0.99);
        run.Report(
            new
            {
                name,
                offered = load.Rate,
                transactionsPerSecond = outcome.PerSecond,
                share,
                p50Ms = outcome.PercentileMs(0.5),
                p99Ms = p99,
                refused = outcome.Refused,
                unanswered = outcome.Unanswered,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {outcome.PerSecond:n0} of {load.Rate:n0} tx/s, {share:p0} (target 90 %), p50 {outcome.PercentileMs(0.5):0.0} ms, p99 {p99:0.0} ms, "
                + $"refused {outcome.Refused:n0}; {BenchRun.Checked(outcome.LedgerCount)}"));
    }

    /// <summary>Each operator in turn is killed the moment its receipt arrives, and stays dead until the others have kept its promise.</summary>
    private async Task ReceiptAsync(CancellationToken cancellation)
    {
        LoadOptions load = Paced(500, 1);
        await using BenchNetwork network = await run.StartAsync(cancellation);
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
            async stopped =>
            {
                for (int victim = 0; victim < run.Operators; victim++)
                {
                    Hash32[] ids = await KillAtReceiptAsync(network, victim, stopped);
                    long killed = Stopwatch.GetTimestamp();
                    int witness = (victim + 1) % run.Operators;
                    await network.WaitDecidedAsync(witness, ids, Patience, stopped);
                    double seconds = Stopwatch.GetElapsedTime(killed).TotalSeconds;
                    string name = $"B5 operator {victim} killed at its receipt";
                    run.Report(
                        new { name, transactions = ids.Length, orderedAfterMs = seconds * 1000, witness },
                        string.Create(
                            CultureInfo.InvariantCulture, $"{name}: operator {witness} has all {ids.Length} transactions ordered {seconds * 1000:0} ms later"));
                    if (victim < run.Operators - 1) await network.ReviveAsync(stopped, victim);
                }
            },
            cancellation);
        const string Name = "B5 receipts of dead operators";
        LedgerVerdict verdict = await BenchRun.CheckAsync(Name, network, cancellation);
        run.Report(
            new
            {
                name = Name,
                accepted = network.Ledger.AcceptedTransactions,
                leastHeightsLeft = verdict.LeastHeightsLeft,
                deadlineHeights = network.ReceiptDeadlineHeights,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Name}: all {network.Ledger.AcceptedTransactions:n0} accepted transactions of the run by their deadline, "
                + $"{verdict.LeastHeightsLeft:n0} of {network.ReceiptDeadlineHeights:n0} heights left at worst; {BenchRun.Checked(outcome.LedgerCount)}"));
    }

    /// <summary>Sends a frame to an operator that is alone with it, and kills it when the receipt is there.</summary>
    public static async Task<Hash32[]> KillAtReceiptAsync(BenchNetwork network, int victim, CancellationToken cancellation)
    {
        NamespaceId ns = network.Namespaces[0];
        ulong validUntil = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 55;
        SubmitTransaction[] frame = [.. Enumerable.Range(0, ReceiptFrame).Select(_ => new SubmitTransaction(validUntil, RandomNumberGenerator.GetBytes(64)))];
        Hash32[] ids = [.. frame.Select(t => Consensus.BatchBody.IdOf(ns, t.ValidUntil, t.Payload.Span).Value)];
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        await using SubmitConnection connection = await SubmitConnection.OpenAsync(network.Rpcs[victim], deadline.Token);
        network.Ledger.Submit(ids);
        await connection.SendAsync(ns, SubmitWait.Accepted, frame, deadline.Token);
        while (true)
        {
            foreach (SubmitReply reply in await connection.ReceiveAsync(deadline.Token))
            {
                if (reply is not SubmitReply.Accepted accepted) throw new CommandException($"operator {victim} gives no receipt: {reply}");
                network.Kill(victim);
                network.Ledger.Accept(ids, accepted);
                return ids;
            }
        }
    }

    /// <summary>All operators at once, under load, and all started again.</summary>
    private async Task RestartAsync(CancellationToken cancellation)
    {
        LoadOptions load = Paced(2_000, 16);
        await using BenchNetwork network = await run.StartAsync(cancellation);
        int[] all = [.. Enumerable.Range(0, run.Operators)];
        LoadGenerator generator = run.NewGenerator(network, load);
        long killed = 0, started = 0;
        LoadOutcome outcome = await generator.RunAsync(
            async stopped =>
            {
                await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds / 3.0), stopped);
                foreach (int i in all) network.Kill(i);
                killed = Stopwatch.GetTimestamp();
                await network.ReviveAsync(stopped, all);
                started = Stopwatch.GetTimestamp();
                await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds * 2 / 3.0), stopped);
            },
            cancellation);
        const string Name = "B5 kill -9 of all operators at once";
        LedgerVerdict verdict = await BenchRun.CheckAsync(Name, network, cancellation);
        double ready = Stopwatch.GetElapsedTime(killed, started).TotalSeconds;
        long firstDone = outcome.Samples.Where(s => s.Scheduled > killed && s.IsCommitted).Select(s => s.Done).DefaultIfEmpty(long.MaxValue).Min();
        if (firstDone == long.MaxValue) throw BenchRun.NoResult($"{Name}: nothing was committed after it");
        double commit = Stopwatch.GetElapsedTime(killed, firstDone).TotalSeconds;
        run.Report(
            new
            {
                name = Name,
                readyAfterSeconds = ready,
                firstCommitAfterSeconds = commit,
                unanswered = outcome.Unanswered,
                accepted = network.Ledger.AcceptedTransactions,
                ordered = verdict.Ordered,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Name}: ready again {ready:0.0} s and first commit {commit:0.0} s after it, {outcome.Unanswered:n0} transactions under way without answer; "
                + $"{network.Ledger.AcceptedTransactions:n0} with a receipt, none lost; {BenchRun.Checked(outcome.LedgerCount)}"));
    }
}

using System.Diagnostics;
using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>
/// B7: under load an operator is killed, stays away and comes back with its disk. What is measured is how soon it is in step, and what that costs the
/// others.
/// </summary>
/// <param name="run">Settings; half of the seconds are watched before the kill, the other half after the operator is in step.</param>
/// <param name="awaySeconds">How long it is away.</param>
internal sealed class CatchUpBench(BenchRun run, int awaySeconds)
{
    /// <summary>Milliseconds between two looks at the heights.</summary>
    private const int LookMs = 50;

    /// <summary>Catch-up is given up after this many times the absence.</summary>
    private const int PatienceFactor = 5;

    /// <summary>What happened when, in Stopwatch ticks.</summary>
    /// <param name="Victim">The operator.</param>
    /// <param name="Baseline">The healthy network is watched from here on.</param>
    /// <param name="Killed">kill -9.</param>
    /// <param name="Started">The process was started again.</param>
    /// <param name="Ready">It called itself ready.</param>
    /// <param name="InStep">It had ordered what another operator had a moment before.</param>
    /// <param name="HeightsBehind">Heights that it lacked when it was started.</param>
    private sealed record Absence(int Victim, long Baseline, long Killed, long Started, long Ready, long InStep, ulong HeightsBehind);

    public async Task RunAsync(CancellationToken cancellation)
    {
        LoadOptions load = run.Paced(20_000, 64);
        await using BenchNetwork network = await run.StartAsync(cancellation);
        Absence? absence = null;
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
            async stopped => absence = await BeAwayAsync(network, TimeSpan.FromSeconds(run.RunSeconds / 2.0), stopped), cancellation);
        await BenchRun.CheckAsync("B7", network, cancellation);
        Report(absence!, load, outcome);
    }

    private async Task<Absence> BeAwayAsync(BenchNetwork network, TimeSpan watched, CancellationToken cancellation)
    {
        long baseline = Stopwatch.GetTimestamp();
        await Task.Delay(watched, cancellation);
        int victim = await network.LeaderAsync(cancellation);
        int witness = (victim + 1) % run.Operators;
        ulong left = await network.HeightAsync(victim, cancellation);
        network.Kill(victim);
        long killed = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(awaySeconds), cancellation);
        ulong behind = await network.HeightAsync(witness, cancellation) - left;
        await network.RestartAsync(victim);
        long started = Stopwatch.GetTimestamp();
        var patience = TimeSpan.FromSeconds(PatienceFactor * awaySeconds);
        await network.WaitReadyAsync(victim, patience, cancellation);
        long ready = Stopwatch.GetTimestamp();
        while (true)
        {
            ulong wanted = await network.HeightAsync(witness, cancellation);
            await Task.Delay(LookMs, cancellation);
            ulong reached = await network.HeightAsync(victim, cancellation);
            if (reached >= wanted) break;
            if (Stopwatch.GetElapsedTime(started) > patience)
                throw BenchRun.NoResult($"B7: operator {victim} is at height {reached} of {wanted} {patience.TotalSeconds} s after its start");
        }

        long inStep = Stopwatch.GetTimestamp();
        await Task.Delay(watched, cancellation);
        return new Absence(victim, baseline, killed, started, ready, inStep, behind);
    }

    private void Report(Absence a, LoadOptions load, LoadOutcome outcome)
    {
        double catchUp = Stopwatch.GetElapsedTime(a.Started, a.InStep).TotalSeconds;
        double away = Stopwatch.GetElapsedTime(a.Killed, a.Started).TotalSeconds;
        double ratio = (away + catchUp) / catchUp;
        double healthy = outcome.P99Ms(a.Baseline, a.Killed);
        double during = outcome.P99Ms(a.Started, a.InStep);
        double ready = Stopwatch.GetElapsedTime(a.Started, a.Ready).TotalSeconds;
        string name = string.Create(CultureInfo.InvariantCulture, $"B7 operator {a.Victim} away for {awaySeconds} s at {load.Rate:n0} tx/s");
        run.Report(
            new
            {
                name,
                readyAfterSeconds = ready,
                inStepAfterSeconds = catchUp,
                catchUpRatio = ratio,
                heightsBehind = a.HeightsBehind,
                healthyP99Ms = BenchRun.Finite(healthy),
                othersP99Ms = BenchRun.Finite(during),
                longestSilenceMs = outcome.LongestSilenceMs,
                refused = outcome.Refused,
                transactionsPerSecond = outcome.PerSecond,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: ready {ready:0.0} s and in step {catchUp:0.0} s after its start, {a.HeightsBehind:n0} heights and all since at {ratio:0.0} times "
                + $"the live rate (target 3), the others' p99 {during:0.0} ms meanwhile against {healthy:0.0} ms healthy, ratio {during / healthy:0.00} "
                + $"(target 1.5), longest silence {outcome.LongestSilenceMs:0} ms, refused {outcome.Refused:n0}; {BenchRun.Checked(outcome.LedgerCount)}"));
    }
}

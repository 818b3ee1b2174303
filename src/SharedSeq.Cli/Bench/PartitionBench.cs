using System.Diagnostics;
using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>
/// B6: under load, half of the operators are cut from the others, so that nobody has a quorum, and then one is; each cut heals after a while. What is
/// measured is how soon the network is itself again.
/// </summary>
/// <param name="run">Settings; seconds are those watched before and after each cut.</param>
/// <param name="cutSeconds">Length of each cut.</param>
/// <param name="delayMs">One-way delay of every link.</param>
internal sealed class PartitionBench(BenchRun run, int cutSeconds, int delayMs)
{
    /// <summary>Milliseconds of one window of latencies.</summary>
    private const int WindowMs = 500;

    private sealed record Cut(string Name, int[] Side, long From, long Healed, long End, long BaselineFrom);

    public async Task RunAsync(CancellationToken cancellation)
    {
        LoadOptions load = run.Paced(2_000, 16) with { WantsReceipts = true };
        await using BenchNetwork network = await run.StartAsync(cancellation, isLinked: true);
        network.Delay(TimeSpan.FromMilliseconds(delayMs));
        var cuts = new List<Cut>();
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
            async stopped =>
            {
                int[] half = [.. Enumerable.Range(0, run.Operators / 2)];
                cuts.Add(await CutAsync(network, $"{half.Length} from {run.Operators - half.Length}", half, stopped));
                int leader = await network.LeaderAsync(stopped);
                cuts.Add(await CutAsync(network, $"leader {leader} from the others", [leader], stopped));
            },
            cancellation);
        LedgerVerdict verdict = await BenchRun.CheckAsync("B6", network, cancellation);
        foreach (Cut cut in cuts) Report(cut, load, outcome, verdict);
    }

    private async Task<Cut> CutAsync(BenchNetwork network, string name, int[] side, CancellationToken cancellation)
    {
        long baseline = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds / 2.0), cancellation);
        long from = Stopwatch.GetTimestamp();
        await network.CutAsync(side);
        await Task.Delay(TimeSpan.FromSeconds(cutSeconds), cancellation);
        network.Heal();
        long healed = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(run.RunSeconds / 2.0), cancellation);
        return new Cut(name, side, from, healed, Stopwatch.GetTimestamp(), baseline);
    }

    private void Report(Cut cut, LoadOptions load, LoadOutcome outcome, LedgerVerdict verdict)
    {
        List<FrameSample> samples = [.. outcome.Samples];
        bool hasQuorum = run.Operators - cut.Side.Length >= Consensus.QuorumParameters.ForMembers(run.Operators).Quorum;
        FrameSample[] committed = [.. samples.Where(s => s.IsCommitted)];

        // Without a quorum nothing may be committed. The first second is left out: what was under way may still arrive.
        int during = committed.Count(s => s.Done > cut.From + Stopwatch.Frequency && s.Done < cut.Healed);
        if (!hasQuorum && during > 0) throw BenchRun.NoResult($"B6 {cut.Name}: {during} frames were committed during the cut");

        // With a quorum on the other side the operators that were cut off are those that have to come back.
        FrameSample[] after = [.. committed.Where(s => s.Done >= cut.Healed && (!hasQuorum || cut.Side.Contains(s.Operator)))];
        if (after.Length == 0) throw BenchRun.NoResult($"B6 {cut.Name}: nothing was committed after it healed");
        long first = after.Min(s => s.Done);
        double firstMs = Stopwatch.GetElapsedTime(cut.Healed, first).TotalMilliseconds;
        double slowestMs = Enumerable.Range(0, run.Operators).Max(i => Stopwatch.GetElapsedTime(
            cut.Healed, after.Where(s => s.Operator == i || hasQuorum).Select(s => s.Done).DefaultIfEmpty(cut.End).Min()).TotalMilliseconds);

        // What was under way at the cut had to wait for its end: the last second before it is no measure of the healthy network.
        long baselineTo = cut.From - Stopwatch.Frequency;
        double baseline = LatencySamples.PercentileMs(samples.Where(s => s.Scheduled >= cut.BaselineFrom && s.Scheduled < baselineTo), 0.99);
        if (!double.IsFinite(baseline))
            throw BenchRun.NoResult($"B6 {cut.Name}: transactions were refused before the cut, so there is nothing to compare with");
        double[] windows = [.. Windows(samples, cut)];
        double? normalMs = NormalAfterMs(windows, 2 * baseline);
        FrameSample[] backlog = [.. committed.Where(s => s.Scheduled < cut.Healed && s.Done >= cut.Healed)];
        double drainSeconds = backlog.Length == 0 ? 0 : Stopwatch.GetElapsedTime(cut.Healed, backlog.Max(s => s.Done)).TotalSeconds;
        long backlogCount = backlog.Sum(s => (long)s.Count);
        double drainRate = drainSeconds == 0 ? 0 : backlogCount / drainSeconds;
        long refused = samples.Where(s => !s.IsCommitted && s.Scheduled >= cut.From && s.Scheduled < cut.End).Sum(s => (long)s.Count);
        string name = $"B6 cut of {cut.Name} for {cutSeconds} s at {load.Rate} tx/s";
        run.Report(
            new
            {
                name,
                firstCommitMs = firstMs,
                slowestOperatorMs = slowestMs,
                normalAfterMs = normalMs,
                baselineP99Ms = baseline,
                windowsP99Ms = windows.Select(BenchRun.Finite),
                backlog = backlogCount,
                drainPerSecond = drainRate,
                refused,
                unanswered = outcome.Unanswered,
                unproven = outcome.Unproven,
                delayMs,
                ordered = verdict.Ordered,
                rejected = verdict.Rejected,
                leastHeightsLeft = verdict.LeastHeightsLeft,
                checkedTransactions = outcome.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: first commit {firstMs:0} ms after healing (target 2,000; slowest operator {slowestMs:0}), p99 normal after "
                + $"{(normalMs is null ? "more than was watched" : $"{normalMs} ms")} (target 3,000; {baseline:0.0} ms before the cut), "
                + $"backlog of {backlogCount:n0} drained at {drainRate:n0} tx/s, refused {refused:n0}, "
                + $"expired {verdict.Rejected:n0}, unproven {outcome.Unproven:n0}; "
                + $"{outcome.LedgerCount:n0} transactions exactly once, none accepted lost, equal blocks; load {BenchRun.LoadAverage()}"));
    }

    /// <summary>p99 of what was scheduled in each window since the cut healed; refused and never answered count as never.</summary>
    private static IEnumerable<double> Windows(List<FrameSample> samples, Cut cut)
    {
        long width = WindowMs * Stopwatch.Frequency / 1000;
        for (long from = cut.Healed; from + width <= cut.End; from += width)
        {
            FrameSample[] window = [.. samples.Where(s => s.Scheduled >= from && s.Scheduled < from + width)];
            yield return window.Length == 0 ? double.PositiveInfinity : LatencySamples.PercentileMs(window, 0.99);
        }
    }

    /// <summary>When the first of two normal windows in a row begins; a single one may be chance.</summary>
    private static double? NormalAfterMs(double[] windows, double limit)
    {
        for (int i = 0; i + 1 < windows.Length; i++)
        {
            if (windows[i] <= limit && windows[i + 1] <= limit) return i * WindowMs;
        }

        return null;
    }
}

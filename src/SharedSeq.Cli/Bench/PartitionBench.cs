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

    /// <summary>One cut with its times, in Stopwatch ticks.</summary>
    internal sealed record Cut(string Name, int[] Side, long From, long Healed, long End, long BaselineFrom);

    /// <summary>How the network went on when a cut healed.</summary>
    /// <param name="CommittedDuring">Frames committed during the cut, but for its first second: what was under way may still arrive.</param>
    /// <param name="FirstCommitMs">From healing to the first commit; with a quorum on the other side, at an operator that was cut off.</param>
    /// <param name="SlowestOperatorMs">The same for the last operator.</param>
    /// <param name="NormalAfterMs">When latency was normal again; null when it was not while it was watched.</param>
    /// <param name="BaselineP99Ms">p99 before the cut; infinite when transactions were refused then.</param>
    /// <param name="WindowsP99Ms">p99 of each window since healing.</param>
    /// <param name="Backlog">Transactions that waited for the end of the cut.</param>
    /// <param name="DrainPerSecond">How fast they were committed.</param>
    /// <param name="Refused">Transactions refused since the cut.</param>
    internal sealed record Recovery(
        int CommittedDuring, double FirstCommitMs, double SlowestOperatorMs, double? NormalAfterMs, double BaselineP99Ms, double[] WindowsP99Ms, long Backlog,
        double DrainPerSecond, long Refused);

    public async Task RunAsync(CancellationToken cancellation)
    {
        LoadOptions load = run.Paced(2_000, 16) with { WantsReceipts = true };
        await using BenchNetwork network = await run.StartAsync(cancellation, isLinked: true);
        network.Delay(TimeSpan.FromMilliseconds(delayMs));
        var cuts = new List<Cut>();
        var cut = TimeSpan.FromSeconds(cutSeconds);
        var watched = TimeSpan.FromSeconds(run.RunSeconds / 2.0);
        LoadOutcome outcome = await run.NewGenerator(network, load).RunAsync(
            async stopped =>
            {
                int[] half = [.. Enumerable.Range(0, run.Operators / 2)];
                cuts.Add(await CutAsync(network, $"{half.Length} from {run.Operators - half.Length}", half, cut, watched, stopped));
                int leader = await network.LeaderAsync(stopped);
                cuts.Add(await CutAsync(network, $"leader {leader} from the others", [leader], cut, watched, stopped));
            },
            cancellation);
        LedgerVerdict verdict = await BenchRun.CheckAsync("B6", network, cancellation);
        foreach (Cut item in cuts) Report(item, load, outcome, verdict);
    }

    /// <summary>Watches the healthy network, cuts a side from the others, heals, and watches again.</summary>
    public static async Task<Cut> CutAsync(
        BenchNetwork network, string name, int[] side, TimeSpan length, TimeSpan watched, CancellationToken cancellation)
    {
        long baseline = Stopwatch.GetTimestamp();
        await Task.Delay(watched, cancellation);
        long from = Stopwatch.GetTimestamp();
        await network.CutAsync(side);
        await Task.Delay(length, cancellation);
        network.Heal();
        long healed = Stopwatch.GetTimestamp();
        await Task.Delay(watched, cancellation);
        return new Cut(name, side, from, healed, Stopwatch.GetTimestamp(), baseline);
    }

    /// <exception cref="CommandException">Nothing was committed after the cut.</exception>
    public static Recovery Measure(Cut cut, IReadOnlyList<FrameSample> samples, int operators, double normalMsAtLeast = 0)
    {
        bool hasQuorum = HasQuorum(cut, operators);
        FrameSample[] committed = [.. samples.Where(s => s.IsCommitted)];
        int during = committed.Count(s => s.Done > cut.From + Stopwatch.Frequency && s.Done < cut.Healed);

        // With a quorum on the other side the operators that were cut off are those that have to come back.
        FrameSample[] after = [.. committed.Where(s => s.Done >= cut.Healed && (!hasQuorum || cut.Side.Contains(s.Operator)))];
        if (after.Length == 0) throw BenchRun.NoResult($"cut of {cut.Name}: nothing was committed after it healed");
        long first = after.Min(s => s.Done);
        double firstMs = Stopwatch.GetElapsedTime(cut.Healed, first).TotalMilliseconds;
        double slowestMs = Enumerable.Range(0, operators).Max(i => Stopwatch.GetElapsedTime(
            cut.Healed, after.Where(s => s.Operator == i || hasQuorum).Select(s => s.Done).DefaultIfEmpty(cut.End).Min()).TotalMilliseconds);

        // What was under way at the cut had to wait for its end: the last second before it is no measure of the healthy network.
        long baselineTo = cut.From - Stopwatch.Frequency;
        double baseline = LatencySamples.PercentileMs(samples.Where(s => s.Scheduled >= cut.BaselineFrom && s.Scheduled < baselineTo), 0.99);
        double[] windows = [.. Windows(samples, cut)];
        FrameSample[] backlog = [.. committed.Where(s => s.Scheduled < cut.Healed && s.Done >= cut.Healed)];
        double drainSeconds = backlog.Length == 0 ? 0 : Stopwatch.GetElapsedTime(cut.Healed, backlog.Max(s => s.Done)).TotalSeconds;
        long backlogCount = backlog.Sum(s => (long)s.Count);
        return new Recovery(
            during, firstMs, slowestMs, NormalAfterMs(windows, double.Max(2 * baseline, normalMsAtLeast)), baseline, windows, backlogCount,
            drainSeconds == 0 ? 0 : backlogCount / drainSeconds,
            samples.Where(s => !s.IsCommitted && s.Scheduled >= cut.From && s.Scheduled < cut.End).Sum(s => (long)s.Count));
    }

    private static bool HasQuorum(Cut cut, int operators) =>
        operators - cut.Side.Length >= Consensus.QuorumParameters.ForMembers(operators).Quorum;

    private void Report(Cut cut, LoadOptions load, LoadOutcome outcome, LedgerVerdict verdict)
    {
        Recovery r = Measure(cut, outcome.Samples, run.Operators);
        if (!HasQuorum(cut, run.Operators) && r.CommittedDuring > 0)
            throw BenchRun.NoResult($"B6 {cut.Name}: {r.CommittedDuring} frames were committed during the cut");
        if (!double.IsFinite(r.BaselineP99Ms))
            throw BenchRun.NoResult($"B6 {cut.Name}: transactions were refused before the cut, so there is nothing to compare with");
        string name = $"B6 cut of {cut.Name} for {cutSeconds} s at {load.Rate} tx/s";
        run.Report(
            new
            {
                name,
                firstCommitMs = r.FirstCommitMs,
                slowestOperatorMs = r.SlowestOperatorMs,
                normalAfterMs = r.NormalAfterMs,
                baselineP99Ms = r.BaselineP99Ms,
                windowsP99Ms = r.WindowsP99Ms.Select(BenchRun.Finite),
                backlog = r.Backlog,
                drainPerSecond = r.DrainPerSecond,
                refused = r.Refused,
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
                $"{name}: first commit {r.FirstCommitMs:0} ms after healing (target 2,000; slowest operator {r.SlowestOperatorMs:0}), p99 normal after "
                + $"{(r.NormalAfterMs is null ? "more than was watched" : $"{r.NormalAfterMs} ms")} (target 3,000; {r.BaselineP99Ms:0.0} ms before the cut), "
                + $"backlog of {r.Backlog:n0} drained at {r.DrainPerSecond:n0} tx/s, refused {r.Refused:n0}, "
                + $"expired {verdict.Rejected:n0}, unproven {outcome.Unproven:n0}; "
                + $"{outcome.LedgerCount:n0} transactions exactly once, none accepted lost, equal blocks; load {BenchRun.LoadAverage()}"));
    }

    /// <summary>p99 of what was scheduled in each window since the cut healed; refused and never answered count as never.</summary>
    private static IEnumerable<double> Windows(IReadOnlyList<FrameSample> samples, Cut cut)
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

using System.Diagnostics;
using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>One criterion of a drill, and what was measured.</summary>
internal sealed record DrillCheck(string Criterion, bool IsMet, string Measured, bool IsTimed = false);

/// <summary>What a drill showed.</summary>
/// <param name="Name">The drill.</param>
/// <param name="Title">Its fault.</param>
/// <param name="IsPassed">Every criterion is met and nothing else went wrong.</param>
/// <param name="DetectionSeconds">From the fault until the others knew of it; null where nobody is there to know.</param>
/// <param name="MttrSeconds">From the end of the fault, or from the fault where it does not end, until all is as before it; null when it never was.</param>
/// <param name="HeightsRolledBack">From the lowest remembered height that any operator served otherwise afterwards; null when this was not compared.</param>
/// <param name="AcceptedLost">Promised transactions that are in no block in time and not rejected by the rules; null when this was not compared.</param>
/// <param name="OperatorSteps">What a person had to do.</param>
/// <param name="Checks">The criteria.</param>
/// <param name="Fault">What kept the drill from its end; empty for nothing.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record DrillReport(
    string Name, string Title, bool IsPassed, double? DetectionSeconds, double? MttrSeconds, ulong? HeightsRolledBack, int? AcceptedLost,
    IReadOnlyList<string> OperatorSteps, IReadOnlyList<DrillCheck> Checks, string Fault, double Seconds);

/// <summary>What a drill measures while it runs, and its ways of waiting and comparing.</summary>
internal sealed class DrillRun
{
    private readonly List<DrillCheck> _checks = [];
    private readonly List<string> _steps = [];
    private double? _detection;
    private double? _mttr;
    private ulong? _rolledBack;
    private int? _lost;

    /// <summary>Light load: what is promised matters here, not how much.</summary>
    public static LoadOptions Light => new() { Connections = 8, FrameSize = 4, InFlight = 0, Rate = 200, WantsReceipts = true, WarmUpSeconds = 2 };

    public void Check(string criterion, bool isMet, string measured) => _checks.Add(new DrillCheck(criterion, isMet, measured));

    /// <summary>A criterion of time: it holds on a machine that is not busy with something else.</summary>
    public void CheckTime(string criterion, bool isMet, string measured) => _checks.Add(new DrillCheck(criterion, isMet, measured, IsTimed: true));

    /// <summary>The others know of the fault: the longest such time counts.</summary>
    public void Detected(TimeSpan after) => _detection = double.Max(_detection ?? 0, after.TotalSeconds);

    /// <summary>All is as before: the longest such time counts.</summary>
    public void Recovered(TimeSpan after) => _mttr = double.Max(_mttr ?? 0, after.TotalSeconds);

    /// <summary>A person had to do this.</summary>
    public void OperatorStep(string step) => _steps.Add(step);

    /// <summary>Waits for an event and gives how long it took.</summary>
    /// <exception cref="CommandException">It did not happen in this time.</exception>
    public static async Task<TimeSpan> UntilAsync(string what, TimeSpan patience, Func<Task<bool>> holds, CancellationToken cancellation)
    {
        long from = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(from) > patience) throw new CommandException($"did not happen within {patience.TotalSeconds} s: {what}");
            await Task.Delay(20, cancellation);
        }

        return Stopwatch.GetElapsedTime(from);
    }

    /// <summary>
    /// The last part of most drills: the blocks that operators had are the blocks that they serve, all promises to clients are kept, and operators
    /// agree with each other.
    /// </summary>
    public async Task CompareAsync(BenchNetwork network, BlockWitness witness, CancellationToken cancellation)
    {
        _rolledBack = (_rolledBack ?? 0) + await witness.RolledBackAsync(network, cancellation);
        Check("no committed height is rolled back", _rolledBack == 0, $"{_rolledBack} of {witness.Count} remembered");
        LedgerVerdict verdict = await network.CheckAsync(cancellation);
        int accepted = network.Ledger.AcceptedTransactions;
        if (verdict.Lost is { } lost) _lost = (_lost ?? 0) + lost;
        Check(
            "every accepted transaction is ordered once or rejected by the rules, operators agree", verdict.Fault.Length == 0,
            verdict.Fault.Length == 0 ? Text($"{accepted:n0} accepted, {verdict.Ordered:n0} ordered, {verdict.Rejected:n0} rejected") : verdict.Fault);
    }

    public DrillReport Report(Drill drill, string fault, TimeSpan took) => new(
        drill.Name, drill.Title, fault.Length == 0 && _checks.Count > 0 && _checks.TrueForAll(check => check.IsMet), _detection, _mttr, _rolledBack, _lost,
        [.. _steps], [.. _checks], fault, took.TotalSeconds);

    public static string Seconds(TimeSpan time) => Text($"{time.TotalSeconds:0.00} s");

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

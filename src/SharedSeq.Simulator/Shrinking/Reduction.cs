using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>One way to make a run smaller: fewer faults, fewer liars, less load, less time. Its name stands in the command that replays a shrunk run.</summary>
/// <param name="Name">Word of the option --reduce.</param>
/// <param name="Change">The smaller settings; equal ones when there is nothing left to take away.</param>
public sealed record Reduction(string Name, Func<RunSettings, RunSettings> Change)
{
    private const int LeastStabilisationMs = 150;

    private const string Half = "half-";

    /// <summary>All, in the order in which they are tried: what takes most away comes first. A halving may be applied several times.</summary>
    public static readonly IReadOnlyList<Reduction> All =
    [
        new("no-liars", run => run.Liars.Count == 0 ? run : run with { Liars = [] }),
        new("no-deaths", run => run.Dying.Count == 0 ? run : run with { Dying = [] }),
        new("no-disk-faults", run => run.Disks.Count == 0 ? run : run with { Disks = [] }),
        new("calm", run => run with { Shape = RunShape.Calm }),
        new("one-committee", run => run.Changes.Joiners == 0 ? run : run with
        {
            Changes = CommitteeChanges.None,
            Liars = [.. run.Liars.Where(liar => liar.Member.Value < run.Quorum.N)],
        }),
        new("no-l1", run => run.L1 is null ? run : run with
        {
            L1 = null,
            Replica = run.Replica with { L1 = null },
            Liars = [.. run.Liars.Where(liar => liar.Lies.All(lie => lie < AttackerKind.FalseViewLeader))],
        }),
        new("true-l1", run => run.L1 is null ? run : run with { L1 = run.L1 with { Readers = [.. run.L1.Readers.Select(_ => new L1Reader(0, 0, 0, 0))] } }),
        new("one-epoch", run => run with { Epochs = default }),
        new("no-cuts", run => run with { CutsPerMinute = 0 }),
        new("no-restarts", run => run with { RestartsPerMinute = 0 }),
        new("no-load", run => Load(run, load => load with { Transactions = 0 })),
        new("good-network", run => run with { Before = run.After }),
        new("good-disks", run => run with { DiskBefore = run.DiskAfter }),
        new("good-clocks", run => run with { ClockDriftPpm = 0, ClockErrorMs = 0 }),
        new("no-codec", run => run with { CodecPerMille = 0 }),
        new("no-compaction", run => run with { CompactsVoteLog = false }),
        new("usual-limits", run => run with { Replica = UsualLimits(run.Replica) }),
        .. Enum.GetValues<AttackerKind>().Select(lie => new Reduction($"no-{lie}", run => Without(run, lie))),
        new("no-loss", run => Before(run, before => before with { LossPerMille = 0, CommitLossPerMille = 0 })),
        new("no-stragglers", run => Before(run, before => before with { StragglerPerMille = 0, Laggard = null, LaggardFactor = 1 })),
        new("no-duplicates", run => Before(run, before => before with { DuplicatePerMille = 0 })),
        new("no-reordering", run => Before(run, before => before with { Reorders = false })),
        new("no-heavy-load", run => Load(run, load => load with { IsHeavy = false, PayloadBytesMax = int.Min(load.PayloadBytesMax, 100) })),
        new("no-relay", run => Load(run, load => load with { RelayPerMille = 0, TwicePerMille = 0 })),
        new("one-namespace", run => Load(run, load => load with { Namespaces = 1 })),
        new(Half + "load", run => Load(run, load => load with { Transactions = load.Transactions / 2 })),
        new(Half + "time", run => run with { StabilisationMs = int.Max(int.Min(run.StabilisationMs, LeastStabilisationMs), run.StabilisationMs / 2) }),
        new(Half + "restarts", run => run with { RestartsPerMinute = run.RestartsPerMinute / 2 }),
        new(Half + "cuts", run => run with { CutsPerMinute = run.CutsPerMinute / 2 }),
    ];

    /// <summary>The settings with this taken away, and its name noted in them.</summary>
    /// <returns>Null when there is nothing to take away, or it was taken away before and it is no halving.</returns>
    public RunSettings? Apply(RunSettings settings)
    {
        if (!Name.StartsWith(Half, StringComparison.Ordinal) && settings.Reductions.Contains(Name, StringComparer.Ordinal)) return null;
        RunSettings changed = Change(settings);
        return changed == settings ? null : changed with { Reductions = [.. settings.Reductions, Name] };
    }

    /// <param name="names">Names separated by commas, applied from left to right.</param>
    /// <param name="reductions">The reductions.</param>
    /// <param name="unknown">The first name that is none; null when all are.</param>
    public static bool TryParse(string names, out IReadOnlyList<Reduction> reductions, out string? unknown)
    {
        var found = new List<Reduction>();
        reductions = found;
        unknown = null;
        foreach (string name in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (All.FirstOrDefault(reduction => reduction.Name == name) is { } reduction) found.Add(reduction);
            else unknown ??= name;
        }

        return unknown is null;
    }

    private static RunSettings Before(RunSettings run, Func<NetworkConditions, NetworkConditions> change) => run with { Before = change(run.Before) };

    private static RunSettings Load(RunSettings run, Func<WorkloadSettings, WorkloadSettings> change) => run with { Workload = change(run.Workload) };

    private static RunSettings Without(RunSettings run, AttackerKind lie)
    {
        if (!run.Liars.Any(liar => liar.Lies.Contains(lie))) return run;
        var liars = new List<LyingMember>();
        foreach (LyingMember liar in run.Liars)
        {
            AttackerKind[] lies = [.. liar.Lies.Where(other => other != lie)];
            if (lies.Length > 0) liars.Add(liar with { Lies = lies });
        }

        return run with { Liars = liars };
    }

    private static ReplicaOptions UsualLimits(ReplicaOptions options)
    {
        var usual = new ReplicaOptions();
        return options with
        {
            SlotWindow = usual.SlotWindow,
            MaxBatchesPerLane = usual.MaxBatchesPerLane,
            LaneWindowBatches = usual.LaneWindowBatches,
            LaneWindowBytes = usual.LaneWindowBytes,
        };
    }
}

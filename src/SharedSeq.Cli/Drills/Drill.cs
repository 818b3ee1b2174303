namespace SharedSeq.Cli;

/// <summary>One drill: a fault that is made on purpose on a network of its own, and what must hold then.</summary>
/// <param name="Name">What the command line calls it: D and its number in the list of drills.</param>
/// <param name="Title">The fault.</param>
/// <param name="PassesWhen">The promise, in words; the criteria in code are the report's.</param>
/// <param name="SecondsMax">After that many seconds it is stopped and has failed.</param>
/// <param name="RunAsync">Starts what it needs, and stops it whatever happens.</param>
internal sealed record Drill(string Name, string Title, string PassesWhen, int SecondsMax, Func<DrillRun, CancellationToken, Task> RunAsync)
{
    /// <summary>All drills, in the order in which `all` runs them: the short ones first.</summary>
    public static readonly IReadOnlyList<Drill> All =
    [
        new("D16", "malformed and oversized messages from a registered peer", "dropped, counted, the peer limited, memory bounded",
            120, BadPeerDrill.RunAsync),
        new("D5", "an operator tries to import an unsigned or invalid block", "refused everywhere; there is no way around the checks",
            120, ImportDrill.RunAsync),
        new("D8", "the elected leader is up but can not build", "the next leader within two slot timeouts", 120, IdleLeaderDrill.RunAsync),
        new("D12", "an operator's disk is slow, full, and fails to sync", "a clear error, no vote that is not durable, the others go on",
            240, FailingDiskDrill.RunAsync),
        new("D1", "an execution client charges other gas after a failed transaction",
            "its client is quarantined, the others and the order go on", 240, LyingClientDrill.RunGasAsync),
        new("D7", "one execution client gives a wrong root, then two of four the same one",
            "quarantined, or split and nothing counts as executed; the order goes on", 300, LyingClientDrill.RunRootAsync),
        new("D9", "a follower stalls for 60 heights and resumes", "it catches up unattended", 120, StalledFollowerDrill.RunAsync),
        new("D15", "a fifth operator joins under load, the first leaves, a third takes new keys",
            "no gap in any stream, no silence above a slot timeout and 0.75 s, nothing accepted lost", 300, MembersDrill.RunAsync),
        new("D3", "kill -9 of every process at random moments, all restarted at once", "one head, no manual step, back in 30 s, nothing accepted lost",
            240, KillAllDrill.RunAsync),
        new("D2", "10,000 random pairs of a valid and an invalid transaction", "each block equals that of a clean client given the valid ones only",
            400, PoisonDrill.RunAsync),
        new("D6", "the whole committee is halted, and disks are lost",
            "any f+p+1 disks hold what clients saw committed; with fewer than q keys nothing goes on by itself", 240, LostDisksDrill.RunAsync),
        new("D18", "two operators cut from two for 20 s under load", "first commit within 2 s of healing, latency normal within 3 s",
            180, PartitionDrill.RunAsync),
        new("D19", "a twin: another process with an operator's keys and a copy of its disk",
            "safety holds; evidence is in a block and verifies offline", 180, TwinDrill.RunAsync),
        new("D21", "an operator starts without data when the others have 100,000 heights",
            "in step within 60 s; its ledger equals one rebuilt from its archive", 1_800, StateSyncDrill.RunAsync),
    ];

    /// <exception cref="CommandException">There is no such drill.</exception>
    public static IReadOnlyList<Drill> Named(IReadOnlyList<string> names) =>
        names is ["all"]
            ? All
            : [.. names.Select(name => All.FirstOrDefault(drill => string.Equals(drill.Name, name, StringComparison.OrdinalIgnoreCase))
                ?? throw new CommandException($"there is no drill '{name}': sharedseq drill list names them"))];
}

using System.Diagnostics;

namespace SharedSeq.Cli;

/// <summary>D18: two operators are cut from the two others under load, so that nobody has a quorum, and the cut heals.</summary>
internal static class PartitionDrill
{
    /// <summary>Latency below one slot timeout counts as normal, however fast the network was before: a busy machine has such moments at any time.</summary>
    private const double NormalMs = 300;

    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, isLinked: true);
        var witness = new BlockWitness();
        var load = new LoadGenerator(
            network.Rpcs, network.Namespaces, network.Committees, network.Ledger, DrillRun.Light with { WarmUpSeconds = 6 });
        PartitionBench.Cut? cut = null;
        LoadOutcome outcome = await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                Task known = DetectAsync(run, network, stopped);
                cut = await PartitionBench.CutAsync(network, "two from two", [0, 1], Cut, Watched, stopped);
                await known;
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        PartitionBench.Recovery recovery = PartitionBench.Measure(cut!, outcome.Samples, 4, NormalMs);
        run.Recovered(TimeSpan.FromMilliseconds(recovery.SlowestOperatorMs));
        run.Check("nothing is committed without a quorum", recovery.CommittedDuring == 0, $"{recovery.CommittedDuring} frames");
        run.Check("first commit within 2 s of healing", recovery.FirstCommitMs <= 2_000, DrillRun.Text($"{recovery.FirstCommitMs:0} ms"));
        run.Check(
            "p99 normal within 3 s of healing", recovery.NormalAfterMs <= 3_000,
            DrillRun.Text($"after {recovery.NormalAfterMs} ms; {recovery.BaselineP99Ms:0} ms before the cut"));
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>From the moment at which the link is cut until the operators count two sessions less.</summary>
    private static async Task DetectAsync(DrillRun run, BenchNetwork network, CancellationToken cancellation)
    {
        await DrillRun.UntilAsync("the cut", 2 * Watched, () => Task.FromResult(network.Link(0, 2).IsCut), cancellation);
        long cutAt = Stopwatch.GetTimestamp();
        await DrillRun.UntilAsync(
            "operator 0 notices that two sessions are gone", Cut, async () => await network.ConnectedPeersAsync(0, cancellation) == 1, cancellation);
        run.Detected(Stopwatch.GetElapsedTime(cutAt));
    }
}

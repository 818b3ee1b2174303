using System.Diagnostics;

namespace SharedSeq.Cli;

/// <summary>D3: under load every process is killed at a moment that nobody chose, and all are started again.</summary>
internal static class KillAllDrill
{
    private const int Rounds = 3;

    /// <summary>Seconds until the network must be back.</summary>
    private const double SecondsMax = 30;

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation);
        var witness = new BlockWitness();
        var load = new LoadGenerator(network.Rpcs, network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        int[] all = [0, 1, 2, 3];
        await load.RunAsync(
            async stopped =>
            {
                for (int round = 1; round <= Rounds; round++)
                {
                    await DrillRun.UntilAsync("the network commits", TimeSpan.FromSeconds(30), CommitsAsync(load), stopped);
                    await witness.NoteAsync(network, stopped);

                    // Somewhere within the first writes of a second: votes, batches, blocks, ledger and snapshot are all under way.
                    await Task.Delay(Random.Shared.Next(1_000), stopped);
                    foreach (int i in all) network.Kill(i);
                    long killed = Stopwatch.GetTimestamp();
                    await network.ReviveAsync(stopped, all);
                    await DrillRun.UntilAsync("the network commits again", TimeSpan.FromSeconds(60), CommitsAsync(load), stopped);
                    TimeSpan back = Stopwatch.GetElapsedTime(killed);
                    run.Recovered(back);
                    run.Check($"round {round}: commits again within {SecondsMax} s", back.TotalSeconds <= SecondsMax, DrillRun.Seconds(back));
                }

                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>Whether something that was submitted from now on is committed.</summary>
    private static Func<Task<bool>> CommitsAsync(LoadGenerator load)
    {
        long from = Stopwatch.GetTimestamp();
        return () => Task.FromResult(load.Samples.Snapshot().Any(s => s.IsCommitted && s.Scheduled >= from));
    }
}

namespace SharedSeq.Cli;

/// <summary>D9: an operator's process is stopped by a signal until the others are 60 heights ahead, and goes on as if nothing had happened.</summary>
internal static class StalledFollowerDrill
{
    private const int Follower = 3;
    private const ulong Heights = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation);
        var witness = new BlockWitness();
        var load = new LoadGenerator(network.Rpcs, network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                ulong stalledAt = await network.HeightAsync(0, stopped);
                network.Pause(Follower);
                try
                {
                    run.Detected(await DrillRun.UntilAsync(
                        "operator 0 notices that the follower is silent", Patience, async () => await network.ConnectedPeersAsync(0, stopped) == 2, stopped));
                    await DrillRun.UntilAsync(
                        $"the others commit {Heights} heights without it", Patience,
                        async () => await network.HeightAsync(0, stopped) >= stalledAt + Heights, stopped);
                }
                finally
                {
                    network.Resume(Follower);
                }

                ulong head = await network.HeightAsync(0, stopped);
                TimeSpan caughtUp = await DrillRun.UntilAsync(
                    $"the follower is at height {head}", Patience, async () => await network.HeightAsync(Follower, stopped) >= head, stopped);
                await network.WaitReadyAsync(Follower, Patience, stopped);
                run.Recovered(caughtUp);
                run.Check($"at least {Heights} heights missed", head >= stalledAt + Heights, $"{head - stalledAt}");
                run.CheckTime("caught up within 10 s, by itself", caughtUp.TotalSeconds <= 10, DrillRun.Seconds(caughtUp));
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        await run.CompareAsync(network, witness, cancellation);
    }
}

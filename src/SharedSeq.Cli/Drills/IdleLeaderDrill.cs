using System.Diagnostics;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>D8: one operator is connected, says every 100 ms that it is alive and at the newest slot, and never proposes or votes.</summary>
internal static class IdleLeaderDrill
{
    private const int Idle = 0;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(12);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Idle);
        NodeConfiguration configuration = network.ConfigurationOf(Idle);
        await using HostilePeer idle = HostilePeer.Start(configuration.Replica, network.Genesis);
        await DrillRun.UntilAsync(
            "the idle operator has its sessions", TimeSpan.FromSeconds(20),
            () => Task.FromResult(network.Alive.All(i => idle.IsConnected(new ReplicaId((ushort)i)))), cancellation);
        var witness = new BlockWitness();
        var load = new LoadGenerator(
            [.. network.Alive.Select(i => network.Rpcs[i])], network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        ulong first = 0, last = 0;
        await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                first = await network.HeightAsync(network.Alive.First(), stopped);
                long started = Stopwatch.GetTimestamp();
                double skippedBefore = await SkippedAsync(network, stopped);
                bool isDetected = false;
                long end = Environment.TickCount64 + (long)Watched.TotalMilliseconds;
                while (Environment.TickCount64 < end)
                {
                    await SayAliveAsync(network, idle, stopped);
                    if (!isDetected && await SkippedAsync(network, stopped) > skippedBefore)
                    {
                        isDetected = true;
                        run.Detected(Stopwatch.GetElapsedTime(started));
                    }

                    await Task.Delay(100, stopped);
                }

                last = await network.HeightAsync(network.Alive.First(), stopped);
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        List<CommittedGap> all = await CommittedGap.ReadAsync(network, first, last, cancellation);
        double[] gaps = [.. all.Where(gap => IsSkipped(network, gap)).Select(gap => gap.Ms).Order()];
        double limit = 2 * configuration.Consensus.SlotTimeoutMs;
        double typical = gaps.Length == 0 ? double.PositiveInfinity : gaps[gaps.Length * 9 / 10];
        run.Recovered(TimeSpan.FromMilliseconds(typical));
        run.Check("its slots are skipped", gaps.Length >= 5, DrillRun.Text($"{gaps.Length} slots among {last - first} heights"));
        run.Check(
            "the next leader's block comes within two slot timeouts, nine times out of ten (the tenth is the machine's)", typical <= limit,
            DrillRun.Text($"{typical:0} ms of {limit:0}; longest {gaps.LastOrDefault():0} ms"));
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>A Status at the slot where an honest operator is now: the others take its maker for alive, and wait for its proposals.</summary>
    private static async Task SayAliveAsync(BenchNetwork network, HostilePeer idle, CancellationToken cancellation)
    {
        Dictionary<string, double> metrics = await network.MetricsAsync(network.Alive.First(), cancellation);
        ulong height = (ulong)metrics["sharedseq_height_ordered"];
        if (height == 0) return;
        var block = new BlockId(new Height(height), Hash32.Parse(await network.BlockHashAsync(network.Alive.First(), height, cancellation)));
        var slot = new Slot((ulong)metrics["sharedseq_slot"]);
        Status status = idle.Signer.Status(slot.Previous(), block, slot);
        foreach (int i in network.Alive) idle.Send(new ReplicaId((ushort)i), status);
    }

    /// <summary>Slots of the idle operator that an honest one has skipped.</summary>
    private static async Task<double> SkippedAsync(BenchNetwork network, CancellationToken cancellation) =>
        (await network.MetricsAsync(network.Alive.First(), cancellation)).GetValueOrDefault($"sharedseq_slots_skipped_total{{replica=\"{Idle}\"}}");

    /// <summary>Whether a slot of the idle operator lies between the two blocks.</summary>
    private static bool IsSkipped(BenchNetwork network, CommittedGap gap)
    {
        for (ulong at = gap.SlotBefore + 1; at < gap.Slot; at++)
        {
            if (network.Genesis.Committee.LeaderOf(new Slot(at)) == new ReplicaId(Idle)) return true;
        }

        return false;
    }
}

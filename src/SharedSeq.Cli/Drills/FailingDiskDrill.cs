using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Node;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>D12: one operator's disk is slow, then full, then fails to sync. Its node runs in this process, over a file layer that makes the faults.</summary>
internal static class FailingDiskDrill
{
    private const int Failing = 3;

    /// <summary>Added to each sync of the slow disk.</summary>
    private const int SlowMs = 250;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Failing);
        var witness = new BlockWitness();
        await SlowAsync(run, network, witness, cancellation);
        foreach (StorageRejection fault in (StorageRejection[])[StorageRejection.DiskFull, StorageRejection.SyncFailed])
            await FailAsync(run, network, witness, fault, cancellation);

        // Mended, it comes back by itself, and nobody has seen it say two different things.
        await using (await StartAsync(network, new StorageFaults(), cancellation))
        {
            ulong head = await network.HeightAsync(0, cancellation);
            run.Recovered(await DrillRun.UntilAsync(
                $"the mended operator is at height {head}", Patience, async () => await network.HeightAsync(Failing, cancellation) >= head, cancellation));
        }

        run.OperatorStep("free or replace the disk, then start the node again: twice");
        JsonElement evidence = await network.CallAsync(0, "sharedseq_getEvidence", cancellation);
        run.Check("no vote left that was not durable: no evidence against the operator", evidence.GetArrayLength() == 0, $"{evidence.GetArrayLength()} items");
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>The slow disk holds back its own operator and nobody else.</summary>
    private static async Task SlowAsync(DrillRun run, BenchNetwork network, BlockWitness witness, CancellationToken cancellation)
    {
        var faults = new StorageFaults();
        await using NodeHost node = await StartAsync(network, faults, cancellation);
        LoadOutcome outcome = await NewLoad(network).RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                faults.SyncDelayMs = SlowMs;
                await Task.Delay(TimeSpan.FromSeconds(5), stopped);
                faults.SyncDelayMs = 0;
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        double p99 = LatencySamples.PercentileMs(outcome.Samples.Where(s => s.IsCommitted), 0.99);
        run.Check("a slow disk does not end its node", !node.Fatal.IsCompleted, $"{SlowMs} ms more for each sync");
        run.Check("the others go on beside a slow disk", outcome.LongestSilenceMs <= 2_000,
            DrillRun.Text($"longest silence {outcome.LongestSilenceMs:0} ms, p99 {p99:0} ms"));
    }

    /// <summary>The disk takes no more: the node ends with the reason, the others go on without it.</summary>
    private static async Task FailAsync(
        DrillRun run, BenchNetwork network, BlockWitness witness, StorageRejection fault, CancellationToken cancellation)
    {
        var faults = new StorageFaults();
        await using NodeHost node = await StartAsync(network, faults, cancellation);
        LoadOutcome outcome = await NewLoad(network).RunAsync(
            async stopped =>
            {
                await DrillRun.UntilAsync(
                    "the operator commits", Patience, async () => await network.HeightAsync(Failing, stopped) > 0, stopped);
                if (fault == StorageRejection.DiskFull) faults.FreeBytes = 0;
                else faults.FailSyncs(1);
                run.Detected(await DrillRun.UntilAsync($"the node ends because of {fault}", Patience, () => Task.FromResult(node.Fatal.IsCompleted), stopped));
                await witness.NoteAsync(network, stopped);
                await Task.Delay(TimeSpan.FromSeconds(3), stopped);
            },
            cancellation);
        string why = await node.Fatal;
        run.Check($"{fault}: the node ends and says so", why.Contains(fault.ToString(), StringComparison.Ordinal), why);
        run.Check($"{fault}: the others go on", outcome.LongestSilenceMs <= 3_000, DrillRun.Text($"longest silence {outcome.LongestSilenceMs:0} ms"));
    }

    /// <summary>Small segments, so that the logs soon need room.</summary>
    private static async Task<NodeHost> StartAsync(BenchNetwork network, StorageFaults faults, CancellationToken cancellation)
    {
        NodeConfiguration configuration = network.ConfigurationOf(Failing) with
        {
            Storage = new StorageSection { VoteSegmentBytes = 4 * 1024 * 1024, BatchSegmentBytes = 4 * 1024 * 1024, RetentionBytes = 1L << 30 },
        };
        var node = new NodeHost(configuration, NullLoggerFactory.Instance, files: new FaultyFileLayer(DiskFileLayer.Instance, faults));
        try
        {
            await node.StartAsync(cancellation);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>At the healthy operators, with payloads that fill a segment within seconds.</summary>
    private static LoadGenerator NewLoad(BenchNetwork network) => new(
        [.. network.Alive.Select(i => network.Rpcs[i])], network.Namespaces, network.Committees, network.Ledger,
        DrillRun.Light with { PayloadBytes = 4_096 });
}

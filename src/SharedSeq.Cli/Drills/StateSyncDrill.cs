using System.Diagnostics;
using System.Text.Json.Nodes;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>
/// D21: three of four operators have 100,000 heights behind them; the fourth, which has never run, starts with an empty disk. It has cast no vote with its
/// keys, so it may vote as soon as it is in step; an operator that lost its disk must come with new ones instead (D6).
/// </summary>
internal static class StateSyncDrill
{
    private const ulong Heights = 100_000;
    private const int Empty = 3;
    private const double SecondsMax = 60;
    private static readonly TimeSpan MakePatience = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Empty, prepare: Hasten);
        var witness = new BlockWitness();
        var load = new LoadGenerator([.. network.Rpcs.Take(Empty)], network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        Synced? synced = null;
        await load.RunAsync(
            async stopped =>
            {
                TimeSpan made = await DrillRun.UntilAsync(
                    $"{Heights} heights are ordered", MakePatience, async () => await network.HeightAsync(0, stopped) >= Heights, stopped);
                await witness.NoteAsync(network, stopped);
                synced = await StartEmptyAsync(run, network, made, stopped);
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        await CompareLedgerAsync(run, network, synced!, cancellation);
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>Empty heights as fast as three operators make them.</summary>
    private static Task Hasten(DevnetFolder folder)
    {
        foreach (DevnetOperator place in folder.Operators)
        {
            JsonNode configuration = JsonNode.Parse(File.ReadAllText(place.ConfigFile))!;
            configuration["consensus"] = new JsonObject { ["heartbeatMs"] = 5, ["minHeightMs"] = 0 };
            File.WriteAllText(place.ConfigFile, configuration.ToJsonString());
        }

        return Task.CompletedTask;
    }

    private static async Task<Synced> StartEmptyAsync(DrillRun run, BenchNetwork network, TimeSpan made, CancellationToken cancellation)
    {
        ulong behind = await network.HeightAsync(0, cancellation);
        long started = Stopwatch.GetTimestamp();
        network.StartAbsent(Empty);
        string file = Path.Combine(network.Places[Empty].DataFolder, "checkpoint", "base");
        TimeSpan installed = await DrillRun.UntilAsync("a checkpoint is installed", Patience, () => Task.FromResult(File.Exists(file)), cancellation);
        ulong wanted = 0;
        await DrillRun.UntilAsync(
            "it is in step", Patience, async () => await IsInStepAsync(network, () => wanted, w => wanted = w, cancellation), cancellation);
        TimeSpan inStep = Stopwatch.GetElapsedTime(started);
        run.Recovered(inStep);
        long bytes = new FileInfo(file).Length;
        ulong oldest = (await network.CallAsync(Empty, "sharedseq_health", cancellation)).GetProperty("oldestHeight").GetUInt64();
        run.Check(
            DrillRun.Text($"an empty operator {behind:n0} heights behind is in step within {SecondsMax:0} s"), inStep.TotalSeconds <= SecondsMax,
            DrillRun.Text($"{inStep.TotalSeconds:0.0} s: the checkpoint of height {oldest:n0}, {bytes:n0} bytes, was installed after ")
            + DrillRun.Text($"{installed.TotalSeconds:0.0} s; the heights took {made.TotalSeconds:0} s to make"));
        return new Synced(oldest);
    }

    /// <summary>It has ordered what another operator had ordered a moment before.</summary>
    private static async Task<bool> IsInStepAsync(BenchNetwork network, Func<ulong> wanted, Action<ulong> want, CancellationToken cancellation)
    {
        try
        {
            if (wanted() > 0 && await network.HeightAsync(Empty, cancellation) >= wanted()) return true;
            want(await network.HeightAsync(0, cancellation));
        }
        catch (HttpRequestException)
        {
            // Starting, or starting again.
        }

        return false;
    }

    /// <summary>With the operator stopped for that moment, as `store rebuild` wants it.</summary>
    private static async Task CompareLedgerAsync(DrillRun run, BenchNetwork network, Synced synced, CancellationToken cancellation)
    {
        await network.StopAsync(Empty);
        NodeConfiguration configuration = network.ConfigurationOf(Empty);
        string fresh = configuration.DataDir + ".compared";
        RebuiltLedger rebuilt;
        using (var logs = new NodeLogs(configuration, _ => { }))
        {
            logs.Recover(network.Genesis, out _);
            CertifiedCheckpoint? start = new CheckpointFolder(configuration.DataDir).ReadBase(network.Genesis, new P256Scheme(), _ => true);
            rebuilt = await LedgerRebuild.RunAsync(network.Genesis, logs, fresh, start, cancellation);
        }

        string? difference;
        using (Ledger own = new(NodeLedger.FolderOf(configuration.DataDir)), again = new(NodeLedger.FolderOf(fresh))) difference = own.FirstDifference(again);
        Directory.Delete(fresh, recursive: true);
        run.Check(
            "its ledger equals one rebuilt from its own archive, and what was certified since", difference is null && rebuilt.DiffersAt is null,
            difference ?? (rebuilt.DiffersAt is { } height
                ? DrillRun.Text($"height {height} differs from its certificate")
                : DrillRun.Text($"heights {synced.Oldest + 1:n0} to {rebuilt.Machine.Height.Value:n0}")));
        network.StartAbsent(Empty);
        await network.WaitReadyAsync(Empty, Patience, cancellation);
    }

    /// <param name="Oldest">Where its archive begins.</param>
    private sealed record Synced(ulong Oldest);
}

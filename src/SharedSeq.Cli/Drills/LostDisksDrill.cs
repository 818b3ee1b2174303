using System.Diagnostics;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// D6: the whole committee is halted at once. Any f+p+1 disks hold all that was committed; with one disk lost the others go on by themselves, with two
/// lost there are fewer than q keys, and nothing is committed any more: only the governed restart goes on from there.
/// </summary>
internal static class LostDisksDrill
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation);
        var witness = new BlockWitness();
        var load = new LoadGenerator(network.Rpcs, network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        await load.RunAsync(
            async stopped =>
            {
                await DrillRun.UntilAsync("the network commits", Patience, () => Task.FromResult(network.Ledger.Committed.Count > 50), stopped);
                await witness.NoteAsync(network, stopped);
                await KillAsync(network, stopped);
                ReadDisks(run, network);
                network.LoseDisk(3);
                long started = Stopwatch.GetTimestamp();
                await network.ReviveAsync(stopped, 0, 1, 2);
                int known = network.Ledger.Committed.Count;
                await DrillRun.UntilAsync("three commit again", Patience, () => Task.FromResult(network.Ledger.Committed.Count > known), stopped);
                run.Recovered(Stopwatch.GetElapsedTime(started));
                run.Check("one disk lost: the others go on, by starting their processes", true, DrillRun.Seconds(Stopwatch.GetElapsedTime(started)));
            },
            cancellation);
        run.OperatorStep("the operator without its disk comes back with new keys at an epoch's boundary");
        await run.CompareAsync(network, witness, cancellation);
        await BelowQuorumAsync(run, network, cancellation);
    }

    /// <summary>Two keys are left where three are needed.</summary>
    private static async Task BelowQuorumAsync(DrillRun run, BenchNetwork network, CancellationToken cancellation)
    {
        await KillAsync(network, cancellation);
        network.LoseDisk(2);
        await network.RestartAsync(0);
        await network.RestartAsync(1);
        await DrillRun.UntilAsync("two have a session", Patience, async () => await ConnectedAsync(network, cancellation), cancellation);
        ulong before = await network.HeightAsync(0, cancellation);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellation);
        ulong after = await network.HeightAsync(0, cancellation);
        run.Check("two disks lost: fewer than q keys commit nothing", after == before, $"height {before}, 5 s later {after}");
        run.OperatorStep("with fewer than q keys: the governed restart with a new genesis");
    }

    private static async Task<bool> ConnectedAsync(BenchNetwork network, CancellationToken cancellation)
    {
        try
        {
            return await network.ConnectedPeersAsync(0, cancellation) == 1;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task KillAsync(BenchNetwork network, CancellationToken cancellation)
    {
        foreach (int i in network.Alive.ToArray()) network.Kill(i);
        await DrillRun.UntilAsync("all have ended", Patience, () => Task.FromResult(!network.Alive.Any()), cancellation);
    }

    /// <summary>What the disks show: one committed chain, and in every pair all blocks below the highest commit proof that a client was shown.</summary>
    private static void ReadDisks(DrillRun run, BenchNetwork network)
    {
        Disk[] disks = [.. Enumerable.Range(0, 4).Select(i => ReadDisk(network, i))];
        CommitProof shown = network.Ledger.HighestProof ?? throw new CommandException("no client was shown a commit proof");
        run.Check("the highest commit proof that a client was shown verifies", network.Verifier.TryVerify(shown, out _) == VerificationRejection.None,
            $"height {shown.Block.Height}");
        var genesis = new BlockId(Height.Zero, network.Genesis.Hash);
        ulong[] heads = [.. disks.Select(disk => disk.Committed.Keys.DefaultIfEmpty().Max())];
        ulong missing = 0;
        int pairs = 0, complete = 0, equal = 0;
        for (int a = 0; a < 4; a++)
        {
            for (int b = a + 1; b < 4; b++, pairs++)
            {
                BlockId lowest = WalkDown(shown.Block, disks[a], disks[b]);
                if (lowest == genesis) complete++;
                else missing = ulong.Max(missing, lowest.Height.Value);
                if (disks[a].Committed.All(block => !disks[b].Committed.TryGetValue(block.Key, out Hash32 other) || other == block.Value)) equal++;
            }
        }

        run.Check("any f+p+1 disks give one chain", equal == pairs, $"{equal} of {pairs} pairs; heads {string.Join(", ", heads)}");
        run.Check(
            "any f+p+1 disks hold every block up to the highest that a client saw committed, linked by hash", complete == pairs,
            $"{complete} of {pairs} pairs from height {shown.Block.Height} down to genesis{(missing > 0 ? $"; height {missing} is missing" : "")}");
    }

    /// <summary>Follows the parents' hashes through the blocks of two disks.</summary>
    /// <returns>The highest that neither has: genesis when they have all.</returns>
    private static BlockId WalkDown(BlockId from, Disk one, Disk other)
    {
        BlockId at = from;
        while (one.Blocks.TryGetValue(at, out Header? header) || other.Blocks.TryGetValue(at, out header)) at = header.ParentId;
        return at;
    }

    private static Disk ReadDisk(BenchNetwork network, int index)
    {
        using var logs = new NodeLogs(network.ConfigurationOf(index), _ => { });
        RecoveredState state = logs.Recover(network.Genesis, out _);
        var disk = new Disk([], []);
        foreach (DurableRecord record in state.VoteLog)
        {
            switch (record)
            {
                case DurableRecord.FinalHeld held when network.Verifier.TryVerify(held.Proof, out _) == VerificationRejection.None:
                    disk.Committed[held.Proof.Block.Height.Value] = held.Proof.Block.Hash;
                    break;
                case DurableRecord.BlockHeld held:
                    disk.Blocks[held.Block.Id] = held.Block.Header;
                    break;
                case DurableRecord.OwnProposal own:
                    disk.Blocks[own.Proposal.Block.Id] = own.Proposal.Block.Header;
                    break;
            }
        }

        for (Height height = logs.LastBlock; height > Height.Zero && height >= logs.FirstBlock; height = height.Previous())
        {
            if (logs.ReadBlock(height) is not { } block) continue;
            disk.Committed[height.Value] = block.Block.Header.Hash;
            disk.Blocks[block.Block.Id] = block.Block.Header;
        }

        return disk;
    }

    /// <param name="Committed">Hash by height: of commit proofs that verify, and of the archive.</param>
    /// <param name="Blocks">Headers of the archive and of the blocks voted for.</param>
    private sealed record Disk(Dictionary<ulong, Hash32> Committed, Dictionary<BlockId, Header> Blocks);
}

using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>D16: a registered operator sends garbage, oversized frames, forged statements and statements about impossible slots, as fast as it may.</summary>
internal static class BadPeerDrill
{
    private const int Bad = 0;

    /// <summary>MiB by which an operator may grow meanwhile: its own work under load, and some frames of the bad peer that are being read.</summary>
    private const double GrowthMiBMax = 96;

    private static readonly TimeSpan Attack = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Bad);
        NodeConfiguration configuration = network.ConfigurationOf(Bad);
        await using HostilePeer bad = HostilePeer.Start(configuration.Replica, network.Genesis);
        var witness = new BlockWitness();
        var load = new LoadGenerator(
            [.. network.Alive.Select(i => network.Rpcs[i])], network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        double before = 0, after = 0;
        ulong first = 0, last = 0;
        LoadOutcome outcome = await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                before = (await network.UsageAsync(stopped)).ResidentMiBMax;
                first = await network.HeightAsync(network.Alive.First(), stopped);
                Task<TimeSpan> detection = DrillRun.UntilAsync(
                    "every operator has ended a session of the bad peer", 2 * Attack,
                    async () => await LeastAsync(network, SessionEnds(SessionEnd.TooManyBadFrames), stopped) > 0, stopped);
                int round = 0;
                for (long end = Environment.TickCount64 + (long)Attack.TotalMilliseconds; Environment.TickCount64 < end; round++)
                {
                    foreach (int victim in network.Alive) Attacked(bad, new ReplicaId((ushort)victim), round);
                    if (round % 8 == 0) await Task.Delay(1, stopped);
                }

                run.Detected(await detection);
                after = (await network.UsageAsync(stopped)).ResidentMiBMax;
                last = await network.HeightAsync(network.Alive.First(), stopped);
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        double longestMs = (await CommittedGap.ReadAsync(network, first, last, cancellation))
            .Select(gap => gap.Ms).DefaultIfEmpty(double.PositiveInfinity).Max();
        run.Recovered(TimeSpan.FromMilliseconds(longestMs));
        foreach (SessionEnd reason in (SessionEnd[])[SessionEnd.TooManyBadFrames, SessionEnd.OversizedFrame])
        {
            double least = await LeastAsync(network, SessionEnds(reason), cancellation);
            run.Check($"sessions ended as {reason} at every operator", least > 0, DrillRun.Text($"at least {least:0}"));
        }

        double refused = await LeastAsync(
            network, name => name.StartsWith($"sharedseq_peer_refused_total{{peer=\"{Bad}\"", StringComparison.Ordinal), cancellation);
        run.Check("bad frames counted by peer and reason at every operator", refused > 0, DrillRun.Text($"at least {refused:0}"));
        run.Check("memory bounded", after - before <= GrowthMiBMax, DrillRun.Text($"{before:0} MiB, then {after:0} MiB resident"));
        run.Check("commits go on", longestMs <= 2_000 && last >= first + 50,
            DrillRun.Text($"{last - first} heights, at most {longestMs:0} ms apart; clients heard nothing for at most {outcome.LongestSilenceMs:0} ms"));
        await run.CompareAsync(network, witness, cancellation);
    }

    private static Func<string, bool> SessionEnds(SessionEnd reason) => name => name == $"sharedseq_session_ends_total{{reason=\"{reason}\"}}";

    /// <summary>The sum of metrics by name, at the operator where it is least.</summary>
    private static async Task<double> LeastAsync(BenchNetwork network, Func<string, bool> isCounted, CancellationToken cancellation)
    {
        double least = double.MaxValue;
        foreach (int i in network.Alive)
        {
            Dictionary<string, double> metrics = await network.MetricsAsync(i, cancellation);
            least = double.Min(least, metrics.Where(metric => isCounted(metric.Key)).Sum(metric => metric.Value));
        }

        return least;
    }

    private static void Attacked(HostilePeer bad, ReplicaId victim, int round)
    {
        var value = new BlockId(new Height(5), Sha.Of("no block"u8));
        switch (round % 64)
        {
            case 63:
                byte[] oversized = new byte[(1024 * 1024) + 1];
                bad.Send(victim, PeerChannel.Control, writer => writer.Raw(oversized));
                break;
            case var n when n % 4 == 0:
                bad.Send(victim, bad.Signer.Vote(new Slot(ulong.MaxValue - (ulong)n), VoteKind.First, value).Value);
                break;
            case var n when n % 4 == 1:
                Vote own = bad.Signer.Vote(new Slot(1_000_000), VoteKind.First, value).Value;
                bad.Send(victim, new Vote(own.Epoch, own.Slot, own.VoteKind, own.Value, new ReplicaId(2), own.Signature));
                break;
            default:
                byte[] garbage = new byte[Random.Shared.Next(1, 4_000)];
                Random.Shared.NextBytes(garbage);
                bad.Send(victim, round % 2 == 0 ? PeerChannel.Control : PeerChannel.Bulk, writer => writer.Raw(garbage));
                break;
        }
    }
}

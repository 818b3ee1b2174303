using System.Text.Json;
using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Primitives;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>
/// What clients were promised holds when the network between operators fails and when operators die: four processes under a light load, compared with
/// a ledger outside of them.
/// </summary>
public sealed class FaultTests
{
    private const int Seconds = 60;

    /// <summary>Heights before an epoch's last one at which an operator is killed there: the change is under way before the process is gone.</summary>
    private const ulong HeightsBefore = 10;
    private static readonly LoadOptions Light =
        new() { Connections = 8, FrameSize = 4, InFlight = 0, Rate = 200, WantsReceipts = true, WarmUpSeconds = 0 };

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Two_of_four_cut_from_the_others_commit_nothing_and_afterwards_all_that_was_accepted_once()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, deadline.Token, isLinked: true);
        LoadGenerator load = NewLoad(network);
        LoadOutcome outcome = await load.RunAsync(
            async _ =>
            {
                await Devnet.UntilAsync("operators of both sides commit", () => Task.FromResult(Committed(load, 0) && Committed(load, 3)), Seconds);
                await network.CutAsync([0, 1]);
                await Devnet.UntilAsync(
                    "sessions across the cut have ended", async () => await network.ConnectedPeersAsync(0, deadline.Token) == 1, Seconds);
                int before = network.Ledger.Committed.Count;
                int submitted = network.Ledger.Submitted.Count;
                await Devnet.UntilAsync(
                    "5 s of load have been submitted during the cut", () => Task.FromResult(network.Ledger.Submitted.Count > submitted + 250), Seconds);
                Assert.Equal(before, network.Ledger.Committed.Count);
                network.Heal();
                int known = load.Samples.Snapshot().Count;
                await Devnet.UntilAsync(
                    "every operator commits again",
                    () => Task.FromResult(Enumerable.Range(0, 4).All(i => load.Samples.Snapshot().Skip(known).Any(s => s.Operator == i && s.IsCommitted))),
                    Seconds);
            },
            deadline.Token);
        LedgerVerdict verdict = await network.CheckAsync(deadline.Token);
        Assert.Empty(verdict.Fault);
        Assert.Equal(0, verdict.Rejected);
        Assert.NotEqual(0, outcome.Committed);
        Assert.NotEmpty(network.Ledger.Accepted);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task What_was_accepted_is_ordered_once_although_one_and_then_all_operators_are_killed_where_epochs_end()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, deadline.Token, epochSeconds: 2);
        await NewLoad(network).RunAsync(
            async stopped =>
            {
                ulong ended = await UntilEndOfEpochAsync(network, stopped);
                network.Kill(3);
                await UntilEpochAsync(network, ended + 1, stopped);
                await network.ReviveAsync(stopped, 3);
                ended = await UntilEndOfEpochAsync(network, stopped);
                for (int i = 0; i < 4; i++) network.Kill(i);
                await network.ReviveAsync(stopped, 0, 1, 2, 3);
                await UntilEpochAsync(network, ended + 2, stopped);
            },
            deadline.Token);
        LedgerVerdict verdict = await network.CheckAsync(deadline.Token);
        Assert.Empty(verdict.Fault);
        Assert.NotEmpty(network.Ledger.Accepted);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_transaction_is_ordered_by_its_deadline_although_its_operator_died_right_after_the_receipt()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, deadline.Token);
        Hash32[] ids = [];
        await NewLoad(network).RunAsync(
            async stopped =>
            {
                await Devnet.UntilAsync("the network commits", () => Task.FromResult(network.Ledger.Committed.Count > 0), Seconds);
                ids = await CrashBench.KillAtReceiptAsync(network, victim: 2, stopped);
                foreach (int survivor in (int[])[0, 1, 3]) await network.WaitDecidedAsync(survivor, ids, TimeSpan.FromSeconds(Seconds), stopped);
            },
            deadline.Token);
        LedgerVerdict verdict = await network.CheckAsync(deadline.Token);
        Assert.Empty(verdict.Fault);
        Assert.Equal(0, verdict.Rejected);
        Assert.Contains(network.Ledger.Accepted, accepted => accepted.Ids.SequenceEqual(ids));
        Assert.NotNull(verdict.LeastHeightsLeft);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task An_operator_that_was_away_for_more_heights_than_a_proof_spans_answers_its_clients()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, deadline.Token, isLinked: true);
        LoadGenerator load = NewLoad(network);
        LoadOutcome outcome = await load.RunAsync(
            async stopped =>
            {
                await Devnet.UntilAsync("the network commits", () => Task.FromResult(Committed(load, 3)), Seconds);
                await network.CutAsync([3]);
                ulong span = SubmitReply.Committed.MaxHeaders + 100;
                ulong cutAt = await network.HeightAsync(0, stopped);
                await Devnet.UntilAsync(
                    "the others are further ahead than a proof spans", async () => await network.HeightAsync(0, stopped) > cutAt + span, 2 * Seconds);
                network.Heal();
                int known = load.Samples.Snapshot().Count;
                await Devnet.UntilAsync(
                    "clients of the returned operator hear of commits again",
                    () => Task.FromResult(load.Samples.Snapshot().Skip(known).Any(s => s.Operator == 3 && s.IsCommitted)), Seconds);
            },
            deadline.Token);
        LedgerVerdict verdict = await network.CheckAsync(deadline.Token);
        Assert.Empty(verdict.Fault);
        Assert.Equal(0, outcome.Unanswered);
    }

    private static LoadGenerator NewLoad(BenchNetwork network) => new(network.Rpcs, network.Namespaces, network.Committees, network.Ledger, Light);

    private static bool Committed(LoadGenerator load, int index) => load.Samples.Snapshot().Any(s => s.Operator == index && s.IsCommitted);

    /// <summary>Waits until an epoch is about to end.</summary>
    /// <returns>The epoch.</returns>
    private static async Task<ulong> UntilEndOfEpochAsync(BenchNetwork network, CancellationToken cancellation)
    {
        ulong epoch = 0;
        await Devnet.UntilAsync("an epoch is about to end", async () =>
        {
            JsonElement health = await network.CallAsync(1, "sharedseq_health", cancellation);
            epoch = health.GetProperty("epoch").GetUInt64();
            return health.GetProperty("epochBoundary") is { ValueKind: JsonValueKind.Number } boundary
                && health.GetProperty("finalHeight").GetUInt64() + HeightsBefore >= boundary.GetUInt64();
        }, Seconds);
        return epoch;
    }

    private static Task UntilEpochAsync(BenchNetwork network, ulong epoch, CancellationToken cancellation) => Devnet.UntilAsync(
        $"epoch {epoch}", async () => (await network.CallAsync(1, "sharedseq_health", cancellation)).GetProperty("epoch").GetUInt64() >= epoch, Seconds);
}

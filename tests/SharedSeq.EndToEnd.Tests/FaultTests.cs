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
}

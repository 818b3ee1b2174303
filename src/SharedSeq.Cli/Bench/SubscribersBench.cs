using System.Diagnostics;
using System.Globalization;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// B9: subscribers on one operator, some of them slow. The same load runs on the same network first without and then with them, so that
/// what they cost the commits is seen; then as many subscribers read everything from the first block on, as fast as it goes.
/// </summary>
/// <param name="run">Settings of the load.</param>
/// <param name="count">Subscribers, each on a connection of its own.</param>
/// <param name="slow">How many of them are slow: half acknowledges nothing, half does not read.</param>
internal sealed class SubscribersBench(BenchRun run, int count, int slow)
{
    private const int Namespaces = 20;

    /// <summary>Seconds within which slow subscribers must have been cut and have caught up again, once the load is over.</summary>
    private const int CatchUpSeconds = 60;

    public async Task RunAsync(CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(run.Operators, Namespaces, cancellation);
        LoadOptions load = run.Paced(2_000, 4) with { Connections = Namespaces };
        LoadOutcome without = await run.NewGenerator(network, load).RunAsync(cancellation);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        StreamSubscriber[] subscribers = [.. Enumerable.Range(0, count).Select(i => new StreamSubscriber(
            network.Rpcs[0], network.Namespaces[i % Namespaces], PaceOf(i)))];
        Task[] running = await StartAsync(network, subscribers, isFromHead: true, stop.Token);
        LoadOutcome with = null!;
        (double delivered, double blocks) = (0, 0);
        (double resident, double residentOther) = (0, 0);
        try
        {
            with = await run.NewGenerator(network, load).RunAsync(
                async measured =>
                {
                    foreach (StreamSubscriber subscriber in subscribers) subscriber.Measure();
                    (delivered, blocks) = await DeliveriesAsync(subscribers, TimeSpan.FromSeconds(run.RunSeconds), measured);
                },
                cancellation);

            // The operators do the same but for the subscribers: what they cost is the difference.
            resident = (await network.UsageOfAsync(0, cancellation)).ResidentMiBMax;
            residentOther = (await network.UsageOfAsync(1, cancellation)).ResidentMiBMax;
            await CatchUpAsync(network, subscribers, running, cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        double replayed = await ReplayAsync(network, cancellation);
        await BenchRun.CheckAsync("B9", network, cancellation);
        Report(load, without, with, subscribers, delivered, blocks, replayed, resident, residentOther);
    }

    private SubscriberPace PaceOf(int index) =>
        index >= slow ? SubscriberPace.Quick : index % 2 == 0 ? SubscriberPace.Unacknowledging : SubscriberPace.Unreading;

    private static async Task<Task[]> StartAsync(BenchNetwork network, StreamSubscriber[] subscribers, bool isFromHead, CancellationToken stopping)
    {
        var from = new Dictionary<NamespaceId, ulong>();
        foreach (NamespaceId ns in network.Namespaces) from[ns] = isFromHead ? await network.HeadAsync(0, ns, stopping) + 1 : 1;
        return [.. subscribers.Select(s => Task.Run(() => s.RunAsync(from[s.Namespace], stopping), CancellationToken.None))];
    }

    private static async Task<(double Transactions, double Blocks)> DeliveriesAsync(
        StreamSubscriber[] subscribers, TimeSpan time, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        (long transactions, long blocks) = (subscribers.Sum(s => s.Transactions), subscribers.Sum(s => s.Blocks));
        await Task.Delay(time, cancellation);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return ((subscribers.Sum(s => s.Transactions) - transactions) / seconds, (subscribers.Sum(s => s.Blocks) - blocks) / seconds);
    }

    /// <summary>Waits until every subscriber has taken every block and every slow one was cut on the way.</summary>
    private static async Task CatchUpAsync(BenchNetwork network, StreamSubscriber[] subscribers, Task[] running, CancellationToken cancellation)
    {
        var heads = new Dictionary<NamespaceId, ulong>();
        foreach (NamespaceId ns in network.Namespaces) heads[ns] = await network.HeadAsync(0, ns, cancellation);
        long deadline = Environment.TickCount64 + (CatchUpSeconds * 1_000L);
        while (subscribers.FirstOrDefault(s => s.Next <= heads[s.Namespace] || (s.Pace != SubscriberPace.Quick && s.CutReason is null)) is { } late)
        {
            if (running.FirstOrDefault(task => task.IsFaulted) is { } failed) await failed;
            if (Environment.TickCount64 > deadline)
            {
                throw BenchRun.NoResult(
                    $"B9: a subscriber ({late.Pace}) of namespace {late.Namespace} is at block {late.Next} of {heads[late.Namespace]} after "
                    + $"{CatchUpSeconds} s, cut: {late.CutReason ?? "no"}");
            }

            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Everything again from the first block on, to as many subscribers.</summary>
    /// <returns>Transactions delivered a second.</returns>
    private async Task<double> ReplayAsync(BenchNetwork network, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        StreamSubscriber[] subscribers = [.. Enumerable.Range(0, count).Select(i => new StreamSubscriber(
            network.Rpcs[0], network.Namespaces[i % Namespaces], SubscriberPace.Quick))];
        long started = Stopwatch.GetTimestamp();
        Task[] running = await StartAsync(network, subscribers, isFromHead: false, stop.Token);
        try
        {
            await CatchUpAsync(network, subscribers, running, cancellation);
            return subscribers.Sum(s => s.Transactions) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Report(
        LoadOptions load, LoadOutcome without, LoadOutcome with, StreamSubscriber[] subscribers, double delivered, double blocks, double replayed,
        double resident, double residentOther)
    {
        double[] lags = [.. subscribers.Where(s => s.Pace == SubscriberPace.Quick).SelectMany(s => s.LagsMs).Order()];
        double Lag(double share) => lags.Length == 0 ? 0 : lags[int.Min(lags.Length - 1, (int)(lags.Length * share))];
        StreamSubscriber[] cut = [.. subscribers.Where(s => s.CutReason is not null)];
        int told = cut.Count(s => s.CutReason == "slow");
        double perSubscriber = (resident - residentOther) * 1024 / count;
        run.Report(
            new
            {
                name = "B9",
                subscribers = count,
                slow,
                namespaces = Namespaces,
                rate = load.Rate,
                transactionsPerSecond = with.PerSecond,
                deliveriesPerSecond = delivered,
                blocksPerSecond = blocks,
                lagP50Ms = Lag(0.5),
                lagP99Ms = Lag(0.99),
                replayDeliveriesPerSecond = replayed,
                p50MsWithout = without.PercentileMs(0.5),
                p99MsWithout = without.PercentileMs(0.99),
                p50MsWith = with.PercentileMs(0.5),
                p99MsWith = with.PercentileMs(0.99),
                cut = cut.Length,
                cutWithReason = told,
                residentMiB = resident,
                residentMiBOfAnother = residentOther,
                residentKiBPerSubscriber = perSubscriber,
                checkedTransactions = without.LedgerCount + with.LedgerCount,
                loadAverage = BenchRun.LoadAverage(),
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"B9 {count} subscribers of one operator, {slow} of them slow, {Namespaces} namespaces, {with.PerSecond:n0} tx/s:\n"
                + $"  deliveries       {delivered:n0} tx/s in {blocks:n0} blocks/s; from the first block on, at most {replayed:n0} tx/s\n"
                + $"  lag              p50 {Lag(0.5):0.0} ms, p99 {Lag(0.99):0.0} ms behind the block's timestamp (target p99 50)\n"
                + $"  commit latency   p50 {without.PercentileMs(0.5):0.0} ms, p99 {without.PercentileMs(0.99):0.0} ms without subscribers\n"
                + $"                   p50 {with.PercentileMs(0.5):0.0} ms, p99 {with.PercentileMs(0.99):0.0} ms with them\n"
                + $"  slow readers     {cut.Length} of {slow} cut, {told} told why, all resumed without gap or double\n"
                + $"  memory           {resident:0} MiB, an operator without subscribers {residentOther:0} MiB: {perSubscriber:0} KiB each,\n"
                + $"                   encoded blocks that all {count} share included\n"
                + $"  {BenchRun.Checked(without.LedgerCount + with.LedgerCount)}"));
    }
}

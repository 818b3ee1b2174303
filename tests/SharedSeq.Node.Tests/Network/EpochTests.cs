using SharedSeq.Ordering;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Four nodes whose epochs last a second: what was promised in one is kept in the next, by nodes that stop and start in between, too.</summary>
[Collection("nodes")]
public sealed class EpochTests : IAsyncLifetime
{
    private const int Operators = 4;

    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 200 };

    private TestNetwork _network = null!;

    public async Task InitializeAsync() => _network = await TestNetwork.StartAsync(Operators, Short);

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Transactions_are_ordered_once_and_alike_over_epochs_in_which_nodes_stop_and_start()
    {
        var sent = new SortedSet<string>(StringComparer.Ordinal);
        using var enough = new CancellationTokenSource();
        Task<List<string>>[] load = [.. Enumerable.Range(0, Operators - 1).Select(i => StreamCheck.LoadAsync(_network[i], enough.Token))];
        await UntilEpochAsync(2);
        TestNode away = _network[Operators - 1];
        await _network.StopAsync(away);
        ulong left = await StreamCheck.EpochAsync(_network[0]);
        await UntilEpochAsync(left + 2);
        TestNode back = await _network.StartAsync(Operators - 1);
        await back.ReadyAsync();
        ulong returned = await StreamCheck.EpochAsync(_network[0]);
        await UntilEpochAsync(returned + 2);
        await enough.CancelAsync();
        foreach (Task<List<string>> loader in load) sent.UnionWith(await loader);
        Assert.True(sent.Count > 50, $"{sent.Count} transactions were sent");

        for (int i = 0; i < Operators; i++) await _network.StopAsync(_network[0]);
        for (int i = 0; i < Operators; i++) await _network.StartAsync(i);
        for (int i = 0; i < Operators; i++) await _network[i].ReadyAsync();
        string last = await _network[0].CommitAsync();
        sent.Add(last);
        for (int i = 0; i < Operators; i++) await _network[i].UntilOrderedAsync(last);
        await StreamCheck.SameOnceAsync([.. Enumerable.Range(0, Operators).Select(i => _network[i])], sent);
        Assert.True(await _network[0].MetricAsync("sharedseq_epoch") > returned, "the restarted network is in the epoch that it was in");
    }

    private async Task UntilEpochAsync(ulong epoch)
    {
        for (int i = 0; i < Operators - 1; i++)
        {
            TestNode node = _network[i];
            await TestNetwork.UntilAsync($"operator {node.Host.Runtime.Self} is in epoch {epoch}", async () => await StreamCheck.EpochAsync(node) >= epoch);
        }
    }
}

using System.Text.Json;
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
        Task<List<string>>[] load = [.. Enumerable.Range(0, Operators - 1).Select(i => LoadAsync(_network[i], enough.Token))];
        await UntilEpochAsync(2);
        TestNode away = _network[Operators - 1];
        await _network.StopAsync(away);
        ulong left = await EpochAsync(_network[0]);
        await UntilEpochAsync(left + 2);
        TestNode back = await _network.StartAsync(Operators - 1);
        await back.ReadyAsync();
        ulong returned = await EpochAsync(_network[0]);
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
        await CheckStreamsAsync(sent);
        Assert.True(await _network[0].MetricAsync("sharedseq_epoch") > returned, "the restarted network is in the epoch that it was in");
    }

    /// <summary>Every transaction is in the stream exactly once, and the stream is the same at every operator.</summary>
    private async Task CheckStreamsAsync(SortedSet<string> sent)
    {
        ulong head = 0;
        await TestNetwork.UntilAsync("what was sent last is in a closed block", async () =>
        {
            head = (await _network[0].Client.CallAsync("sharedseq_getHead", [TestNetwork.Opaque.Value])).GetProperty("number").GetUInt64();
            return await CountAsync(head) >= sent.Count;
        });
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (ulong number = 1; number <= head; number++)
        {
            (string hash, string[] ids) = await IdsAsync(_network[0], number);
            foreach (string id in ids) Assert.True(seen.Add(id), $"{id} is ordered twice");
            for (int i = 1; i < Operators; i++)
            {
                TestNode other = _network[i];
                ulong wanted = number;
                await TestNetwork.UntilAsync($"operator {i} has block {wanted}", async () =>
                    (await other.Client.CallAsync("sharedseq_getHead", [TestNetwork.Opaque.Value])).GetProperty("number").GetUInt64() >= wanted);
                Assert.Equal(hash, (await IdsAsync(other, number)).Hash);
            }
        }

        Assert.Superset(sent, seen);
    }

    private async Task<int> CountAsync(ulong head)
    {
        int count = 0;
        for (ulong number = 1; number <= head; number++) count += (await IdsAsync(_network[0], number)).Ids.Length;
        return count;
    }

    private static async Task<(string Hash, string[] Ids)> IdsAsync(TestNode node, ulong number)
    {
        JsonElement block = await node.Client.CallAsync("sharedseq_getNamespaceBlock", [TestNetwork.Opaque.Value, number, new { ids = true }]);
        return (block.GetProperty("hash").GetString()!, [.. block.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)]);
    }

    /// <summary>Sends until told to stop; every one that is accepted is committed.</summary>
    private static async Task<List<string>> LoadAsync(TestNode node, CancellationToken enough)
    {
        var sent = new List<string>();
        while (!enough.IsCancellationRequested) sent.Add(await node.CommitAsync());
        return sent;
    }

    private async Task UntilEpochAsync(ulong epoch)
    {
        for (int i = 0; i < Operators - 1; i++)
        {
            TestNode node = _network[i];
            await TestNetwork.UntilAsync($"operator {node.Host.Runtime.Self} is in epoch {epoch}", async () => await EpochAsync(node) >= epoch);
        }
    }

    private static async Task<ulong> EpochAsync(TestNode node) => (await node.Client.CallAsync("sharedseq_health", [])).GetProperty("epoch").GetUInt64();
}

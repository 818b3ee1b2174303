namespace SharedSeq.Node.Tests.Network;

/// <summary>An operator that comes back while all others are away.</summary>
[Collection("nodes")]
public sealed class LonelyOperatorTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(4);

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 3; i++) await _network.StartAsync(i);
        await _network[0].ReadyAsync();
        await _network[0].CommitAsync();
        for (int i = 2; i >= 0; i--) await _network.StopAsync(_network[i]);
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task It_is_not_ready_and_counts_nobody_as_connected_until_a_quorum_is()
    {
        TestNode alone = await _network.StartAsync(0);
        await TestNetwork.UntilAsync("its replica runs", () => Task.FromResult(alone.Host.Runtime.Progress.View is not null));
        using (HttpResponseMessage answer = await alone.Http.GetAsync("readyz"))
        {
            Assert.Equal(503, (int)answer.StatusCode);
            Assert.Contains("1 of the 3 operators needed are connected", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(0, await alone.MetricAsync("sharedseq_peer_connected{replica=\"1\"}"));
        await _network.StartAsync(1);
        await _network.StartAsync(2);
        await alone.ReadyAsync();
        Assert.Equal(1, await alone.MetricAsync("sharedseq_peer_connected{replica=\"1\"}"));
    }
}

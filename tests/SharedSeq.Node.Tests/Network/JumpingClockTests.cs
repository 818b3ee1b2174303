namespace SharedSeq.Node.Tests.Network;

/// <summary>The clock of one of four operators jumps: committed time stays that of the others, and its own transactions are still ordered.</summary>
[Collection("nodes")]
public sealed class JumpingClockTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(4);
    private readonly JumpingClock _clock = new();

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 3; i++) await _network.StartAsync(i);
        await _network.StartAsync(3, clock: _clock);
        for (int i = 0; i < 4; i++) await _network[i].ReadyAsync();
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task An_operator_an_hour_off_changes_no_time_and_loses_nothing(int hours)
    {
        TestNode honest = _network[0];
        TestNode off = _network[3];
        await off.CommitAsync();
        const string Skipped = "sharedseq_slots_skipped_total{replica=\"3\"}";
        double before = await honest.MetricAsync(Skipped);
        _clock.Offset = TimeSpan.FromHours(hours);

        // Ahead, its proposals are refused and its slots skipped, which is counted. Behind, it refuses those of the others, who are enough.
        if (hours > 0) await honest.UntilMetricAsync(Skipped, before + 1);
        for (int i = 0; i < 5; i++)
        {
            await honest.UntilOrderedAsync(await off.CommitAsync());
            await off.UntilOrderedAsync(await honest.CommitAsync());
        }

        double committed = await honest.MetricAsync("sharedseq_committed_time_ms");
        Assert.InRange(committed - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), -30_000, 1_000);
        _clock.Offset = TimeSpan.Zero;
        await off.CommitAsync();
        await off.ReadyAsync();
    }
}

using SharedSeq.Client;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Network;

/// <summary>The disk of one of four operators goes bad while it works: it says why, the others go on, and what it accepted is ordered.</summary>
[Collection("nodes")]
public sealed class FailingDiskTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(4);
    private readonly StorageFaults _faults = new();

    private TestNode Healthy => _network[0];

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 3; i++) await _network.StartAsync(i);
        await _network.StartAsync(3, files: new FaultyFileLayer(DiskFileLayer.Instance, _faults));
        for (int i = 0; i < 4; i++) await _network[i].ReadyAsync();
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Theory]
    [InlineData(StorageRejection.DiskFull)]
    [InlineData(StorageRejection.ReadOnlyDisk)]
    [InlineData(StorageRejection.WriteFailed)]
    [InlineData(StorageRejection.SyncFailed)]
    public async Task A_disk_that_takes_no_more_stops_its_operator_with_the_reason_and_loses_nothing_accepted(StorageRejection reason)
    {
        TestNode failing = _network[3];
        List<string> accepted = [await failing.CommitAsync(), await failing.CommitAsync()];
        switch (reason)
        {
            case StorageRejection.DiskFull: _faults.FreeBytes = 0; break;
            case StorageRejection.ReadOnlyDisk: _faults.ReadOnly = true; break;
            case StorageRejection.WriteFailed: _faults.FailWrites(1); break;
            default: _faults.FailSyncs(1); break;
        }

        // A full disk shows only when a log needs another segment: work goes on through both until then.
        await TestNetwork.UntilAsync($"the operator stops because of {reason}", async () =>
        {
            await Healthy.CommitAsync(bytes: 128 * 1024);
            try
            {
                if (!failing.Host.Fatal.IsCompleted) accepted.Add(await failing.CommitAsync(bytes: 128 * 1024));
            }
            catch (Exception e) when (e is OperatorException or HttpRequestException)
            {
                // refused: nothing was promised
            }

            return failing.Host.Fatal.IsCompleted;
        });
        Assert.Contains(reason.ToString(), await failing.Host.Fatal, StringComparison.Ordinal);
        using (HttpResponseMessage answer = await failing.Http.GetAsync("readyz")) Assert.Equal(503, (int)answer.StatusCode);
        await Assert.ThrowsAsync<OperatorException>(() => failing.CommitAsync());

        await _network.StopAsync(failing);
        string meanwhile = await Healthy.CommitAsync();
        TestNode mended = await _network.StartAsync(3);
        await mended.ReadyAsync();
        foreach (string id in (string[])[.. accepted, meanwhile, await mended.CommitAsync()])
        {
            await mended.UntilOrderedAsync(id);
            await Healthy.UntilOrderedAsync(id);
        }
    }

    [Fact]
    public async Task A_slow_disk_delays_its_operator_alone()
    {
        TestNode slow = _network[3];
        _faults.SyncDelayMs = 250;
        Task<string> late = slow.CommitAsync();
        for (int i = 0; i < 20; i++) await Healthy.CommitAsync();
        string id = await late;
        Assert.False(slow.Host.Fatal.IsCompleted);
        _faults.SyncDelayMs = 0;
        await slow.CommitAsync();
        await Healthy.UntilOrderedAsync(id);
        await slow.ReadyAsync();
    }
}

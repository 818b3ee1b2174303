using SharedSeq.Node.Tests.Network;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>
/// Operators 0 to 2 of four with a checkpoint on their disks and nothing below it any more; operator 3 has never run. The clock of all jumps once, because
/// checkpoints are written each half minute of committed time.
/// </summary>
public sealed class SyncNetwork : IAsyncLifetime
{
    private static readonly TimeSpan Jump = TimeSpan.FromSeconds(31);

    private string _genesisText = "";
    private TimeSpan _ahead;

    /// <summary>The height that the archives of the others begin with.</summary>
    internal Height Checkpoint { get; private set; }

    internal JumpingClock Clock { get; } = new();

    internal TestNetwork Network { get; } = TestNetwork.Create(4);

    /// <summary>With an open block nearly always, and checkpoints each few heights.</summary>
    internal Genesis Genesis { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        NamespacePolicy[] namespaces =
            [.. Network.Genesis.Namespaces.Select(ns => ns.Id == TestNetwork.OtherOpaque ? ns with { BlockTimeMs = 2_000 } : ns)];
        _genesisText = Network.GenesisWith(new Policy { CheckpointInterval = 20 }, namespaces: namespaces);
        Genesis = GenesisJson.Read(_genesisText);
        for (int i = 0; i < 3; i++) await Network.StartAsync(i, ConfigurationOf(i), Clock);
        for (int i = 0; i < 3; i++) await Network[i].ReadyAsync();
        await CommitAsync(0, TestNetwork.Opaque);
        Clock.Offset = _ahead = Jump;
        for (int i = 0; i < 3; i++) await this[i].UntilMetricAsync("sharedseq_committed_time_ms", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 30_000);
        await TestNetwork.UntilAsync("all operators offer the same checkpoint", async () =>
        {
            await CommitAsync(0, TestNetwork.OtherOpaque);
            return Offered(0).Intersect(Offered(1)).Intersect(Offered(2)).Any();
        });
        Checkpoint = Offered(0).Max();
        for (int i = 0; i < 3; i++) await Network.StopAsync(this[i]);
        for (ushort i = 0; i < 3; i++) Prune(i);
        for (int i = 0; i < 3; i++) await Network.StartAsync(i, ConfigurationOf(i), Clock);
        for (int i = 0; i < 3; i++) await this[i].ReadyAsync();
    }

    public async Task DisposeAsync() => await Network.DisposeAsync();

    /// <summary>The running node of an operator; it may have been started anew.</summary>
    internal TestNode this[int seat] => Network.Running.First(node => node.Host.Runtime.Self?.Value == seat);

    /// <summary>Heights of the checkpoints that one of the running operators offers.</summary>
    internal IEnumerable<Height> Offered(int running) =>
        this[running].Host.Runtime.Checkpoints.OffersAbove(Height.Zero).Offers.Select(offer => offer.Height);

    internal NodeConfiguration ConfigurationOf(int index) => Network.ConfigurationOf(index, _genesisText) with
    {
        Consensus = new ConsensusSection { HeartbeatMs = 10, MinHeightMs = 1 },
    };

    /// <summary>Operators 0 to 2 run, as in the beginning.</summary>
    internal async Task RestoreAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            if (Network.Running.All(node => node.Host.Runtime.Self?.Value != i)) await Network.StartAsync(i, ConfigurationOf(i), Clock);
        }

        for (int i = 0; i < 3; i++) await this[i].ReadyAsync();
    }

    /// <summary>Operator 3 as it was never started.</summary>
    internal async Task<TestNode> StartEmptyAsync()
    {
        if (Network.Running.FirstOrDefault(node => node.Host.Runtime.Self?.Value == 3) is { } running) await Network.StopAsync(running);
        string data = ConfigurationOf(3).DataDir;
        if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
        return await StartAsync();
    }

    /// <summary>Starts operator 3 on what its folder holds.</summary>
    internal Task<TestNode> StartAsync() => Network.StartAsync(3, ConfigurationOf(3), Clock);

    /// <summary>Stops it, as its process would, and starts it again once a checkpoint is here.</summary>
    internal async Task<TestNode> InstallAsync(TestNode node)
    {
        await TestNetwork.UntilAsync("a checkpoint is here", () => Task.FromResult(node.Host.Synced.IsCompleted));
        await Network.StopAsync(node);
        return await StartAsync();
    }

    /// <summary>What retention does when it is used up.</summary>
    private void Prune(ushort index)
    {
        using var logs = new NodeLogs(ConfigurationOf(index), e => throw e);
        logs.StartAt(logs.ReadBlock(Checkpoint)!, []);
        Assert.Equal(Checkpoint, logs.FirstBlock);
    }

    /// <summary>Sends a transaction to one of the running operators and waits for it to be committed; gives its id.</summary>
    internal async Task<string> CommitAsync(int running, NamespaceId ns)
    {
        ulong until = TestNode.Soon + (ulong)_ahead.TotalSeconds;
        return (await this[running].Client.SendTransactionAsync(ns, TestNode.Fresh(), until, "committed")).GetProperty("txId").GetString()!;
    }
}

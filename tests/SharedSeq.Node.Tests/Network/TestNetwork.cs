using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Network;

/// <summary>
/// A network of real nodes in this process: the files of a devnet in a temporary folder, each node with its own keys, logs, ledger and ports on
/// loopback. One EVM namespace, without execution clients unless a test configures some, and two opaque ones. What is running ends with it.
/// </summary>
internal sealed class TestNetwork : IAsyncDisposable
{
    public const ulong Evm = 9_001;
    public static readonly NamespaceId Opaque = new(100_001);
    public static readonly NamespaceId OtherOpaque = new(100_002);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DevnetFolder _files;
    private readonly List<TestNode> _running = [];
    private string? _genesis;

    private TestNetwork(DevnetFolder files) => _files = files;

    public Genesis Genesis => _files.Genesis;

    public string Folder => _files.Folder;

    /// <summary>The files, without anything running, under another policy than a devnet's when one is given.</summary>
    public static TestNetwork Create(int operators, Policy? policy = null)
    {
        var network = new TestNetwork(DevnetFolder.OpenOrCreate(new DevnetOptions
        {
            DataFolder = Directory.CreateTempSubdirectory("sharedseq-nodes-").FullName,
            Operators = operators,
            Rollups = 1,
            OpaqueNamespaces = 2,
        }));
        if (policy is not null) network._genesis = network.GenesisWith(policy);
        return network;
    }

    /// <summary>The genesis that nodes run with.</summary>
    public Genesis NetworkGenesis => _genesis is null ? Genesis : GenesisJson.Read(_genesis);

    /// <summary>All operators running and ready, under another policy than a devnet's when one is given.</summary>
    public static async Task<TestNetwork> StartAsync(int operators, Policy? policy = null)
    {
        TestNetwork network = Create(operators, policy);
        try
        {
            for (int i = 0; i < operators; i++) await network.StartAsync(i);
            foreach (TestNode node in network._running.ToArray()) await node.ReadyAsync();
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>The configuration file of an operator, as a devnet writes it.</summary>
    public string ConfigFileOf(int index) => _files.Operators[index].ConfigFile;

    /// <summary>What the file says, with small log segments and no execution client.</summary>
    public NodeConfiguration ConfigurationOf(int index)
    {
        if (_genesis is not null) return ConfigurationOf(index, _genesis);
        return Read(index);
    }

    private NodeConfiguration Read(int index)
    {
        NodeConfiguration read = ConfigurationLoader.Load(ConfigFileOf(index), new Dictionary<string, string>(StringComparer.Ordinal), []);
        return read with
        {
            Adapters = [],
            Storage = new StorageSection { VoteSegmentBytes = 4 * 1024 * 1024, BatchSegmentBytes = 4 * 1024 * 1024, RetentionBytes = 1L << 30 },
        };
    }

    /// <summary>The same with another genesis document.</summary>
    public NodeConfiguration ConfigurationOf(int index, string genesis)
    {
        string path = Path.Combine(Folder, "another-genesis.json");
        File.WriteAllText(path, genesis);
        return Read(index) with { Genesis = path };
    }

    /// <summary>This network under another policy.</summary>
    public string GenesisWith(Policy policy, IReadOnlyList<CommitteeMember>? members = null, IReadOnlyList<NamespacePolicy>? namespaces = null) =>
        GenesisJson.Write(Genesis.Create(
            Genesis.Chain, Genesis.Timestamp, Genesis.Quorum, members ?? Genesis.Members, policy, namespaces ?? Genesis.Namespaces,
            Genesis.Endpoints));

    /// <summary>Starts a node; a start that is refused leaves nothing running and throws what a user would be told.</summary>
    public async Task<TestNode> StartAsync(
        int index, NodeConfiguration? configuration = null, TimeProvider? clock = null, IFileLayer? files = null, ILoggerFactory? loggers = null)
    {
        var host = new NodeHost(configuration ?? ConfigurationOf(index), loggers ?? NullLoggerFactory.Instance, clock, files);
        try
        {
            await host.StartAsync(CancellationToken.None);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        var node = new TestNode(host);
        _running.Add(node);
        return node;
    }

    /// <summary>The running nodes in the order of their start.</summary>
    public TestNode this[int index] => _running[index];

    public IReadOnlyList<TestNode> Running => _running;

    public async Task StopAsync(TestNode node)
    {
        _running.Remove(node);
        await node.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestNode node in _running) await node.DisposeAsync();
        Directory.Delete(_files.Folder, recursive: true);
    }

    /// <summary>Waits for an event and says what was missing when it does not come.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!await holds())
        {
            Assert.True(Environment.TickCount64 < end, $"did not happen within {Patience.TotalSeconds} s: {what}");
            await timer.WaitForNextTickAsync();
        }
    }
}

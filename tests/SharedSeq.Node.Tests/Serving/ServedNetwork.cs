using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Node.Tests.Actors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>
/// What one operator serves of a network whose heights a test makes: its ledger, feeds and public methods, without peers. Nothing is certified unless
/// the test says so.
/// </summary>
internal sealed class ServedNetwork : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-served-").FullName;
    private readonly NodeProgress _progress = new();
    private readonly RpcDispatcher _dispatcher;
    /// <summary>Short patience, so that tests of slow subscribers are short.</summary>
    private static readonly RpcSection Options = new() { Listen = "127.0.0.1:0", StreamPausedMsMax = 1_000 };

    private RpcServer? _server;

    public ServedNetwork(params NamespacePolicy[] namespaces)
        : this(0, namespaces)
    {
    }

    /// <param name="seed">Of the committee's keys: another one makes another network.</param>
    /// <param name="namespaces">The namespaces.</param>
    public ServedNetwork(byte seed, params NamespacePolicy[] namespaces)
        : this(new TestCommittee(4, 7, seed, namespaces))
    {
    }

    public ServedNetwork(TestCommittee committee)
    {
        Committee = committee;
        Bench = new OrderingBench(Committee.Genesis);
        var batches = new BatchStore(BatchOf);
        Ledger = new NodeLedger(_folder, Committee.Genesis, batches, NullLogger.Instance, e => throw e, (kind, _, _) => Notes.Enqueue(kind));
        Ledger.Start();
        Feeds = new NamespaceFeeds(batches, Ledger.ReadStreamBlock, Ledger.HeadOf);
        Runtime = new NodeRuntime
        {
            Configuration = new NodeConfiguration { Rpc = Options },
            Genesis = Committee.Genesis,
            Progress = _progress,
            Batches = batches,
            Feeds = Feeds,
            Ledger = Ledger,
            Lane = null!,
            Submit = null!,
            Admission = new AdmissionCounters(),
            Operators = null!,
            Intake = new IntakeCounters(),
            Network = null!,
            Logs = null!,
            Epochs = Committee.NewEpochs(),
            Peers = new PeerSender(),
            Proofs = new CertifiedProofs(),
            Checkpoints = null!,
            Sync = new StateSyncActor(
                new StateSyncOptions { AheadHeights = 1 }, Committee.Genesis, Committee.NewEpochs(), Ledger, new CheckpointFolder(_folder),
                () => Height.Zero, (_, _) => { }, _ => { }, _ => { }, NullLogger.Instance),
            Shell = null!,
            NodeSigner = () => null,
            IsReady = () => true,
            TellReplica = _ => true,
            Actors = [],
        };
        Methods = new Dictionary<string, RpcMethod>(new PublicMethods(Runtime).All(), StringComparer.Ordinal);
        _dispatcher = new RpcDispatcher(Methods, 16, new RpcCounters(), NullLogger.Instance);
    }

    public TestCommittee Committee { get; }

    public OrderingBench Bench { get; }

    public NodeLedger Ledger { get; }

    /// <summary>What the ledger noted in the batch log.</summary>
    public ConcurrentQueue<LedgerNote> Notes { get; } = new();

    public NamespaceFeeds Feeds { get; }

    public NodeRuntime Runtime { get; }

    /// <summary>Whether the batches of everything ordered are kept no more.</summary>
    public bool ArePruned { get; set; }

    /// <summary>What is answered; a test may replace some by lies.</summary>
    public Dictionary<string, RpcMethod> Methods { get; }

    /// <summary>This operator finds out that its results above a height are wrong.</summary>
    public void Diverge(OrderingResult agreed, OrderingResult own)
    {
        var divergence = new Divergence(agreed.Height, own.Result, default, null);
        Ledger.OnDiverged(divergence);
        Feeds.OnDiverged(divergence);
        _progress.Divergence = divergence;
    }

    /// <summary>Orders a height and waits until the ledger has it.</summary>
    public async Task<OrderingResult> ApplyAsync(ulong atMs, params TestTransaction[] transactions)
    {
        CommittedBlock block = Bench.Height(OrderingBench.Start + atMs, transactions.Length == 0 ? [] : [transactions]);
        OrderingResult result = Bench.Machine.Apply(block, Bench);
        var height = new OrderedHeight(block, result);
        await Ledger.OnOrderedAsync(height, CancellationToken.None);
        await Feeds.OnOrderedAsync(height, CancellationToken.None);
        _progress.SetOrdered(result.Height, result.Timestamp);
        _progress.Operators = result.Operators;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Ledger.AppliedHeight < result.Height)
        {
            Assert.False(deadline.IsCancellationRequested, $"the ledger has height {result.Height}");
            await Task.Yield();
        }

        return result;
    }

    /// <summary>A quorum certifies a result and this operator hears of it.</summary>
    public void Certify(OrderingResult result)
    {
        ResultCertificate certificate = Committee.Certify(result.Result);
        Ledger.OnCertified(certificate);
        Feeds.OnCertified(certificate);
    }

    /// <summary>One JSON-RPC call; the whole answer.</summary>
    public async Task<JsonElement> CallAsync(string method, params object[] parameters)
    {
        byte[] request = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method, @params = parameters });
        ReadOnlyMemory<byte> answer = await _dispatcher.HandleAsync(request, null, CancellationToken.None);
        return JsonSerializer.Deserialize<JsonElement>(answer.Span);
    }

    /// <summary>A proof file as the public method gives it.</summary>
    public async Task<byte[]> ProofAsync(params object[] parameters)
    {
        JsonElement answer = await CallAsync("sharedseq_getProof", parameters);
        Assert.True(answer.TryGetProperty("result", out JsonElement result), answer.ToString());
        return Convert.FromHexString(result.GetProperty("proof").GetString()![2..]);
    }

    /// <summary>Opens the public listener on a free port of loopback.</summary>
    public async Task<Uri> ServeAsync()
    {
        _server = new RpcServer(Options, _dispatcher, []);
        await _server.StartAsync(CancellationToken.None);
        return _server.Address;
    }

    public async Task StopServingAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopServingAsync();
        await Ledger.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Batch? BatchOf(LaneTip tip)
    {
        if (ArePruned) return null;
        BatchBody body = Bench.Borrow(tip).Body;
        Hash32 root = MerkleTree.RootOfLeafHashes(body.LeafHashes);
        var header = new BatchHeader(tip.Lane, tip.Seq, default, BatchFlags.None, body.Count, body.Bytes.Length, root);
        return Batch.Create(header, Height.Zero, default, body);
    }
}

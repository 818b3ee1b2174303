using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>Providers in this process, what follows them, and a check of all it gives out against the true chain.</summary>
internal sealed class L1Network : IDisposable
{
    private readonly Dictionary<string, LyingProvider> _byName = new(StringComparer.Ordinal);
    private readonly List<L1BlockId> _given = [];

    /// <param name="count">Providers.</param>
    /// <param name="chain">The true chain.</param>
    /// <param name="change">Changes the options.</param>
    public L1Network(int count, SimulatedL1? chain = null, Func<L1Options, L1Options>? change = null)
    {
        Chain = chain ?? new SimulatedL1();
        var options = new L1Options
        {
            ChainId = SimulatedL1.ChainId,
            Providers = [.. Enumerable.Range(0, count).Select(i => new L1ProviderOptions($"p{i}", Rpc(i)))],
            StartNumber = 0,
            StartHash = Chain[0].Hash,
            Contracts = [SimulatedL1.Contract],
        };
        Options = change is null ? options : change(options);
        Members = [.. Options.Providers.Select(_ => new LyingProvider(Chain))];
        for (int i = 0; i < Members.Length; i++) _byName.TryAdd(Options.Providers[i].Name, Members[i]);
        Providers = new L1Providers(Options, Clock, provider => new EthereumRpcClient(provider.Rpc, _byName[provider.Name]));
        _given.Add(new L1BlockId(0, Chain[0].Hash));
    }

    public SimulatedL1 Chain { get; set; }

    public L1Options Options { get; }

    public HandClock Clock { get; } = new();

    public LyingProvider[] Members { get; }

    public L1Providers Providers { get; }

    /// <summary>All events of all polls.</summary>
    public List<L1Event> Events { get; } = [];

    public ulong Head => _given[^1].Number;

    /// <summary>All on one chain from now on.</summary>
    public void Follow(SimulatedL1 chain)
    {
        Chain = chain;
        foreach (LyingProvider member in Members) member.Chain = chain;
    }

    /// <summary>Polls once; whatever comes out must be the true chain's, without gap, with exactly its logs.</summary>
    public async Task<L1Poll> PollAsync()
    {
        L1Poll poll = await Providers.PollAsync();
        Clock.Advance(TimeSpan.FromSeconds(12));
        Events.AddRange(poll.Events);
        foreach (L1Reorganized reorganized in poll.Events.OfType<L1Reorganized>())
        {
            Assert.Equal(reorganized.Dropped, _given.AsEnumerable().Reverse().Take(reorganized.Dropped.Count));
            _given.RemoveRange(_given.Count - reorganized.Dropped.Count, reorganized.Dropped.Count);
            Assert.Equal(_given[^1], reorganized.Common);
        }

        foreach (VerifiedL1Block block in poll.Blocks)
        {
            SimulatedBlock truth = Chain[Head + 1];
            Assert.Equal((truth.Hash, truth.Header.Number), (block.Hash, block.Number));
            Assert.Equal(_given[^1].Hash, block.Header.ParentHash);
            Assert.Equal(TrueLogs(truth), block.Logs.Select(log => (log.Transaction, log.Index, Convert.ToHexString(log.Log.Content.Span))));
            _given.Add(new L1BlockId(block.Number, block.Hash));
        }

        Assert.Equal(_given[^1], poll.Status.Head);
        Assert.Same(poll.Status, Providers.Status);
        return poll;
    }

    public L1ProviderStatus StatusOf(int member) => Providers.Status.Providers[member];

    public void Dispose() => Providers.Dispose();

    private static EthereumRpcOptions Rpc(int index) =>
        new() { Endpoint = new Uri($"http://127.0.0.1:{index + 1}"), Timeout = TimeSpan.FromMilliseconds(100) };

    private static IEnumerable<(int, int, string)> TrueLogs(SimulatedBlock block)
    {
        int index = 0;
        for (int transaction = 0; transaction < block.Receipts.Length; transaction++)
        {
            foreach (EvmLog log in block.Receipts[transaction].Logs)
            {
                if (log.Address == SimulatedL1.Contract) yield return (transaction, index, Convert.ToHexString(log.Content.Span));
                index++;
            }
        }
    }
}

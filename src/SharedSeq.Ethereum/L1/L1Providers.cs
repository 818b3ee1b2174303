using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// Follows L1 through several providers of which a minority may lie: a quorum of them decides which block is the chain's
/// at a height, and what is in it is verified here. Gives out a chain of blocks without gaps, each once, with the logs of
/// the configured contracts. The rules are those of docs/protocol/l1-view.md (P1 to P8).
/// </summary>
/// <remarks>
/// Not an actor: one caller polls, one poll at a time; <see cref="Status"/> may be read from anywhere. Memory is bounded
/// by <see cref="L1Options.BlocksKept"/> hashes and what one poll gives.
/// </remarks>
public sealed partial class L1Providers : IDisposable
{
    private readonly L1Options _options;
    private readonly TimeProvider _time;
    private readonly L1Provider[] _providers;

    // The chain given out, the oldest first; its last block is the head.
    private readonly List<L1BlockId> _chain;
    private List<L1Event> _events = [];
    private L1Conflict? _halt;
    private bool _isDegraded;
    private volatile L1ProvidersStatus _status;

    /// <param name="options">What to follow.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The options are not usable; the message says why.</exception>
    public L1Providers(L1Options options, TimeProvider time)
        : this(options, time, provider => new EthereumRpcClient(provider.Rpc))
    {
    }

    internal L1Providers(L1Options options, TimeProvider time, Func<L1ProviderOptions, EthereumRpcClient> connect)
    {
        options.Check();
        _options = options;
        _time = time;
        _providers = [.. options.Providers.Select(provider => new L1Provider(provider, connect(provider), options, time))];
        _chain = [new L1BlockId(options.StartNumber, options.StartHash)];
        _status = ToStatus();
    }

    /// <summary>How things stood after the last poll.</summary>
    public L1ProvidersStatus Status => _status;

    /// <summary>The last block of the chain given out.</summary>
    private L1BlockId Head => _chain[^1];

    private int Quorum => _options.Quorum;

    public void Dispose()
    {
        foreach (L1Provider provider in _providers) provider.Client.Dispose();
    }

    /// <summary>
    /// Asks all providers once and takes over what a quorum agrees on, at most <see cref="L1Options.BlocksPerPollMax"/>
    /// blocks. Ends when the slowest has answered or its time is over. No failure of a provider is an exception; after a
    /// poll that its caller gave up the next one goes on from the last block given out.
    /// </summary>
    public async Task<L1Poll> PollAsync(CancellationToken cancellation = default)
    {
        var blocks = new List<VerifiedL1Block>();
        foreach (L1Provider provider in _providers) provider.EndProbation(_events);
        L1Observation[] seen = await ObserveAsync(
            _providers, provider => L1Observation.OfTagsAsync(provider, _options, Head.Number, _time, cancellation));
        foreach (L1Observation one in seen.Where(one => one.IsUsable))
        {
            one.Provider.Latest = one.Latest;
            one.Provider.Safe = one.Safe;
            one.Provider.Finalized = one.Finalized;
        }

        List<L1Provider> agreeing = await JudgeHeadAsync(seen, cancellation);
        JudgeLag(agreeing);
        foreach (L1Provider provider in agreeing) provider.OnAgreement(_events);
        SetDegraded();
        if (_halt is null && !_isDegraded) await AdvanceAsync(agreeing, blocks, cancellation);
        SetDegraded();
        _status = ToStatus();
        return new L1Poll(blocks, TakeEvents(), _status);
    }

    /// <summary>
    /// People have looked into the conflict and the advance may be tried again: the caller has verified their statements.
    /// When the conflict is still there, it halts again. Not while a poll runs.
    /// </summary>
    /// <returns>The event to record; null when nothing is halted.</returns>
    public L1HaltLifted? LiftHalt()
    {
        if (_halt is not { } conflict) return null;
        _halt = null;
        _status = ToStatus();
        return new L1HaltLifted(conflict);
    }

    /// <summary>Asks the providers that are not quarantined, and records latencies and faults.</summary>
    private async Task<L1Observation[]> ObserveAsync(IEnumerable<L1Provider> providers, Func<L1Provider, Task<L1Observation>> ask)
    {
        L1Observation[] seen = await Task.WhenAll(
            providers.Where(provider => provider.State != L1ProviderState.Quarantined).Select(ask));
        foreach (L1Observation one in seen)
        {
            if (one.Latency is { } latency) one.Provider.OnLatency(latency);
            if (!one.IsUsable) one.Provider.OnFault(one.Fault, one.Detail, _events);
        }

        return seen;
    }

    /// <summary>P3: who has our head agrees; a quorum that has another block there makes a halt or a reorganisation.</summary>
    private async Task<List<L1Provider>> JudgeHeadAsync(L1Observation[] seen, CancellationToken cancellation)
    {
        L1Observation[] usable = [.. seen.Where(one => one.IsUsable)];
        foreach (L1Observation one in usable.Where(one => one.Asked is null))
            one.Provider.OnFault(L1Fault.Lag, $"it has no block {Head.Number}", _events);
        List<L1Provider> agreeing = [.. usable.Where(one => one.Asked?.Hash == Head.Hash).Select(one => one.Provider)];
        L1Observation[] others = [.. usable.Where(one => one.Asked is { } asked && asked.Hash != Head.Hash)];
        // Whose tag is not that high does not say that its block there is the one.
        IGrouping<Hash32, L1Observation>? majority = others.Where(one => one.Provider.TagNumber >= Head.Number)
            .GroupBy(one => one.Asked!.Hash).FirstOrDefault(group => group.Count() >= Quorum);
        if (majority is not null && _options.Tag == L1Tag.Finalized)
        {
            Halt(new L1Conflict(Head, AnswersOf(majority)));
            return agreeing;
        }

        if (majority is not null)
        {
            foreach (L1Provider provider in agreeing) provider.OnFault(L1Fault.Fork, $"it has {Head}, a quorum {majority.Key}", _events);
            L1Provider[] onFork = [.. majority.Select(one => one.Provider)];
            return await TryReorganizeAsync(majority.First().Asked!, onFork, cancellation) ? [.. onFork] : [];
        }

        foreach (L1Observation one in others) OnOtherBlock(one.Provider, one.Asked!, Head.Hash);
        return agreeing;
    }

    private void OnOtherBlock(L1Provider provider, EthereumHeader shown, Hash32 expected)
    {
        bool isFinal = _options.Tag == L1Tag.Finalized && provider.TagNumber >= shown.Number;
        provider.OnFault(
            isFinal ? L1Fault.FinalizedMismatch : L1Fault.Fork, $"it has {shown}, a quorum {expected}", _events);
    }

    /// <summary>P4: whose newest block is far below that of a quorum is suspect, though what it has is right.</summary>
    private void JudgeLag(List<L1Provider> agreeing)
    {
        ulong[] newest = [.. agreeing.Select(provider => provider.Latest!.Number).OrderDescending()];
        if (newest.Length < Quorum) return;
        ulong common = newest[Quorum - 1];
        foreach (L1Provider provider in agreeing.ToArray())
        {
            ulong own = provider.Latest!.Number;
            if (own + (ulong)_options.LagBlocksMax >= common) continue;
            provider.OnFault(L1Fault.Lag, $"its newest block is {own}, that of a quorum {common}", _events);
            agreeing.Remove(provider);
        }
    }

    /// <summary>
    /// P5: the highest number that a quorum has at the tag, and there the hash that a quorum has. Whoever names a high
    /// number and then contradicts counts for the number and not for the hash, so that lower ones are tried, too.
    /// </summary>
    private async Task AdvanceAsync(List<L1Provider> agreeing, List<VerifiedL1Block> blocks, CancellationToken cancellation)
    {
        ulong last = 0;
        ulong[] numbers = [.. agreeing.Where(CanVote).Select(voter => voter.TagNumber!.Value).OrderDescending().Skip(Quorum - 1)];
        foreach (ulong named in numbers)
        {
            ulong number = ulong.Min(named, Head.Number + (ulong)_options.BlocksPerPollMax);
            if (number == last) continue;
            last = number;
            L1Observation[] shown = await VoteAsync([.. agreeing.Where(voter => CanVote(voter) && voter.TagNumber >= number)], number, cancellation);
            IGrouping<Hash32, L1Observation>[] groups = [.. shown.GroupBy(one => one.Asked!.Hash)];
            if (Array.Find(groups, group => group.Count() >= Quorum) is { } winner)
            {
                foreach (L1Observation one in shown.Where(one => one.Asked!.Hash != winner.Key)) OnOtherBlock(one.Provider, one.Asked!, winner.Key);
                await TakeOverAsync(winner.First().Asked!, [.. winner.Select(one => one.Provider)], blocks, cancellation);
                return;
            }

            OnNoQuorum(number, shown, groups);
            if (_halt is not null) return;
        }
    }

    private bool CanVote(L1Provider provider) => provider.State == L1ProviderState.Healthy && provider.TagNumber > Head.Number;

    /// <summary>What those that have a block of this number at their tag show for it.</summary>
    private async Task<L1Observation[]> VoteAsync(L1Provider[] voters, ulong number, CancellationToken cancellation)
    {
        L1Observation[] votes = await ObserveAsync(voters, voter => voter.TagHeader is { } tag && tag.Number == number
            ? Task.FromResult(new L1Observation(voter) { Asked = tag })
            : L1Observation.OfNumberAsync(voter, number, _time, cancellation));
        foreach (L1Observation one in votes.Where(one => one.IsUsable && one.Asked is null))
            one.Provider.OnFault(L1Fault.Inconsistent, $"it has a block above {number} at the tag and none there", _events);
        return [.. votes.Where(one => one.IsUsable && one.Asked is not null)];
    }

    /// <summary>P6: when even those that are silent could not make a quorum for any finalized block, there is a conflict.</summary>
    private void OnNoQuorum(ulong number, L1Observation[] shown, IGrouping<Hash32, L1Observation>[] groups)
    {
        L1Answer[] answers = AnswersOf(shown);
        _events.Add(new L1NoQuorum(number, answers));
        int silent = _providers.Length - shown.Length;
        if (_options.Tag == L1Tag.Finalized && groups.Length > 1 && groups.All(group => group.Count() + silent < Quorum))
            Halt(new L1Conflict(null, answers));
    }

    private static L1Answer[] AnswersOf(IEnumerable<L1Observation> seen) =>
        [.. seen.Select(one => new L1Answer(one.Provider.Name, one.Asked!))];

    private void Halt(L1Conflict conflict)
    {
        if (_halt is not null) return;
        _halt = conflict;
        _events.Add(new L1Halted(conflict));
    }

    /// <summary>What happened since it was last told, also in a poll that its caller gave up.</summary>
    private List<L1Event> TakeEvents()
    {
        List<L1Event> events = _events;
        _events = [];
        return events;
    }

    private void SetDegraded()
    {
        int healthy = _providers.Count(provider => provider.State == L1ProviderState.Healthy);
        bool isDegraded = healthy < Quorum;
        if (isDegraded == _isDegraded) return;
        _isDegraded = isDegraded;
        _events.Add(new L1DegradedChanged(isDegraded, healthy, Quorum));
    }

    private L1ProvidersStatus ToStatus()
    {
        L1Provider[] asked = [.. _providers.Where(provider => provider.State != L1ProviderState.Quarantined)];
        ulong[] newest = [.. asked.Where(provider => provider.Latest is not null).Select(provider => provider.Latest!.Number)];
        double[] means = [.. asked.Where(provider => provider.LatencyMeanMs is not null).Select(provider => provider.LatencyMeanMs!.Value)];
        double mean = means.Length == 0 ? 0 : means.Average();
        return new L1ProvidersStatus(
            Head,
            _providers.Count(provider => provider.State == L1ProviderState.Healthy),
            Quorum,
            _isDegraded,
            _halt,
            newest.Length == 0 ? 0 : newest.Max() - newest.Min(),
            means.Length == 0 ? 0 : means.Average(value => (value - mean) * (value - mean)),
            [.. _providers.Select(provider => provider.ToStatus())]);
    }
}

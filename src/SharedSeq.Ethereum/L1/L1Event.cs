namespace SharedSeq.Ethereum;

/// <summary>
/// What happened at a poll, for metrics, alerts and logs: a closed set, each a fact with its figures.
/// </summary>
public abstract record L1Event;

/// <summary>A provider did something wrong.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="Fault">What.</param>
/// <param name="Detail">For people.</param>
public sealed record L1ProviderFailed(string Provider, L1Fault Fault, string Detail) : L1Event;

/// <summary>A provider is trusted more or less than before.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="From">Before.</param>
/// <param name="To">Now.</param>
/// <param name="Reason">The fault that led there; none when it healed or its quarantine ended.</param>
public sealed record L1ProviderChanged(string Provider, L1ProviderState From, L1ProviderState To, L1Fault Reason) : L1Event;

/// <summary>The chain went on.</summary>
/// <param name="Head">Its new head.</param>
/// <param name="Blocks">Blocks taken over.</param>
public sealed record L1Advanced(L1BlockId Head, int Blocks) : L1Event;

/// <summary>Fewer providers than a quorum are healthy, so that the view is frozen; or no longer.</summary>
public sealed record L1DegradedChanged(bool IsDegraded, int Healthy, int Quorum) : L1Event;

/// <summary>No block has the votes of a quorum at a height; the view waits.</summary>
public sealed record L1NoQuorum(ulong Number, IReadOnlyList<L1Answer> Answers) : L1Event;

/// <summary>No provider gave a block's verified content; the view waits below it.</summary>
public sealed record L1ContentMissing(L1BlockId Block) : L1Event;

/// <summary>L1 reorganised below the head, which a tag below finalized allows: the blocks above are no longer of the chain.</summary>
/// <param name="Common">The last block of both.</param>
/// <param name="Dropped">Blocks given out earlier that are void, the highest first.</param>
public sealed record L1Reorganized(L1BlockId Common, IReadOnlyList<L1BlockId> Dropped) : L1Event;

/// <summary>Finalized blocks contradict each other: nothing is taken over until people lift it.</summary>
public sealed record L1Halted(L1Conflict Conflict) : L1Event;

/// <summary>People lifted the halt.</summary>
public sealed record L1HaltLifted(L1Conflict Conflict) : L1Event;

/// <summary>What one provider answered at a height.</summary>
public sealed record L1Answer(string Provider, EthereumHeader Header);

/// <summary>Headers of one height that can not both be final, with who showed them.</summary>
/// <param name="Own">The block on which this view stands; null where the providers contradict each other above it.</param>
/// <param name="Answers">What the providers show.</param>
public sealed record L1Conflict(L1BlockId? Own, IReadOnlyList<L1Answer> Answers)
{
    public override string ToString() =>
        $"{(Own is { } own ? $"own {own}; " : "")}{string.Join("; ", Answers.Select(answer => $"{answer.Provider}: {answer.Header}"))}";
}


namespace SharedSeq.Consensus;

/// <summary>Which L1 a network follows, from where on, and within which bounds. Genesis and policy say so; a network without it follows none.</summary>
public sealed record L1Terms
{
    /// <summary>The block before the first whose inputs count, with the digest before any input. Cited until the view advances.</summary>
    public required L1View Start { get; init; }

    /// <summary>
    /// How long a member must have seen a block before it reports it and a leader proposes it, milliseconds. Default 12,000, one L1 block: members whose
    /// providers are a little later have seen it too by then, and need not wait.
    /// </summary>
    public int CooldownMs { get; init; } = 12_000;

    /// <summary>Seconds of committed time above the view's own time from which on leaders owe an advance that they can make. Default 1,800.</summary>
    public int DriftSeconds { get; init; } = 1_800;

    /// <summary>L1 blocks by which one height may advance the view. Default 64, two L1 epochs; at most <see cref="L1Inputs.MaxBlocks"/>.</summary>
    public int MaxAdvance { get; init; } = 64;
}

/// <summary>How the shell stands to L1.</summary>
public enum L1Status
{
    /// <summary>A quorum of providers agrees.</summary>
    Following = 0,

    /// <summary>
    /// Fewer healthy providers than a quorum: this member reports nothing, proposes no advance and owes and claims none (V4), so that the view freezes when too
    /// many are in this state. Ordering goes on.
    /// </summary>
    Degraded = 1,

    /// <summary>
    /// Providers contradict each other about a finalized block: besides, this member votes for no advance. The shell says when that is over; it does not end by
    /// itself.
    /// </summary>
    Halted = 2,
}

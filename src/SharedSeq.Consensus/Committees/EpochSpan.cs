using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// How long an epoch lasts, as far as its headers have told (consensus.md 8): the first height whose timestamp reaches EndsAt sets the boundary
/// BoundaryLead heights above itself. Part of what is known of every block, because two chains may differ in it until one is committed.
/// </summary>
/// <param name="EndsAt">Committed time from which on a height sets the boundary.</param>
/// <param name="BoundaryLead">Heights between that height and the boundary, at least 1.</param>
/// <param name="Boundary">The epoch's last height once it is set; what follows within the epoch are tails.</param>
public readonly record struct EpochSpan(TimestampMs EndsAt, uint BoundaryLead, Height? Boundary)
{
    /// <summary>An epoch that never ends.</summary>
    public static readonly EpochSpan Endless = new(new TimestampMs(ulong.MaxValue), 1, null);

    public bool IsEndless => EndsAt.Value == ulong.MaxValue;

    /// <summary>The span of an epoch at its start.</summary>
    /// <param name="start">Timestamp of the block it starts from.</param>
    /// <param name="epochSeconds">Its least length in seconds of committed time; 0 for endless.</param>
    /// <param name="boundaryLead">Heights from the one that ends it to the boundary.</param>
    public static EpochSpan From(TimestampMs start, uint epochSeconds, uint boundaryLead)
    {
        if (epochSeconds == 0) return Endless;
        Invariant.Check(boundaryLead > 0, "a boundary lies above the height that sets it");
        return new EpochSpan(new TimestampMs(start.Value + (epochSeconds * 1_000UL)), boundaryLead, null);
    }

    /// <summary>The span as known at a block of this height and own timestamp, given what was known at its parent.</summary>
    public EpochSpan After(Height height, TimestampMs timestamp) =>
        Boundary is null && timestamp >= EndsAt ? this with { Boundary = height.Plus(BoundaryLead) } : this;

    /// <summary>Whether a block of this height lies behind the boundary.</summary>
    public bool IsTail(Height height) => Boundary is { } boundary && height > boundary;
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A committee and the own seat in it; null for a member that has none.</summary>
public readonly record struct EpochSeat(Committee Committee, ReplicaId? Self);

/// <summary>Says who serves the epoch after one that ended. Fixed by what was ordered at the first height of that one, so known long before.</summary>
public interface ICommitteeSource
{
    /// <param name="ended">The committee of the epoch that ended.</param>
    /// <param name="boundary">Its last block: the genesis of the next.</param>
    EpochSeat Next(Committee ended, BlockId boundary);
}

/// <summary>What decides the length of epochs. Policy; the same for all members.</summary>
/// <param name="Seconds">Least length in seconds of committed time; 0 for one epoch without end.</param>
/// <param name="BoundaryLead">Heights from the one that ends an epoch to its boundary.</param>
public readonly record struct EpochTerms(uint Seconds, uint BoundaryLead);

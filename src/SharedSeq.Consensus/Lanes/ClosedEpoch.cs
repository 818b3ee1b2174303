using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>An ended epoch whose lanes may still be ordered.</summary>
/// <param name="Committee">Its committee: who signed its batches, Acks and PoAs.</param>
/// <param name="Self">The own seat in it; null for a member that joined later.</param>
/// <param name="Boundary">Its last height.</param>
public sealed record ClosedEpoch(Committee Committee, ReplicaId? Self, Height Boundary);

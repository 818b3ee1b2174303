namespace SharedSeq.Consensus;

/// <summary>What a replica keeps in memory about one lane. Bounds: LaneLimits and the lane window.</summary>
/// <param name="Places">Sequence numbers above the delivered tip of which something is known.</param>
/// <param name="Proofs">PoAs above the final cut.</param>
/// <param name="WaitingBatches">Batches in the reorder buffer.</param>
/// <param name="WaitingBytes">Their body bytes.</param>
public readonly record struct LaneMemory(int Places, int Proofs, int WaitingBatches, long WaitingBytes);

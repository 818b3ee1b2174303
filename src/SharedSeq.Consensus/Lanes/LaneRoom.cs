namespace SharedSeq.Consensus;

/// <summary>How much more the own lane may take before it has to wait for commits (back-pressure): what the shell's batch builder goes by.</summary>
/// <param name="Batches">Batches that may still be sealed; 0 when the lane is retired.</param>
/// <param name="Bytes">Body bytes that may still be sealed.</param>
public readonly record struct LaneRoom(int Batches, long Bytes);

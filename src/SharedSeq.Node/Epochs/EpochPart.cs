using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>One epoch as this node has to do with it. Never changes; any thread may use it.</summary>
/// <param name="Genesis">The block it began from.</param>
/// <param name="Start">That block's resolved timestamp.</param>
/// <param name="Committee">Who serves.</param>
/// <param name="Self">The own seat; null for a node that has none.</param>
/// <param name="Verifier">Checks what was signed in it.</param>
public sealed record EpochPart(BlockId Genesis, TimestampMs Start, Committee Committee, ReplicaId? Self, MessageVerifier Verifier)
{
    public Epoch Epoch => Committee.Epoch;

    public EpochSeat Seat => new(Committee, Self);
}

using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A height as one replica's ordering machine executed it.</summary>
/// <param name="Result">What the machine says.</param>
/// <param name="Ordered">The transactions placed at this height and the statements that took effect, by id.</param>
/// <param name="Evidence">What its block charges members with.</param>
public sealed record ExecutedHeight(OrderingResult Result, IReadOnlyList<TxId> Ordered, IReadOnlyList<Evidence> Evidence)
{
    public Height Height => Result.Height;
}

using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A height as one replica's ordering machine executed it.</summary>
/// <param name="Result">What the machine says.</param>
/// <param name="Ordered">The transactions placed at this height, by id.</param>
public sealed record ExecutedHeight(OrderingResult Result, IReadOnlyList<TxId> Ordered)
{
    public Height Height => Result.Height;
}

using SharedSeq.Consensus;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>One committed height after ordering: what was decided and what came of it.</summary>
public sealed record OrderedHeight(CommittedBlock Committed, OrderingResult Result);

/// <summary>
/// Told every ordered height and every newer result certificate, in order, on ordering's loop. Must be short; what takes time goes into the
/// follower's own mailbox.
/// </summary>
public interface IOrderedFollower
{
    /// <summary>Waits only when the follower's mailbox is full and it must not miss a height (the ledger).</summary>
    ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation);

    void OnCertified(ResultCertificate certificate);

    /// <summary>The own results are known to be wrong above a height: stop acting on them and serving them.</summary>
    void OnDiverged(Divergence divergence);
}

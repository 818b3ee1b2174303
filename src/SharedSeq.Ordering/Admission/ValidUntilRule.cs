using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// The one rule about an opaque transaction's validUntil, for gateways and for ordering. Committed time never goes back, so what a gateway admits against
/// an earlier committed time is never too far ahead when it is ordered.
/// </summary>
internal static class ValidUntilRule
{
    /// <param name="policy">The policy.</param>
    /// <param name="validUntil">Committed time in seconds.</param>
    /// <param name="now">Committed time.</param>
    /// <param name="voidAboveMs">The last millisecond at which the transaction may be placed.</param>
    public static RejectionReason? Check(Policy policy, ulong validUntil, TimestampMs now, out ulong voidAboveMs)
    {
        voidAboveMs = 0;
        if (validUntil == 0) return RejectionReason.ValidUntilRequired;
        if (validUntil > (now.Value + (1000UL * policy.DedupSeconds)) / 1000) return RejectionReason.TooFarAhead;
        voidAboveMs = validUntil * 1000;
        return now.Value > voidAboveMs ? RejectionReason.Expired : null;
    }
}

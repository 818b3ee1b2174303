using System;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What a gateway learns about a submitted transaction before it promises anything.</summary>
/// <param name="Rejection">Why it is refused; null when it is admitted.</param>
/// <param name="Transaction">The decoded transaction of an EVM namespace, with its sender.</param>
/// <param name="EvmReason">More about <see cref="AdmissionRejection.Malformed"/>, BadSignature and WrongChainId of EVM transactions.</param>
public readonly record struct AdmissionVerdict(AdmissionRejection? Rejection, EvmTransaction? Transaction, EvmRejection EvmReason)
{
    public bool IsAdmitted => Rejection is null;
}

/// <summary>
/// The rules at the door. Whatever they admit, ordering takes as well, unless its namespace is congested or its own validUntil passes first: they use
/// committed time, which never goes back, and not the gateway's clock, which may.
/// </summary>
public static class Admission
{
    /// <param name="policy">The network's policy.</param>
    /// <param name="ns">The namespace's terms, null when it is not registered.</param>
    /// <param name="id">The namespace asked for.</param>
    /// <param name="validUntil">Committed time in seconds above which the transaction is void; 0 for none.</param>
    /// <param name="payload">The transaction; kept by the verdict, so it must not change afterwards.</param>
    /// <param name="committedTime">The timestamp of the newest committed height known here.</param>
    public static AdmissionVerdict Check(
        Policy policy, NamespacePolicy? ns, NamespaceId id, ulong validUntil, ReadOnlyMemory<byte> payload, TimestampMs committedTime)
    {
        if (id == NamespaceId.System) return Refuse(AdmissionRejection.SystemNamespace);
        if (ns is null) return Refuse(AdmissionRejection.UnknownNamespace);
        Invariant.Check(ns.Id == id, "the terms are those of the namespace asked for");
        if (payload.IsEmpty) return Refuse(AdmissionRejection.Empty);
        if ((uint)payload.Length > policy.TransactionBytesMax) return Refuse(AdmissionRejection.TooLarge);
        return ns.Admission == AdmissionKind.Evm
            ? CheckEvm(ns, validUntil, payload)
            : CheckOpaque(policy, validUntil, committedTime);
    }

    /// <summary>Whether an author's lane has room for one more transaction of a namespace (Q / 2n).</summary>
    /// <param name="policy">The network's policy.</param>
    /// <param name="members">n.</param>
    /// <param name="pendingBytes">Record bytes of the namespace in the own lane that are not placed yet, as of the newest certified result.</param>
    /// <param name="payloadBytes">Payload bytes of the transaction.</param>
    public static AdmissionRejection? CheckLane(Policy policy, int members, ulong pendingBytes, int payloadBytes) =>
        pendingBytes + (ulong)(BatchBody.RecordOverhead + payloadBytes) > policy.LaneAllowance(members) ? AdmissionRejection.Congested : null;

    /// <summary>What a refused EVM transaction counts as.</summary>
    public static AdmissionRejection ReasonOf(EvmRejection reason) => reason switch
    {
        EvmRejection.WrongChainId or EvmRejection.NoChainId => AdmissionRejection.WrongChainId,
        EvmRejection.BadParity or EvmRejection.SignatureOutOfRange or EvmRejection.HighS or EvmRejection.NotRecoverable =>
            AdmissionRejection.BadSignature,
        _ => AdmissionRejection.Malformed,
    };

    private static AdmissionVerdict CheckOpaque(Policy policy, ulong validUntil, TimestampMs committedTime) =>
        ValidUntilRule.Check(policy, validUntil, committedTime, out _) switch
        {
            null => new AdmissionVerdict(null, null, EvmRejection.None),
            RejectionReason.ValidUntilRequired => Refuse(AdmissionRejection.ValidUntilRequired),
            RejectionReason.TooFarAhead => Refuse(AdmissionRejection.TooFarAhead),
            _ => Refuse(AdmissionRejection.Expired),
        };

    private static AdmissionVerdict CheckEvm(NamespacePolicy ns, ulong validUntil, ReadOnlyMemory<byte> payload)
    {
        if (validUntil != 0) return Refuse(AdmissionRejection.ValidUntilNotAllowed);
        if (!EvmTransaction.TryDecode(payload, out EvmTransaction? transaction, out EvmRejection reason))
            return new AdmissionVerdict(ReasonOf(reason), null, reason);
        reason = transaction.CheckChain(ns.EvmChainId);
        return reason == EvmRejection.None
            ? new AdmissionVerdict(null, transaction, EvmRejection.None)
            : new AdmissionVerdict(ReasonOf(reason), transaction, reason);
    }

    private static AdmissionVerdict Refuse(AdmissionRejection reason) => new(reason, null, EvmRejection.None);
}

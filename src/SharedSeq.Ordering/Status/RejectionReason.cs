namespace SharedSeq.Ordering;

/// <summary>
/// Why ordering left out a transaction of a committed batch. Final for that TxId while it is remembered, recorded in the height's effects with proof.
/// Values are pinned; the names are metric labels.
/// </summary>
public enum RejectionReason : byte
{
    /// <summary>The namespace's queue is full, or no more ids can be remembered. Submit again, with another validUntil or later.</summary>
    Congested = 1,

    /// <summary>Committed time is above validUntil.</summary>
    Expired = 2,

    /// <summary>The same transaction was taken before. Counted, not listed: the id's fate is that of the first.</summary>
    Duplicate = 3,

    /// <summary>No such namespace is registered.</summary>
    UnknownNamespace = 4,

    /// <summary>Namespace 0 is not open to submitters.</summary>
    SystemNamespace = 5,

    /// <summary>There is no payload.</summary>
    Empty = 6,

    /// <summary>The payload is above the policy's limit.</summary>
    TooLarge = 7,

    /// <summary>An opaque transaction without validUntil could be replayed for ever.</summary>
    ValidUntilRequired = 8,

    /// <summary>validUntil lies further ahead of committed time than ids are remembered.</summary>
    TooFarAhead = 9,

    /// <summary>EVM transactions have validUntil 0, so that equal payloads have equal ids.</summary>
    ValidUntilNotAllowed = 10,
}

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

    /// <summary>Namespace 0 takes operator statements only, and this is none.</summary>
    BadStatement = 5,

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

    /// <summary>A signature of an operator statement does not verify.</summary>
    BadStatementSignature = 11,

    /// <summary>No operator or candidate has the key that an operator statement names.</summary>
    UnknownOperator = 12,

    /// <summary>A key that an operator statement brings served already, or serves. No key serves twice.</summary>
    KeyUsed = 13,

    /// <summary>A join carries the approvals of fewer than q present members.</summary>
    TooFewApprovals = 14,

    /// <summary>What the operator asks for is under way, or does not fit its state.</summary>
    OutOfTurn = 15,

    /// <summary>A candidate names a checkpoint that is none of the newest ones.</summary>
    UnknownCheckpoint = 16,

    /// <summary>As many candidates, keys or rotations as the network remembers.</summary>
    RegistryFull = 17,
}

namespace SharedSeq.Ordering;

/// <summary>Why a gateway does not take a transaction. Nothing was promised, nothing is stored. Values are pinned; the names are metric labels.</summary>
public enum AdmissionRejection : byte
{
    /// <summary>There is no payload.</summary>
    Empty = 1,

    /// <summary>The payload is above the policy's limit.</summary>
    TooLarge = 2,

    /// <summary>Not a transaction of the kind that the namespace takes.</summary>
    Malformed = 3,

    /// <summary>No such namespace is registered.</summary>
    UnknownNamespace = 4,

    /// <summary>Namespace 0 is not open to submitters.</summary>
    SystemNamespace = 5,

    /// <summary>Signed for another chain, or for any.</summary>
    WrongChainId = 6,

    /// <summary>The signature is none of its sender.</summary>
    BadSignature = 7,

    /// <summary>Committed time is above validUntil.</summary>
    Expired = 8,

    /// <summary>The namespace requires validUntil.</summary>
    ValidUntilRequired = 9,

    /// <summary>validUntil lies further ahead of committed time than the policy allows.</summary>
    TooFarAhead = 10,

    /// <summary>The namespace takes validUntil 0 only.</summary>
    ValidUntilNotAllowed = 11,

    /// <summary>This gateway has the same transaction under way or ordered.</summary>
    Duplicate = 12,

    /// <summary>The namespace's allowance of this operator's lane is used up; try again, or another operator.</summary>
    Congested = 13,
}

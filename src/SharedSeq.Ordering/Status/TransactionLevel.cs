namespace SharedSeq.Ordering;

/// <summary>
/// How far a transaction has come (ordering.md 5). A transaction only ever climbs; going back is an explicit message. Values are pinned and ordered.
/// </summary>
public enum TransactionLevel : byte
{
    /// <summary>A gateway took it and has promised nothing yet.</summary>
    Received = 1,

    /// <summary>Its batch has a PoA: q operators stored it, and the receipt names the height by which it is in the cut.</summary>
    Accepted = 2,

    /// <summary>A commit proof covers its place in the order.</summary>
    Committed = 3,

    /// <summary>More than (n+f)/2 equal attestations of its block.</summary>
    Executed = 4,

    /// <summary>Its block is posted to L1.</summary>
    Posted = 5,

    /// <summary>The posting is in a safe L1 block.</summary>
    L1Safe = 6,

    /// <summary>The posting is in a finalized L1 block.</summary>
    L1Finalized = 7,

    /// <summary>The namespace's settlement reader reports it settled.</summary>
    Settled = 8,
}

/// <summary>What a transaction's status can be besides its level. Each comes with its reason. Values are pinned.</summary>
public enum TransactionSideState : byte
{
    None = 0,

    /// <summary>Ordering left it out, see <see cref="RejectionReason"/>.</summary>
    Rejected = 1,

    /// <summary>Ordered, but its execution client left it out as invalid; the reason is the adapter's.</summary>
    Skipped = 2,

    /// <summary>Its validUntil passed before it was ordered.</summary>
    Expired = 3,

    /// <summary>Its block was withdrawn after an L1 reorganisation.</summary>
    RolledBack = 4,

    /// <summary>It is ordered, but a level above cannot be reached now, for the reason given.</summary>
    Degraded = 5,
}

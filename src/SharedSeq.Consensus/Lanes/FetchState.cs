using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What <see cref="BatchFetch"/> remembers of one lane.</summary>
internal sealed class FetchState
{
    /// <summary>Since when something of the lane is missing; -1 while nothing is. Milliseconds, monotonic.</summary>
    public long MissingSinceMs { get; set; } = -1;

    public FetchRequest? Open { get; set; }
}

/// <summary>One open request and whom it went to.</summary>
internal sealed class FetchRequest(CommittedRange range, BatchRequest request, ReplicaId[] candidates)
{
    public CommittedRange Range { get; } = range;

    public BatchRequest Request { get; } = request;

    public ReplicaId[] Candidates { get; } = candidates;

    /// <summary>Candidates asked so far, over all rounds.</summary>
    public int AskedCount { get; set; }

    public ReplicaId LastAsked { get; set; }

    public long DueMs { get; set; }

    public bool IsStillNeeded() => !Range.Walk() && Range.NeededDigest == Request.Tip.Digest;
}

namespace SharedSeq.Consensus;

/// <summary>Settings of one replica. Times are milliseconds of the replica's monotonic clock unless said otherwise.</summary>
public sealed record ReplicaOptions
{
    /// <summary>Tbase, slot timer of the first slot after a commit: at least 4 one-way delays plus build time. Default 300 for one site.</summary>
    public int SlotTimeoutMs { get; init; } = 300;

    /// <summary>Tmax, upper bound of the slot timer: must exceed the real worst round. Default 10 s.</summary>
    public int SlotTimeoutMaxMs { get; init; } = 10_000;

    /// <summary>An idle leader proposes after at most this long, so that idle slots do not time out. Default 100, at most Tbase / 3.</summary>
    public int HeartbeatMs { get; init; } = 100;

    /// <summary>Least time between two heights of this leader's making. Default 2; the shell raises it under load (see PaceChanged).</summary>
    public int MinHeightMs { get; init; } = 2;

    /// <summary>R: how often own statements are sent again while nothing is committed. Default 1 s, jitter is added.</summary>
    public int ResendMs { get; init; } = 1_000;

    /// <summary>The vote rule's bound by which a leader must include a PoA it was sent (R4). Policy; default 2 s.</summary>
    public int FreshnessMs { get; init; } = 2_000;

    /// <summary>How far a proposal's timestamp may be ahead of the local wall clock (R4). Policy; default 500.</summary>
    public int ClockDriftMs { get; init; } = 500;

    /// <summary>W: slots above the current one of which votes are kept. Default 64.</summary>
    public int SlotWindow { get; init; } = 64;

    /// <summary>Batches by which one lane may advance in one block. Policy; default 64.</summary>
    public int MaxBatchesPerLane { get; init; } = 64;

    /// <summary>Batches a lane may be ahead of the last committed cut before acks stop (back-pressure). Default 256.</summary>
    public int LaneWindowBatches { get; init; } = 256;

    /// <summary>Body bytes a lane may be ahead of the last committed cut before acks stop (back-pressure). Default 64 MiB.</summary>
    public long LaneWindowBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>D: heights after an epoch's boundary in which its lanes may still be ordered (consensus.md 8). Policy; default 3,000.</summary>
    public int ReceiptDeadlineHeights { get; init; } = (int)Receipt.DefaultDeadlineHeights;

    /// <summary>
    /// How long a new slot's entry certificate is held back for members that may well have formed it themselves (R1). Default 10: all-to-all votes
    /// arrive within a few milliseconds, so that in good times no certificate travels at all.
    /// </summary>
    public int CertificateForwardMs { get; init; } = 10;

    /// <summary>
    /// How long a Final waits for the missing First votes while commits go the fast way (R7). Default 5: the last First of a healthy committee of
    /// one site is rarely later; the round of Finals is by estimate a quarter of a height's work. A member that fails costs the network this once.
    /// </summary>
    public int FinalHoldMs { get; init; } = 5;

    /// <summary>The L1 that the network follows; null for none.</summary>
    public L1Terms? L1 { get; init; }

    /// <summary>Whether Trace effects are emitted. Tests and the simulator want them; a node may save the strings.</summary>
    public bool IsTraced { get; init; } = true;

    /// <summary>Seed of jitter and of the choice of whom to ask; differs between replicas.</summary>
    public ulong Seed { get; init; }
}

namespace SharedSeq.Simulator;

/// <summary>What becomes of a node's disk. Values appear in traces.</summary>
public enum DiskFault
{
    /// <summary>All that was on it is gone.</summary>
    Lost = 0,

    /// <summary>It is what it was some time before: a restored backup, a cloned machine.</summary>
    RolledBack = 1,

    /// <summary>A sector of a log can not be read any more, which shows when the log is opened.</summary>
    LatentError = 2,
}

/// <summary>A node whose disk fails once. Times in simulated milliseconds.</summary>
/// <param name="Member">Whose disk.</param>
/// <param name="Fault">What becomes of it.</param>
/// <param name="SavedMs">When it was as it is again after having been rolled back.</param>
/// <param name="AtMs">When it fails, and the node ends with it.</param>
/// <param name="DownMs">How long the node is down.</param>
public sealed record FailingDisk(NodeId Member, DiskFault Fault, int SavedMs, int AtMs, int DownMs);

using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>
/// Which checkpoints are written to the disk: the first of each half minute of committed time. All members choose the same ones by it, so that a member
/// that has nothing finds several that offer the same.
/// </summary>
/// <param name="committedMs">Committed time at the start.</param>
public sealed class SnapshotPacing(ulong committedMs)
{
    /// <summary>
    /// Milliseconds of committed time. 30,000: a restart applies half a minute of heights in a second or two, and a checkpoint is served for a minute.
    /// </summary>
    private const ulong IntervalMs = 30_000;

    private ulong _lastMs = committedMs;

    /// <summary>Whether the state after this height, the next one, is to be written.</summary>
    public bool IsDue(OrderingResult result)
    {
        if (!result.IsCheckpoint) return false;
        bool isDue = result.Timestamp.Value / IntervalMs != _lastMs / IntervalMs;
        _lastMs = result.Timestamp.Value;
        return isDue;
    }
}

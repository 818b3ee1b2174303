namespace SharedSeq.Storage;

/// <summary>How a vote log is opened.</summary>
public sealed record VoteLogOptions
{
    /// <summary>Folder of the log, a folder of its own inside the data folder.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// Path of the guard file: on another disk than the log, outside of what is backed up, restored or cloned with it.
    /// Null runs without protection against rollback.
    /// </summary>
    public string? GuardPath { get; init; }

    /// <summary>
    /// Least time between two writes of the guard, ms, default 100: the window of votes whose rollback is not seen,
    /// against two small writes of the guard's disk.
    /// </summary>
    public int GuardIntervalMs { get; init; } = 100;

    /// <summary>
    /// Start although the guard file is gone, and write it anew: the operator vouches that the log is current.
    /// </summary>
    public bool AcceptMissingGuard { get; init; }

    public IFileLayer Files { get; init; } = DiskFileLayer.Instance;

    /// <summary>
    /// Bytes of one segment, default 16 MiB: a snapshot must fit, and takes a few MiB with 64 open slots.
    /// </summary>
    public int SegmentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Segments, default 64: 1 GiB before a log that is never compacted refuses.</summary>
    public int SegmentsMax { get; init; } = 64;

    /// <summary>Milliseconds a record waits for a flush, as <see cref="SegmentLogOptions.LingerMs"/>. Default 50.</summary>
    public int LingerMs { get; init; } = 50;

    internal SegmentLogOptions ToSegments() => new()
    {
        Folder = Folder,
        Kind = LogKind.Votes,
        Files = Files,
        SegmentBytes = SegmentBytes,
        LingerMs = LingerMs,
        SegmentsMax = SegmentsMax,
        RecordBytesMax = int.Min(1024 * 1024, SegmentBytes / 2),
        // Small, and what it holds decides the slot: everything is verified before a vote is cast again.
        CheckBodiesOnOpen = true,
    };
}

/// <summary>
/// A record of the vote log: an opaque value with its kind, and the slot it votes in if it is a vote.
/// </summary>
public readonly record struct VoteLogRecord(byte Kind, VotePosition Voted, ReadOnlyMemory<byte> Bytes);

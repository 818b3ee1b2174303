using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>How a batch log is opened.</summary>
public sealed record BatchLogOptions
{
    /// <summary>Folder of the log, a folder of its own inside the data folder.</summary>
    public required string Folder { get; init; }

    public IFileLayer Files { get; init; } = DiskFileLayer.Instance;

    /// <summary>Bytes of one segment, default 64 MiB: one to two seconds of full load.</summary>
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Segments including spares, default 64: with 64 MiB at most 4 GiB of disk.</summary>
    public int SegmentsMax { get; init; } = 64;

    /// <summary>
    /// Bytes of one record, default 1 MiB: a batch of 512 KiB, a block's header and payload with its proof.
    /// </summary>
    public int RecordBytesMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// Verify every body when opening. Default off: heads and the last segment are verified, bodies when they are read.
    /// </summary>
    public bool CheckBodiesOnOpen { get; init; }

    /// <summary>Room for one mark of what was pruned in a full log: 400 lanes of 20 bytes.</summary>
    private const int PruneMarkBytesMax = 8 * 1024;

    /// <summary>Milliseconds a record waits for a flush, as <see cref="SegmentLogOptions.LingerMs"/>. Default 50.</summary>
    public int LingerMs { get; init; } = 50;

    internal SegmentLogOptions ToSegments() => new()
    {
        Folder = Folder,
        Kind = LogKind.Batches,
        Files = Files,
        SegmentBytes = SegmentBytes,
        LingerMs = LingerMs,
        SegmentsMax = SegmentsMax,
        RecordBytesMax = RecordBytesMax,
        CheckBodiesOnOpen = CheckBodiesOnOpen,
        ReservedBytes = PruneMarkBytesMax,
    };
}

/// <summary>
/// What must be kept: blocks and notes from a height on, and per lane batches from a sequence on. Lanes not named are
/// kept whole.
/// </summary>
public sealed record BatchRetention(Height FromHeight, IReadOnlyList<LaneStart> Lanes);

/// <summary>The lowest sequence of a lane that is still needed.</summary>
public readonly record struct LaneStart(LaneId Lane, BatchSeq From);

/// <summary>What the log holds of a lane: [<paramref name="First"/>, <paramref name="Next"/>).</summary>
public readonly record struct LaneExtent(LaneId Lane, BatchSeq First, BatchSeq Next);

/// <summary>What a record of the batch log is.</summary>
public enum BatchLogRecordKind : byte
{
    Batch = 1,
    Block = 2,
    Note = 3,
}

/// <summary>One record as replay delivers it.</summary>
/// <param name="Kind">Which of the following fields have a meaning.</param>
/// <param name="Batch">Batch: its key.</param>
/// <param name="Height">Block, note: its height.</param>
/// <param name="NoteKind">Note: the caller's kind.</param>
/// <param name="Bytes">The opaque bytes.</param>
public readonly record struct BatchLogRecord(
    BatchLogRecordKind Kind, BatchKey Batch, Height Height, byte NoteKind, ReadOnlyMemory<byte> Bytes);

using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>How a log is opened and what it may use.</summary>
public sealed record SegmentLogOptions
{
    /// <summary>Folder of the log's segments, a folder of its own inside the data folder.</summary>
    public required string Folder { get; init; }

    public required LogKind Kind { get; init; }

    public IFileLayer Files { get; init; } = DiskFileLayer.Instance;

    /// <summary>
    /// Bytes of one segment, default 64 MiB: a second or two of full load, so that recycling is rare and pruning fine
    /// enough.
    /// </summary>
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// Segments including spares, default 128 (8 GiB of 64 MiB): what the log may take of the disk. At the limit
    /// appends are refused.
    /// </summary>
    public int SegmentsMax { get; init; } = 128;

    /// <summary>Written-once segments kept ready, default 1: preparing one takes less time than filling one.</summary>
    public int SparesWanted { get; init; } = 1;

    /// <summary>
    /// Bytes of one record's payload, default 1 MiB: a batch is at most 512 KiB, a block a header of 64 KiB with its
    /// payload.
    /// </summary>
    public int RecordBytesMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// Bytes collected for one write and sync, default 4 MiB; an append that does not fit waits for the group before
    /// it.
    /// </summary>
    public int GroupBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Milliseconds a record waits for a flush, twice as many at most, before it is written without one. Default 50:
    /// what nobody waits for costs no sync of its own, and a crash loses little of it.
    /// </summary>
    public int LingerMs { get; init; } = 50;

    /// <summary>
    /// Bytes at the end of each segment, default 0, that only appends with leave to use the reserve take: a full log
    /// can still write what makes room.
    /// </summary>
    public int ReservedBytes { get; init; }

    /// <summary>
    /// Verify every body when opening, not only the heads of records and the whole last segment. Off: bodies are
    /// verified when read.
    /// </summary>
    public bool CheckBodiesOnOpen { get; init; }

    internal string DataFolder =>
        Path.GetDirectoryName(Folder.TrimEnd(Path.DirectorySeparatorChar)) is { Length: > 0 } parent ? parent : Folder;

    internal void Validate()
    {
        Invariant.Check(SegmentBytes % SegmentFormat.HeaderBytes == 0, "a segment is a whole number of pages");
        // One segment holds its header, one record of any allowed size and the closing record.
        long records = SegmentFormat.TotalBytes(RecordBytesMax) + ReservedBytes + SegmentFormat.TotalBytes(0);
        Invariant.Check(SegmentBytes >= SegmentFormat.HeaderBytes + records, "a segment must hold its largest record");
        Invariant.Check(SegmentsMax >= 2 && SparesWanted >= 1, "a log needs a segment and a spare");
    }
}

/// <summary>Where a record lies. Valid until its segment is recycled.</summary>
public readonly record struct RecordLocation(uint Segment, uint Offset, int Length);

/// <summary>
/// What became of an append. Refused (<see cref="Rejection"/> is LogFull, DiskFull, ReadOnlyDisk or RecordTooLarge):
/// nothing was written, the log goes on. Accepted: durable once the log reports a durable position of at least <see
/// cref="Position"/>.
/// </summary>
public readonly record struct AppendResult(StorageRejection Rejection, long Position, RecordLocation Location)
{
    public bool IsAccepted => Rejection == StorageRejection.None;

    internal static AppendResult Refused(StorageRejection reason) => new(reason, 0, default);
}

/// <summary>What opening a log found and did.</summary>
/// <param name="Instance">The log's identity.</param>
/// <param name="IsNew">The folder held no log.</param>
/// <param name="LastPosition">Position of the last record, 0 if none.</param>
/// <param name="TornBytes">Bytes of a write torn by a crash that were cut off, 0 if the log ended cleanly.</param>
/// <param name="TornFile">The file they were cut from.</param>
/// <param name="TornOffset">Where the log ends in that file.</param>
/// <param name="ClosedInOrder">The last thing in the log is its closing record.</param>
public sealed record LogOpening(
    LogInstanceId Instance,
    bool IsNew,
    long LastPosition,
    long TornBytes,
    string? TornFile,
    long TornOffset,
    bool ClosedInOrder);

/// <summary>One record of a log with its payload, as replay delivers it.</summary>
public readonly record struct LogRecord(
    byte Kind, long Position, RecordLocation Location, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body);

/// <summary>
/// Sees each record's head while a log is opened, in order. The span is valid during the call only. A head that is not one of this log's is refused by
/// a <see cref="DecodeException"/>: its checksum holds, so it was written so, but not by this program.
/// </summary>
internal delegate void RecordVisitor(byte kind, long position, RecordLocation location, ReadOnlySpan<byte> head);

namespace SharedSeq.Storage;

/// <summary>Damage found in a log.</summary>
public sealed record LogFinding(StorageRejection Reason, string? File, long Offset, string Message);

/// <summary>What was found in one log's folder.</summary>
/// <param name="Kind">Which log.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Segments">Segment files; 0 if there is no log.</param>
/// <param name="Records">Intact records, up to the damage if there is any.</param>
/// <param name="LastPosition">Position of the last of them.</param>
/// <param name="TornBytes">Bytes of a torn write behind the last record, which opening would cut; 0 for none.</param>
/// <param name="TornFile">The file they are in.</param>
/// <param name="TornOffset">Where the log ends in that file.</param>
/// <param name="ClosedInOrder">The log ends with its closing record.</param>
/// <param name="Damage">The first damage, or null: a log with damage is refused by a node.</param>
public sealed record LogReport(
    LogKind Kind,
    string Folder,
    int Segments,
    long Records,
    long LastPosition,
    long TornBytes,
    string? TornFile,
    long TornOffset,
    bool ClosedInOrder,
    LogFinding? Damage);

/// <summary>Examines the logs of a data folder: reads and verifies every record and changes none.</summary>
public static class StoreCheck
{
    /// <summary>Folder of the vote log in a data folder.</summary>
    public const string VotesFolder = "votes";

    /// <summary>Folder of the batch log in a data folder.</summary>
    public const string BatchesFolder = "batches";

    /// <summary>
    /// Bytes above which no record can be; segments bound it in truth, because their size may have been configured
    /// differently when they were written.
    /// </summary>
    private const int RecordBytesMax = 1 << 30;

    /// <summary>Examines both logs.</summary>
    /// <exception cref="StorageException"><see cref="StorageRejection.FolderInUse"/> while a node runs on
    /// them.</exception>
    public static IReadOnlyList<LogReport> Run(string dataFolder, IFileLayer? files = null)
    {
        files ??= DiskFileLayer.Instance;
        return
        [
            Examine(LogKind.Votes, Path.Combine(dataFolder, VotesFolder), files),
            Examine(LogKind.Batches, Path.Combine(dataFolder, BatchesFolder), files),
        ];
    }

    internal static SegmentLogOptions Options(LogKind kind, string folder, IFileLayer files) =>
        new() { Folder = folder, Kind = kind, Files = files, RecordBytesMax = RecordBytesMax };

    private static LogReport Examine(LogKind kind, string folder, IFileLayer files)
    {
        int segments = files.Names(folder).Count(name => SegmentStore.TryParseName(name, out _));
        if (segments == 0) return new(kind, folder, 0, 0, 0, 0, null, 0, false, null);
        using FolderLock? held = LockIfWritable(folder, files);
        long records = 0;
        long last = 0;
        try
        {
            using SegmentRecovery found = SegmentRecovery.Find(Options(kind, folder, files), FileOpening.ReadOnly);
            found.Walk(checkBodies: true, (_, position, _, _) =>
            {
                records++;
                last = position;
            });
            bool isTorn = found.StaleEnd > 0;
            return new(
                kind, folder, segments, records, last, isTorn ? found.StaleEnd - found.EndOffset : 0,
                isTorn ? found.Segments[^1].Path : null, isTorn ? found.EndOffset : 0, found.ClosedInOrder, null);
        }
        catch (StorageException e)
        {
            LogFinding damage = new(e.Reason, e.File, e.Offset, e.Message);
            return new(kind, folder, segments, records, last, 0, null, 0, false, damage);
        }
    }

    /// <summary>A node must not write meanwhile. On a read-only disk none can, and there is no way to lock.</summary>
    private static FolderLock? LockIfWritable(string folder, IFileLayer files)
    {
        try
        {
            return FolderLock.Take(folder, files);
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadOnlyDisk)
        {
            return null;
        }
    }
}

using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Storage;

/// <summary>Why a store refused. Also the label of the metric that counts refusals; numbers are stable.</summary>
public enum StorageRejection : byte
{
    None = 0,

    /// <summary>Bytes that were durable once are not what was written. Never repaired silently.</summary>
    Corrupted = 1,

    /// <summary>A file of another log, or of another instance of this log, lies in the folder.</summary>
    ForeignFile = 2,

    /// <summary>The files are of a newer format than this program knows.</summary>
    NewerFormat = 3,

    /// <summary>A segment in the middle of the log is missing.</summary>
    MissingSegment = 4,

    /// <summary>Another process holds this folder.</summary>
    FolderInUse = 5,

    /// <summary>The disk, or the quota on it, is full. Nothing accepted before is lost.</summary>
    DiskFull = 6,

    /// <summary>The disk is mounted read-only, or the files may not be written.</summary>
    ReadOnlyDisk = 7,

    /// <summary>A write failed or was short. Fatal: what reached the disk is unknown.</summary>
    WriteFailed = 8,

    /// <summary>A sync failed. Fatal and never retried: the pages may already be dropped.</summary>
    SyncFailed = 9,

    /// <summary>A read failed.</summary>
    ReadFailed = 10,

    /// <summary>The log has reached its number of segments; prune first.</summary>
    LogFull = 11,

    /// <summary>A record or snapshot is larger than its limit.</summary>
    RecordTooLarge = 12,

    /// <summary>The store is closed, or was abandoned by a crash in a test.</summary>
    Closed = 13,

    /// <summary>The guard file names a later vote than the log: the log was rolled back. Voting is refused.</summary>
    GuardAhead = 14,

    /// <summary>The guard file exists but can not be read.</summary>
    GuardCorrupted = 15,

    /// <summary>The log has votes but the configured guard file does not exist.</summary>
    GuardMissing = 16,

    /// <summary>The guard file belongs to another log.</summary>
    GuardForeign = 17,

    /// <summary>The guard file can not be written. Fatal: votes cast from here on would not be seen to be missing after a rollback.</summary>
    GuardNotWritten = 18,
}

/// <summary>
/// A store can not go on as asked. <see cref="Reason"/> says why, <see cref="File"/> and <see cref="Offset"/> where.
/// Expected refusals of an append are values (<see cref="AppendResult"/>); this exception is for what stops a log.
/// </summary>
public sealed class StorageException : Exception
{
    public StorageException(
        StorageRejection reason, string message, string? file = null, long offset = -1, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
        File = file;
        Offset = offset;
    }

    public StorageRejection Reason { get; }

    /// <summary>The file concerned, if one is.</summary>
    public string? File { get; }

    /// <summary>Byte offset in <see cref="File"/>, or -1.</summary>
    public long Offset { get; }

    /// <summary>Refuses to open damaged files, with the command that examines them.</summary>
    [DoesNotReturn]
    internal static void ThrowDamaged(
        StorageRejection reason, string what, string file, long offset, string dataFolder) =>
        throw new StorageException(
            reason,
            $"{reason}: {what} in {file} at offset {offset}. Nothing was changed. "
            + $"Examine it with: {CheckCommand(dataFolder)}",
            file,
            offset);

    /// <summary>A read that failed, with the command that examines the files.</summary>
    internal static StorageException Unreadable(StorageException cause, string path)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        string command = CheckCommand(Path.GetDirectoryName(folder) is { Length: > 0 } parent ? parent : folder);
        return new StorageException(
            cause.Reason, $"{cause.Message}. Nothing was changed. Examine it with: {command}", cause.File, cause.Offset, cause);
    }

    internal static string CheckCommand(string dataFolder) => $"sharedseq store check --data {dataFolder}";
}

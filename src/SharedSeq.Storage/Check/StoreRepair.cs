namespace SharedSeq.Storage;

/// <summary>
/// The one repair that loses nothing: cutting the remains of a write that was never reported durable.
/// </summary>
public static class StoreRepair
{
    /// <summary>
    /// Cuts a torn tail back to the last complete record, as opening the log would. Returns the bytes cut, 0 if the log
    /// ended cleanly.
    /// </summary>
    /// <exception cref="StorageException">The log is in use, or durable records are damaged: nothing was
    /// changed.</exception>
    public static long TruncateTornTail(LogKind kind, string folder, IFileLayer? files = null)
    {
        files ??= DiskFileLayer.Instance;
        using FolderLock held = FolderLock.Take(folder, files);
        SegmentLogOptions options = StoreCheck.Options(kind, folder, files);
        using SegmentRecovery found = SegmentRecovery.Find(options, FileOpening.Existing);
        found.Walk(checkBodies: true, (_, _, _, _) => { });
        if (found.StaleEnd == 0) return 0;
        SegmentLog.ZeroTail(found.Segments[^1], found.EndOffset, found.StaleEnd);
        found.Segments[^1].File.Sync();
        return found.StaleEnd - found.EndOffset;
    }
}

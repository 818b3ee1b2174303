namespace SharedSeq.Storage;

/// <summary>How a file is opened.</summary>
public enum FileOpening : byte
{
    /// <summary>An existing file, for reading only.</summary>
    ReadOnly = 1,

    /// <summary>An existing file, for reading and writing.</summary>
    Existing = 2,

    /// <summary>A new, empty file; an older one of that name is replaced.</summary>
    Create = 3,
}

/// <summary>
/// All that the logs ask of a file system, small enough to be simulated. Every member fails only by
/// <see cref="StorageException"/> with a typed reason. Safe for use from several threads.
/// </summary>
public interface IFileLayer
{
    IStorageFile Open(string path, FileOpening opening);

    bool Exists(string path);

    /// <summary>Names (not paths) of the files of a folder, sorted; empty if the folder does not exist.</summary>
    IReadOnlyList<string> Names(string folder);

    void CreateFolder(string folder);

    /// <summary>
    /// Renames within one folder, replacing the target. Durable once <see cref="SyncFolder"/> returned.
    /// </summary>
    void Rename(string from, string to);

    void Delete(string path);

    /// <summary>Makes creations, renames and deletions in this folder durable.</summary>
    void SyncFolder(string folder);

    /// <summary>Takes an exclusive lock that ends with the process; null if another holder has it.</summary>
    IDisposable? TryLock(string path);
}

/// <summary>One open file. Offsets and lengths in bytes.</summary>
public interface IStorageFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads until <paramref name="target"/> is full or the file ends; returns the bytes read.</summary>
    int Read(Span<byte> target, long offset);

    /// <summary>Writes all bytes or throws.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns when everything written so far is durable.</summary>
    void Sync();

    void SetLength(long length);

    /// <summary>Gives the file this length and room for it on the disk; DiskFull if there is none.</summary>
    void Allocate(long length);

    /// <summary>A hint that these bytes need not stay in memory. Unsynced ones stay.</summary>
    void Forget(long offset, long length);
}

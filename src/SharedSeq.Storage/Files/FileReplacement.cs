namespace SharedSeq.Storage;

/// <summary>
/// Writes a file so that a crash leaves the whole new one or what was there before: beside it, then renamed. What is not finished by
/// <see cref="Commit"/> leaves nothing.
/// </summary>
public sealed class FileReplacement : IDisposable
{
    /// <summary>Added to a file's name while it is being written.</summary>
    public const string PartEnding = ".part";

    private readonly IFileLayer _files;
    private readonly string _path;
    private bool _isOpen = true;
    private bool _isRenamed;

    /// <param name="files">The file system.</param>
    /// <param name="path">The file to make or replace; its folder exists.</param>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public FileReplacement(IFileLayer files, string path)
    {
        _files = files;
        _path = path;
        File = files.Open(path + PartEnding, FileOpening.Create);
    }

    /// <summary>Replaces a file's content as a whole.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public static void Write(IFileLayer files, string path, ReadOnlySpan<byte> content)
    {
        using var replacement = new FileReplacement(files, path);
        replacement.File.Write(content, 0);
        replacement.Commit();
    }

    /// <summary>To write to.</summary>
    public IStorageFile File { get; }

    /// <summary>Durable under its name when this returns.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Commit()
    {
        File.Sync();
        Close();
        _files.Rename(_path + PartEnding, _path);
        _isRenamed = true;
        _files.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    public void Dispose()
    {
        Close();
        if (_isRenamed) return;
        try
        {
            if (_files.Exists(_path + PartEnding)) _files.Delete(_path + PartEnding);
        }
        catch (StorageException)
        {
            // why the write failed is what the caller must hear
        }
    }

    private void Close()
    {
        if (_isOpen) File.Dispose();
        _isOpen = false;
    }
}

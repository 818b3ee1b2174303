namespace SharedSeq.Storage;

/// <summary>Small files that are read as a whole: what <see cref="FileReplacement"/> writes.</summary>
public static class WholeFile
{
    /// <summary>All bytes of a file.</summary>
    /// <exception cref="StorageException">
    /// <see cref="StorageRejection.ReadFailed"/>: it can not be read, or gives fewer bytes than it says it has; NotFound and the like as the file layer says.
    /// </exception>
    public static byte[] ReadAll(IFileLayer files, string path)
    {
        using IStorageFile file = files.Open(path, FileOpening.ReadOnly);
        byte[] bytes = new byte[file.Length];
        int read = file.Read(bytes, 0);
        return read == bytes.Length
            ? bytes
            : throw new StorageException(StorageRejection.ReadFailed, $"{path} gives {read} of its {bytes.Length} bytes", path);
    }
}

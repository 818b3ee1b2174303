using System.Globalization;
using System.Text;

namespace SharedSeq.Storage;

/// <summary>
/// Keeps a second process out of a folder. The lock is the operating system's and ends with the process;
/// a second file beside it names the holder, for the message only.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private const int PidBytesMax = 16;
    private readonly IDisposable _lock;

    private FolderLock(IDisposable held) => _lock = held;

    /// <summary>Creates the folder if needed and locks it.</summary>
    /// <exception cref="StorageException">
    /// <see cref="StorageRejection.FolderInUse"/>, naming the process that holds it.
    /// </exception>
    public static FolderLock Take(string folder, IFileLayer files)
    {
        files.CreateFolder(folder);
        string owner = Path.Combine(folder, "lock.pid");
        IDisposable held = files.TryLock(Path.Combine(folder, "lock")) ?? throw new StorageException(
            StorageRejection.FolderInUse,
            $"{StorageRejection.FolderInUse}: {folder} is held by process {ReadPid(owner, files)}; "
            + "one folder serves one process",
            folder);
        try
        {
            using IStorageFile file = files.Open(owner, FileOpening.Create);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
            return new FolderLock(held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static string ReadPid(string path, IFileLayer files)
    {
        if (!files.Exists(path)) return "unknown";
        using IStorageFile file = files.Open(path, FileOpening.ReadOnly);
        byte[] text = new byte[PidBytesMax];
        int length = file.Read(text, 0);
        return length == 0 ? "unknown" : Encoding.ASCII.GetString(text, 0, length);
    }
}

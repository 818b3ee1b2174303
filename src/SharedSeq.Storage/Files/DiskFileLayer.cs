using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SharedSeq.Storage;

/// <summary>The real file system.</summary>
public sealed partial class DiskFileLayer : IFileLayer
{
    public static readonly DiskFileLayer Instance = new();

    private DiskFileLayer()
    {
    }

    public IStorageFile Open(string path, FileOpening opening)
    {
        FileMode mode = opening == FileOpening.Create ? FileMode.Create : FileMode.Open;
        FileAccess access = opening == FileOpening.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite;
        try
        {
            return new DiskFile(path, File.OpenHandle(path, mode, access, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool isReading = opening == FileOpening.ReadOnly;
            throw Typed(isReading ? StorageRejection.ReadFailed : StorageRejection.WriteFailed, path, -1, e);
        }
    }

    public bool Exists(string path) => File.Exists(path);

    public IReadOnlyList<string> Names(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        string[] names = Try(folder, () => Directory.GetFiles(folder));
        for (int i = 0; i < names.Length; i++) names[i] = Path.GetFileName(names[i]);
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public void CreateFolder(string folder) => Try(folder, () => Directory.CreateDirectory(folder));

    public void Rename(string from, string to) => Try(from, () =>
    {
        File.Move(from, to, overwrite: true);
        return true;
    });

    public void Delete(string path) => Try(path, () =>
    {
        File.Delete(path);
        return true;
    });

    public void SyncFolder(string folder)
    {
        // Windows has no sync of folders; its file systems journal renames.
        if (OperatingSystem.IsWindows()) return;
        int descriptor = OpenFolder(folder, 0);
        if (descriptor < 0) throw Typed(StorageRejection.SyncFailed, folder, -1, LastError("open folder"));
        try
        {
            if (SyncDescriptor(descriptor) != 0)
                throw Typed(StorageRejection.SyncFailed, folder, -1, LastError("fsync folder"));
        }
        finally
        {
            _ = CloseDescriptor(descriptor);
        }
    }

    public IDisposable? TryLock(string path)
    {
        try
        {
            // On Unix FileShare.None is an flock: it ends with the process, however that ends.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Typed(StorageRejection.WriteFailed, path, -1, e);
        }
    }

    /// <summary>
    /// Gives an operating system error its typed reason; <paramref name="otherwise"/> if it has none of its own.
    /// </summary>
    internal static StorageException Typed(StorageRejection otherwise, string path, long offset, Exception cause)
    {
        // HResult holds errno on Unix: ENOSPC 28, EDQUOT 122, EROFS 30, EACCES 13, EPERM 1.
        int code = cause is Win32Exception native ? native.NativeErrorCode : cause.HResult;
        StorageRejection reason = code switch
        {
            28 or 122 => StorageRejection.DiskFull,
            30 or 13 or 1 => StorageRejection.ReadOnlyDisk,
            _ when cause is UnauthorizedAccessException => StorageRejection.ReadOnlyDisk,
            _ => otherwise,
        };
        string where = offset < 0 ? path : $"{path} at offset {offset}";
        return new StorageException(reason, $"{reason}: {where}: {cause.Message}", path, offset, cause);
    }

    private static bool IsHeldElsewhere(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xFFFF) is 32 or 33
        : e.HResult is 11 or 35;

    private static T Try<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Typed(StorageRejection.WriteFailed, path, -1, e);
        }
    }

    private static Win32Exception LastError(string what)
    {
        int code = Marshal.GetLastPInvokeError();
        return new Win32Exception(code, $"{what}: {Marshal.GetPInvokeErrorMessage(code)}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncContent(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AllocateRange(SafeFileHandle file, long offset, long length);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    private sealed class DiskFile(string path, SafeFileHandle handle) : IStorageFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(Span<byte> target, long offset)
        {
            int done = 0;
            try
            {
                while (done < target.Length)
                {
                    int count = RandomAccess.Read(handle, target[done..], offset + done);
                    if (count == 0) break;
                    done += count;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Typed(StorageRejection.ReadFailed, path, offset, e);
            }
            return done;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            try
            {
                RandomAccess.Write(handle, bytes, offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Typed(StorageRejection.WriteFailed, path, offset, e);
            }
        }

        public void Sync()
        {
            // fdatasync leaves out the time stamps: a segment that is written over needs no journal commit.
            if (OperatingSystem.IsLinux())
            {
                if (SyncContent(handle) != 0)
                    throw Typed(StorageRejection.SyncFailed, path, -1, LastError("fdatasync"));
                return;
            }
            try
            {
                RandomAccess.FlushToDisk(handle);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Typed(StorageRejection.SyncFailed, path, -1, e);
            }
        }

        public void SetLength(long length)
        {
            try
            {
                RandomAccess.SetLength(handle, length);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Typed(StorageRejection.WriteFailed, path, length, e);
            }
        }

        public void Allocate(long length)
        {
            if (!OperatingSystem.IsLinux())
            {
                SetLength(length);
                return;
            }
            int code = AllocateRange(handle, 0, length);
            if (code == 0) return;
            string what = $"posix_fallocate: {Marshal.GetPInvokeErrorMessage(code)}";
            throw Typed(StorageRejection.WriteFailed, path, -1, new Win32Exception(code, what));
        }

        public void Forget(long offset, long length)
        {
            const int DontNeed = 4;
            if (!OperatingSystem.IsLinux() || handle.IsClosed) return;
            try
            {
                _ = Advise(handle, offset, length, DontNeed);
            }
            catch (ObjectDisposedException)
            {
                // Closed meanwhile: then nothing is to be kept anyway.
            }
        }

        public void Dispose() => handle.Dispose();
    }
}

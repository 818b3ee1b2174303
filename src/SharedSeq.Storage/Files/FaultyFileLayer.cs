namespace SharedSeq.Storage;

/// <summary>
/// Another file layer with faults on top: full, read-only or slow disk, short writes, failed syncs, flipped bits.
/// </summary>
public sealed class FaultyFileLayer(IFileLayer inner, StorageFaults faults) : IFileLayer
{
    private readonly Lock _lock = new();
    private readonly List<FaultyFile> _open = [];

    public StorageFaults Faults => faults;

    public IStorageFile Open(string path, FileOpening opening)
    {
        if (opening != FileOpening.ReadOnly) RefuseIfReadOnly(path);
        FaultyFile file = new(this, path, inner.Open(path, opening));
        lock (_lock) _open.Add(file);
        return file;
    }

    public bool Exists(string path) => inner.Exists(path);

    public IReadOnlyList<string> Names(string folder) => inner.Names(folder);

    public void CreateFolder(string folder) => inner.CreateFolder(folder);

    public void Rename(string from, string to)
    {
        RefuseIfReadOnly(from);
        inner.Rename(from, to);
        // Open files follow their name, so that a fault can be aimed at what a file has become.
        lock (_lock)
        {
            foreach (FaultyFile file in _open)
                if (string.Equals(file.Path, from, StringComparison.Ordinal)) file.Path = to;
        }
    }

    public void Delete(string path)
    {
        RefuseIfReadOnly(path);
        inner.Delete(path);
    }

    public void SyncFolder(string folder) => inner.SyncFolder(folder);

    public IDisposable? TryLock(string path)
    {
        RefuseIfReadOnly(path);
        return inner.TryLock(path);
    }

    /// <summary>Flips one bit of a file that is there: what a bad disk or cable does.</summary>
    public static void FlipBit(IFileLayer files, string path, long offset, int bit)
    {
        using IStorageFile file = files.Open(path, FileOpening.Existing);
        Span<byte> one = stackalloc byte[1];
        if (file.Read(one, offset) != 1)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{path} has {file.Length} bytes");
        one[0] ^= (byte)(1 << (bit & 7));
        file.Write(one, offset);
        file.Sync();
    }

    private static StorageException Injected(StorageRejection reason, string path) =>
        new(reason, $"{reason}: {path}: injected fault", path);

    private void RefuseIfReadOnly(string path)
    {
        if (faults.ReadOnly && faults.Concern(path)) throw Injected(StorageRejection.ReadOnlyDisk, path);
    }

    private sealed class FaultyFile(FaultyFileLayer owner, string path, IStorageFile inner) : IStorageFile
    {
        private readonly StorageFaults _faults = owner.Faults;

        public string Path { get; set; } = path;

        public long Length => inner.Length;

        public int Read(Span<byte> target, long offset) => inner.Read(target, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (!_faults.Concern(Path))
            {
                inner.Write(bytes, offset);
                return;
            }
            if (_faults.ReadOnly) throw Injected(StorageRejection.ReadOnlyDisk, Path);
            if (_faults.TakeFailedWrite()) throw Injected(StorageRejection.WriteFailed, Path);
            long growth = long.Max(0, offset + bytes.Length - inner.Length);
            if (growth > 0 && !_faults.TryGrow(growth)) throw Injected(StorageRejection.DiskFull, Path);
            if (_faults.TakeShortWrite())
            {
                inner.Write(bytes[..(bytes.Length / 2)], offset);
                throw Injected(StorageRejection.WriteFailed, Path);
            }
            inner.Write(bytes, offset);
        }

        public void Sync()
        {
            if (_faults.Concern(Path))
            {
                _faults.BeforeSync?.Invoke(Path);
                int delayMs = _faults.SyncDelayMs;
                if (delayMs > 0) Thread.Sleep(delayMs);
                if (_faults.TakeFailedSync()) throw Injected(StorageRejection.SyncFailed, Path);
            }
            inner.Sync();
        }

        public void SetLength(long length) => inner.SetLength(length);

        public void Allocate(long length)
        {
            if (_faults.Concern(Path))
            {
                if (_faults.ReadOnly) throw Injected(StorageRejection.ReadOnlyDisk, Path);
                long growth = long.Max(0, length - inner.Length);
                if (!_faults.TryGrow(growth)) throw Injected(StorageRejection.DiskFull, Path);
            }
            inner.Allocate(length);
        }

        public void Forget(long offset, long length) => inner.Forget(offset, length);

        public void Dispose()
        {
            lock (owner._lock) owner._open.Remove(this);
            inner.Dispose();
        }
    }
}

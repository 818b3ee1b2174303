namespace SharedSeq.Storage;

/// <summary>
/// One open segment file and who is reading it. A retired segment is recycled once its last reader is gone.
/// </summary>
internal sealed class SegmentFile(IStorageFile file, string path) : IDisposable
{
    private int _readers;

    public IStorageFile File { get; } = file;

    public string Path { get; set; } = path;

    /// <summary>Bytes of the file; records end at or before.</summary>
    public long Capacity { get; } = file.Length;

    public uint Number { get; private set; }

    public uint Salt { get; private set; }

    public long FirstPosition { get; private set; }

    public int Readers => Volatile.Read(ref _readers);

    public void BecomeNumber(LogInstanceId instance, uint number, long firstPosition)
    {
        Number = number;
        FirstPosition = firstPosition;
        Salt = SegmentFormat.Salt(instance, number);
    }

    /// <summary>Reads until the target is full or the file ends; returns the bytes read.</summary>
    /// <exception cref="StorageException">A sector can not be read; names the command that examines the log.</exception>
    public int Read(Span<byte> target, long offset)
    {
        try
        {
            return File.Read(target, offset);
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            throw StorageException.Unreadable(e, Path);
        }
    }

    public void AddReader() => Interlocked.Increment(ref _readers);

    /// <summary>True if that was the last reader.</summary>
    public bool RemoveReader() => Interlocked.Decrement(ref _readers) == 0;

    public void Dispose() => File.Dispose();
}

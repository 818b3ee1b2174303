using System.Collections.Concurrent;
using System.Numerics;

namespace SharedSeq.Networking;

/// <summary>
/// Byte arrays of large frames, kept for reuse: batches would otherwise churn the large-object heap (full collections cost a sixth of the
/// throughput when measured). A frame that is never returned is collected as usual; one returned too early would corrupt another's bytes, so only
/// the owner of a frame returns it.
/// </summary>
public sealed class FramePool(long keptBytesMax = 64L * 1024 * 1024)
{
    private const int SmallestPooled = 16 * 1024;
    private readonly ConcurrentBag<byte[]>[] _bySize = [.. Enumerable.Range(0, 32).Select(_ => new ConcurrentBag<byte[]>())];
    private long _keptBytes;

    /// <summary>Bytes waiting for reuse.</summary>
    public long KeptBytes => Interlocked.Read(ref _keptBytes);

    /// <summary>An array of at least <paramref name="length"/> bytes, with old contents.</summary>
    public byte[] Rent(int length)
    {
        if (length < SmallestPooled) return new byte[length];
        int bits = BitOperations.Log2((uint)length - 1) + 1;
        if (!_bySize[bits].TryTake(out byte[]? array)) return new byte[1 << bits];
        Interlocked.Add(ref _keptBytes, -array.Length);
        return array;
    }

    public void Return(byte[] array)
    {
        if (array.Length < SmallestPooled || !BitOperations.IsPow2(array.Length)) return;
        if (Interlocked.Read(ref _keptBytes) + array.Length > keptBytesMax) return;
        Interlocked.Add(ref _keptBytes, array.Length);
        _bySize[BitOperations.Log2((uint)array.Length)].Add(array);
    }
}

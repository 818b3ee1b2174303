namespace SharedSeq.Primitives;

/// <summary>
/// Memory of batches and what carries them, used again: half a megabyte many times a second would be collected with the whole heap only. Safe for
/// several threads.
/// </summary>
/// <param name="freeBytesMax">Bytes kept for later. 4 MiB: what batches come and go in bursts; most goes straight from one to the next.</param>
public sealed class BufferPool(long freeBytesMax = 4L * 1024 * 1024)
{
    /// <summary>Bytes from which on memory is pooled. 8 KiB: what is smaller is cheap to collect.</summary>
    public const int PooledBytesMin = 8 * 1024;

    // Steps of a third to a half, so that a sixth of the memory is unused on average; the last one takes a full batch in its frame.
    private static readonly int[] Sizes =
        [.. new[] { 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 528 }.Select(kib => kib * 1024)];

    /// <summary>One for the whole process. Behind the sizes, which it needs.</summary>
    public static readonly BufferPool Instance = new();

    private readonly Stack<byte[]>[] _free = [.. Sizes.Select(_ => new Stack<byte[]>())];
    private readonly Lock _gate = new();
    private long _freeBytes;

    /// <summary>Bytes kept for later.</summary>
    public long FreeBytes
    {
        get
        {
            lock (_gate) return _freeBytes;
        }
    }

    /// <summary>A buffer of exactly this length, held once; what is in it is undefined. Small and very large ones are not used again.</summary>
    public SharedBuffer Rent(int length)
    {
        int size = SizeFor(length);
        if (size < 0) return new SharedBuffer(this, GC.AllocateUninitializedArray<byte>(length), length);
        lock (_gate)
        {
            // One of the next size that is there costs less than one more. A much larger one would be mostly unused for as long as a batch is kept.
            for (int i = size; i < int.Min(size + 2, Sizes.Length); i++)
            {
                if (!_free[i].TryPop(out byte[]? array)) continue;
                _freeBytes -= array.Length;
                return new SharedBuffer(this, array, length);
            }
        }

        return new SharedBuffer(this, GC.AllocateUninitializedArray<byte>(Sizes[size]), length);
    }

    internal void Return(byte[] array)
    {
        int size = SizeFor(array.Length);
        if (size < 0 || Sizes[size] != array.Length) return;
        lock (_gate)
        {
            _free[size].Push(array);
            _freeBytes += array.Length;
            while (_freeBytes > freeBytesMax)
            {
                int largest = LargestClass();
                _free[largest].Pop();
                _freeBytes -= Sizes[largest];
            }
        }
    }

    /// <summary>The size that most bytes are kept of: given up first, so that what is used now pushes out what was used before.</summary>
    private int LargestClass()
    {
        int largest = 0;
        for (int i = 1; i < Sizes.Length; i++)
        {
            if ((long)_free[i].Count * Sizes[i] > (long)_free[largest].Count * Sizes[largest]) largest = i;
        }

        return largest;
    }

    private static int SizeFor(int length)
    {
        if (length < PooledBytesMin) return -1;
        for (int i = 0; i < Sizes.Length; i++)
        {
            if (length <= Sizes[i]) return i;
        }

        return -1;
    }
}

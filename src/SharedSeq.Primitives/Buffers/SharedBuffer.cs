using System.Buffers;
using System.Runtime.InteropServices;

namespace SharedSeq.Primitives;

/// <summary>
/// Memory of a <see cref="BufferPool"/> with several users. Who rents it holds it once; whoever reads it beside that holds it for as long. With the last
/// release the memory goes back to the pool, and what still refers to this buffer finds it gone instead of another one's bytes. A buffer that is
/// never released is ordinary garbage, so that nothing breaks where somebody forgets: only a release too many would.
/// </summary>
public sealed class SharedBuffer : MemoryManager<byte>
{
    private readonly BufferPool _pool;
    private readonly int _length;
    private byte[]? _array;
    private int _holds = 1;

    internal SharedBuffer(BufferPool pool, byte[] array, int length)
    {
        _pool = pool;
        _array = array;
        _length = length;
    }

    /// <summary>The buffer behind a memory or a slice of it; null for any other memory.</summary>
    public static SharedBuffer? Of(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetMemoryManager(memory, out SharedBuffer? buffer) ? buffer : null;

    public override Memory<byte> Memory => CreateMemory(_length);

    /// <summary>One more user; false when the last one has gone.</summary>
    public bool TryHold()
    {
        int holds = Volatile.Read(ref _holds);
        while (holds > 0)
        {
            int found = Interlocked.CompareExchange(ref _holds, holds + 1, holds);
            if (found == holds) return true;
            holds = found;
        }

        return false;
    }

    /// <summary>One user less: the one who rented it, or one who held it.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _holds);
        Invariant.Check(left >= 0, "a buffer is released once by each of its users");
        if (left > 0) return;
        byte[] array = _array!;
        _array = null;
        _pool.Return(array);
    }

    public override Span<byte> GetSpan()
    {
        Invariant.Check(_array is not null, "a buffer is read by those who hold it");
        return _array.AsSpan(0, _length);
    }

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        Invariant.Check(_array is not null, "a buffer is read by those who hold it");
        var handle = GCHandle.Alloc(_array, GCHandleType.Pinned);
        return new MemoryHandle((byte*)handle.AddrOfPinnedObject() + elementIndex, handle);
    }

    public override void Unpin()
    {
        // The handle that Pin gave out unpins.
    }

    protected override bool TryGetArray(out ArraySegment<byte> segment)
    {
        Invariant.Check(_array is not null, "a buffer is read by those who hold it");
        segment = new ArraySegment<byte>(_array, 0, _length);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        // Shared: nobody's to dispose of.
    }
}

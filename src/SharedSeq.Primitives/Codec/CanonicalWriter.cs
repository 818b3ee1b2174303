using System.Buffers.Binary;

namespace SharedSeq.Primitives;

/// <summary>
/// Writes the canonical encoding: fixed-width big-endian numbers, explicit lengths, one encoding per value.
/// The buffer grows by doubling; <see cref="Written"/> stays valid until the next write.
/// </summary>
public sealed class CanonicalWriter
{
    private byte[] _buffer;
    private int _length;

    public CanonicalWriter(int capacity = 256) => _buffer = new byte[capacity];

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    public byte[] ToArray() => Written.ToArray();

    public void Reset() => _length = 0;

    /// <summary>Reserves <paramref name="count"/> bytes and returns them for writing in place.</summary>
    public Span<byte> Reserve(int count)
    {
        int needed = checked(_length + count);
        if (needed > _buffer.Length) Array.Resize(ref _buffer, int.Max(needed, _buffer.Length * 2));
        Span<byte> span = _buffer.AsSpan(_length, count);
        _length = needed;
        return span;
    }

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void U16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    public void U64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    public void Hash(Hash32 value) => value.CopyTo(Reserve(Hash32.Size));

    public void Signature(Signature64 value) => value.CopyTo(Reserve(Signature64.Size));

    public void PublicKey(PublicKey64 value) => value.CopyTo(Reserve(PublicKey64.Size));

    /// <summary>Bytes without a length; the reader must know how many there are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>A u32 length, then the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        U32((uint)bytes.Length);
        Raw(bytes);
    }

    /// <summary>Overwrites a number written before, such as a length that was not known yet.</summary>
    public void PatchU32(int offset, uint value)
    {
        Invariant.Check(offset >= 0 && offset <= _length - 4, "a patch stays inside what was written");
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(offset), value);
    }

    public void Lane(LaneId value)
    {
        U64(value.Epoch.Value);
        U16(value.Author.Value);
        U16(value.Worker);
    }
}

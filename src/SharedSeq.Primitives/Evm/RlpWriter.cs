using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// Writes recursive length prefix encoding. A list is written from a second writer that holds its items.
/// </summary>
public sealed class RlpWriter(int capacity = 256)
{
    private readonly CanonicalWriter _bytes = new(capacity);

    public ReadOnlySpan<byte> Written => _bytes.Written;

    public byte[] ToArray() => _bytes.ToArray();

    /// <summary>A byte string.</summary>
    public RlpWriter Bytes(ReadOnlySpan<byte> value)
    {
        if (value.Length == 1 && value[0] < 0x80)
        {
            _bytes.Byte(value[0]);
            return this;
        }

        Header(0x80, value.Length);
        _bytes.Raw(value);
        return this;
    }

    /// <summary>An integer: big-endian without leading zeros, zero as the empty string.</summary>
    public RlpWriter Number(ulong value)
    {
        Span<byte> digits = stackalloc byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(digits, value);
        return Bytes(digits.TrimStart((byte)0));
    }

    /// <inheritdoc cref="Number(ulong)"/>
    public RlpWriter Number(BigInteger value) =>
        Bytes(value.IsZero ? [] : value.ToByteArray(isUnsigned: true, isBigEndian: true));

    /// <summary>A 256-bit integer held as a word.</summary>
    public RlpWriter Word(Hash32 value)
    {
        Span<byte> digits = stackalloc byte[Hash32.Size];
        value.CopyTo(digits);
        return Bytes(digits.TrimStart((byte)0));
    }

    /// <summary>An address, or the empty string where a contract is created.</summary>
    public RlpWriter Address(EvmAddress? value) => Bytes(value is { } address ? address.ToArray() : []);

    /// <summary>A list of the items that <paramref name="items"/> holds.</summary>
    public RlpWriter List(RlpWriter items) => List(items.Written);

    /// <summary>A list of items that are encoded already.</summary>
    public RlpWriter List(ReadOnlySpan<byte> encodedItems)
    {
        Header(0xC0, encodedItems.Length);
        _bytes.Raw(encodedItems);
        return this;
    }

    /// <summary>Bytes as they are: an encoded item, or the type byte of EIP-2718 in front of a list.</summary>
    public RlpWriter Raw(ReadOnlySpan<byte> encoded)
    {
        _bytes.Raw(encoded);
        return this;
    }

    private void Header(byte offset, int length)
    {
        if (length <= 55)
        {
            _bytes.Byte((byte)(offset + length));
            return;
        }

        Span<byte> digits = stackalloc byte[sizeof(int)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(digits, length);
        digits = digits.TrimStart((byte)0);
        _bytes.Byte((byte)(offset + 55 + digits.Length));
        _bytes.Raw(digits);
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Primitives;

/// <summary>Why bytes were refused by a decoder. Also the label of the metric that counts refusals.</summary>
public enum DecodeRejection
{
    /// <summary>The bytes end before the value does.</summary>
    Truncated = 1,

    /// <summary>Bytes follow the end of the value.</summary>
    TrailingBytes = 2,

    /// <summary>A length or count is above its limit.</summary>
    OverLimit = 3,

    /// <summary>A tag or enumeration value is not known.</summary>
    UnknownValue = 4,

    /// <summary>
    /// The value has another, shorter or ordered, encoding: booleans not 0 or 1, lists not strictly sorted.
    /// </summary>
    NotCanonical = 5,

    /// <summary>The value contradicts itself or names something impossible.</summary>
    Malformed = 6,
}

/// <summary>
/// Bytes from outside were refused; <see cref="Reason"/> says why. The only exception a decoder throws.
/// </summary>
public sealed class DecodeException(DecodeRejection reason, string message) : Exception(message)
{
    public DecodeRejection Reason { get; } = reason;

    [DoesNotReturn]
    public static void Throw(DecodeRejection reason, string what) =>
        throw new DecodeException(reason, $"{reason}: {what}");
}

/// <summary>
/// Reads the canonical encoding strictly: every length is checked before it is used, and only one encoding of a value
/// is accepted.
/// </summary>
public ref struct CanonicalReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public byte Byte() => Take(1)[0];

    public bool Bool()
    {
        byte value = Byte();
        if (value > 1) DecodeException.Throw(DecodeRejection.NotCanonical, "a boolean is 0 or 1");
        return value == 1;
    }

    public ushort U16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public Hash32 Hash() => new(Take(Hash32.Size));

    public Signature64 Signature() => Signature64.From(Take(Signature64.Size));

    public PublicKey64 PublicKey() => PublicKey64.From(Take(PublicKey64.Size));

    public ReadOnlySpan<byte> Raw(int count)
    {
        if (count < 0) DecodeException.Throw(DecodeRejection.Malformed, "negative length");
        return Take(count);
    }

    /// <summary>A u32 length of at most <paramref name="limit"/>, then that many bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int limit, string what)
    {
        uint length = U32();
        if (length > (uint)limit)
            DecodeException.Throw(DecodeRejection.OverLimit, $"{what}: {length} bytes, limit {limit}");
        return Take((int)length);
    }

    /// <summary>
    /// A u16 count of at most <paramref name="limit"/> items, each at least <paramref name="itemBytes"/> long.
    /// </summary>
    public int Count(int limit, int itemBytes, string what)
    {
        int count = U16();
        if (count > limit) DecodeException.Throw(DecodeRejection.OverLimit, $"{what}: {count} items, limit {limit}");
        if ((long)count * itemBytes > _rest.Length) DecodeException.Throw(DecodeRejection.Truncated, what);
        return count;
    }

    public LaneId Lane() => new(new Epoch(U64()), new ReplicaId(U16()), U16());

    /// <summary>Refuses bytes behind the value.</summary>
    public readonly void End(string what)
    {
        if (_rest.Length != 0)
            DecodeException.Throw(DecodeRejection.TrailingBytes, $"{what}: {_rest.Length} bytes left over");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            DecodeException.Throw(DecodeRejection.Truncated, $"{count} bytes wanted, {_rest.Length} left");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

using System.Buffers.Binary;

namespace SharedSeq.Primitives;

/// <summary>
/// A 32-byte value held in place: comparison, ordering and hashing without allocation. Order is that of its big-endian
/// bytes.
/// </summary>
public readonly struct Hash32 : IEquatable<Hash32>, IComparable<Hash32>
{
    public const int Size = 32;
    public static readonly Hash32 Zero;
    private readonly ulong _a, _b, _c, _d;

    public Hash32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"a Hash32 has 32 bytes, got {bytes.Length}", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public bool IsZero => (_a | _b | _c | _d) == 0;

    /// <summary>
    /// The first eight bytes as a number: a ready hash key, because the bytes are uniformly distributed.
    /// </summary>
    public ulong Prefix => _a;

    /// <summary>The first sixteen bytes as a number: long enough to stand for the value where only a second preimage would harm.</summary>
    public UInt128 Prefix128 => new(_a, _b);

    public void CopyTo(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, _a);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], _d);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads 64 hex digits, with or without 0x.</summary>
    public static bool TryParse(string? text, out Hash32 value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (!HexText.TryRead(text, bytes)) return false;
        value = new Hash32(bytes);
        return true;
    }

    public static Hash32 Parse(string text) =>
        TryParse(text, out Hash32 value) ? value : throw new FormatException($"not a 32-byte hex value: '{text}'");

    public bool Equals(Hash32 other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is Hash32 other && Equals(other);

    public override int GetHashCode() => unchecked((int)_a ^ (int)(_a >> 32));

    public int CompareTo(Hash32 other)
    {
        int c = _a.CompareTo(other._a);
        if (c != 0) return c;
        c = _b.CompareTo(other._b);
        if (c != 0) return c;
        c = _c.CompareTo(other._c);
        return c != 0 ? c : _d.CompareTo(other._d);
    }

    public static bool operator ==(Hash32 x, Hash32 y) => x.Equals(y);

    public static bool operator !=(Hash32 x, Hash32 y) => !x.Equals(y);

    public static bool operator <(Hash32 x, Hash32 y) => x.CompareTo(y) < 0;

    public static bool operator >(Hash32 x, Hash32 y) => x.CompareTo(y) > 0;

    public static bool operator <=(Hash32 x, Hash32 y) => x.CompareTo(y) <= 0;

    public static bool operator >=(Hash32 x, Hash32 y) => x.CompareTo(y) >= 0;

    /// <summary>Lower-case hex with 0x.</summary>
    public override string ToString() => "0x" + Convert.ToHexStringLower(ToArray());
}

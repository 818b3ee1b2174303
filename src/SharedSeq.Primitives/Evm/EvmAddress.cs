using System.Buffers.Binary;

namespace SharedSeq.Primitives;

/// <summary>
/// An Ethereum account or contract address: 20 bytes held in place. Order is that of its big-endian bytes.
/// </summary>
public readonly record struct EvmAddress : IComparable<EvmAddress>
{
    public const int Size = 20;
    private readonly ulong _a, _b;
    private readonly uint _c;

    public EvmAddress(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"an address has 20 bytes, got {bytes.Length}", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>The address of a secp256k1 public key: the last 20 bytes of the Keccak-256 of its x and y.</summary>
    public static EvmAddress OfPublicKey(ReadOnlySpan<byte> publicKey64)
    {
        if (publicKey64.Length != 64)
            throw new ArgumentException($"x and y have 64 bytes, got {publicKey64.Length}", nameof(publicKey64));
        Span<byte> digest = stackalloc byte[Hash32.Size];
        Keccak256.Of(publicKey64).CopyTo(digest);
        return new EvmAddress(digest[12..]);
    }

    public void CopyTo(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, _a);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], _b);
        BinaryPrimitives.WriteUInt32BigEndian(target[16..], _c);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>
    /// Reads 40 hex digits of either case, with or without 0x. The EIP-55 checksum is not required and not checked.
    /// </summary>
    public static bool TryParse(string? text, out EvmAddress value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (!HexText.TryRead(text, bytes)) return false;
        value = new EvmAddress(bytes);
        return true;
    }

    public static EvmAddress Parse(string text) =>
        TryParse(text, out EvmAddress value)
            ? value
            : throw new FormatException($"not a 20-byte hex address: '{text}'");

    public int CompareTo(EvmAddress other)
    {
        int c = _a.CompareTo(other._a);
        if (c != 0) return c;
        c = _b.CompareTo(other._b);
        return c != 0 ? c : _c.CompareTo(other._c);
    }

    public static bool operator <(EvmAddress x, EvmAddress y) => x.CompareTo(y) < 0;

    public static bool operator >(EvmAddress x, EvmAddress y) => x.CompareTo(y) > 0;

    public static bool operator <=(EvmAddress x, EvmAddress y) => x.CompareTo(y) <= 0;

    public static bool operator >=(EvmAddress x, EvmAddress y) => x.CompareTo(y) >= 0;

    /// <summary>Lower-case hex with 0x, as execution clients answer it.</summary>
    public override string ToString() => "0x" + Convert.ToHexStringLower(ToArray());

    /// <summary>Hex with the capitals of EIP-55, for people.</summary>
    public string ToChecksumString()
    {
        char[] digits = Convert.ToHexStringLower(ToArray()).ToCharArray();
        byte[] digest = Keccak256.Of(System.Text.Encoding.ASCII.GetBytes(digits)).ToArray();
        for (int i = 0; i < digits.Length; i++)
        {
            int nibble = (digest[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0x0F;
            if (nibble >= 8) digits[i] = char.ToUpperInvariant(digits[i]);
        }

        return "0x" + new string(digits);
    }
}

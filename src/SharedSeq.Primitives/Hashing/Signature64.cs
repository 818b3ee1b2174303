namespace SharedSeq.Primitives;

/// <summary>
/// A fixed 64-byte signature: r then s, each 32 bytes big-endian, s in the lower half of the group order.
/// </summary>
public readonly record struct Signature64(Hash32 R, Hash32 S)
{
    public const int Size = 64;

    /// <summary>Whether s is in the lower half of the group order (zero included, which no key accepts).</summary>
    public bool IsLowS => S <= P256Curve.HalfOrder;

    public static Signature64 From(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"a signature has 64 bytes, got {bytes.Length}", nameof(bytes));
        return new Signature64(new Hash32(bytes[..32]), new Hash32(bytes[32..]));
    }

    public void CopyTo(Span<byte> target)
    {
        R.CopyTo(target);
        S.CopyTo(target[32..]);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }
}

/// <summary>An uncompressed P-256 public key without its prefix byte: x then y, each 32 bytes big-endian.</summary>
public readonly record struct PublicKey64(Hash32 X, Hash32 Y)
{
    public const int Size = 64;

    public static PublicKey64 From(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"a public key has 64 bytes, got {bytes.Length}", nameof(bytes));
        return new PublicKey64(new Hash32(bytes[..32]), new Hash32(bytes[32..]));
    }

    public void CopyTo(Span<byte> target)
    {
        X.CopyTo(target);
        Y.CopyTo(target[32..]);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public override string ToString() => "0x" + Convert.ToHexStringLower(ToArray());
}

namespace SharedSeq.Primitives;

/// <summary>
/// The curve of Ethereum's accounts. libsecp256k1 does the work where it is installed (about 30 times faster),
/// BouncyCastle otherwise; both give equal results on every input, which the vectors prove.
/// </summary>
public static class Secp256k1
{
    public const int SecretSize = 32;

    /// <summary>The group order n.</summary>
    public static readonly Hash32 Order = Hash32.Parse(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

    /// <summary>n / 2 rounded down: the highest s that EIP-2 allows.</summary>
    public static readonly Hash32 HalfOrder = Hash32.Parse(
        "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

    /// <summary>
    /// Whether the installed libsecp256k1 is used; without it recovery is slow (about 1,300 a second and core).
    /// </summary>
    public static bool IsNative => Secp256k1Native.IsAvailable;

    /// <summary>Whether a value can be r, s or a secret: above zero, below the group order.</summary>
    public static bool IsScalar(Hash32 value) => !value.IsZero && value < Order;

    /// <summary>
    /// Recovers the signer of a hash. False when r or s is out of range, the parity is not 0 or 1, or no public key
    /// fits. High s is recovered like any other: refusing it is the transaction's rule, not the curve's.
    /// </summary>
    public static bool TryRecover(Hash32 hash, Hash32 r, Hash32 s, byte parity, out EvmAddress signer)
    {
        Span<byte> publicKey = stackalloc byte[64];
        bool recovered = TryRecoverKey(hash, r, s, parity, publicKey);
        signer = recovered ? EvmAddress.OfPublicKey(publicKey) : default;
        return recovered;
    }

    /// <summary>As <see cref="TryRecover"/>, giving x and y of the public key.</summary>
    public static bool TryRecoverKey(Hash32 hash, Hash32 r, Hash32 s, byte parity, Span<byte> publicKey64)
    {
        if (parity > 1 || !IsScalar(r) || !IsScalar(s)) return false;
        return Secp256k1Native.IsAvailable
            ? Secp256k1Native.TryRecover(hash, r, s, parity, publicKey64)
            : Secp256k1Managed.TryRecover(hash, r, s, parity, publicKey64);
    }

    /// <summary>
    /// Signs a hash with the deterministic nonce of RFC 6979 and low s: equal inputs give equal signatures.
    /// </summary>
    /// <exception cref="ArgumentException">The secret is not a scalar.</exception>
    public static EvmSignature Sign(Hash32 hash, ReadOnlySpan<byte> secret)
    {
        CheckSecret(secret);
        return Secp256k1Native.IsAvailable ? Secp256k1Native.Sign(hash, secret) : Secp256k1Managed.Sign(hash, secret);
    }

    /// <summary>The address that a secret signs for.</summary>
    /// <exception cref="ArgumentException">The secret is not a scalar.</exception>
    public static EvmAddress AddressOf(ReadOnlySpan<byte> secret)
    {
        CheckSecret(secret);
        Span<byte> publicKey = stackalloc byte[64];
        Secp256k1Managed.PublicKey(secret, publicKey);
        return EvmAddress.OfPublicKey(publicKey);
    }

    /// <summary>The public key of a secret in 33 bytes: 2 or 3 by the parity of y, then x.</summary>
    /// <exception cref="ArgumentException">The secret is not a scalar.</exception>
    public static void CompressedPublicKey(ReadOnlySpan<byte> secret, Span<byte> target33)
    {
        CheckSecret(secret);
        Span<byte> publicKey = stackalloc byte[64];
        Secp256k1Managed.PublicKey(secret, publicKey);
        target33[0] = (byte)(2 + (publicKey[63] & 1));
        publicKey[..32].CopyTo(target33[1..]);
    }

    private static void CheckSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretSize || !IsScalar(new Hash32(secret)))
            throw new ArgumentException("a secret has 32 bytes, above zero and below the group order", nameof(secret));
    }
}

/// <summary>A signature with the parity that lets the signer be recovered.</summary>
public readonly record struct EvmSignature(Hash32 R, Hash32 S, byte Parity);

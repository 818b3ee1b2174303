using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;
using BouncyPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace SharedSeq.Primitives;

/// <summary>
/// secp256k1 by BouncyCastle: the fallback where libsecp256k1 is not installed. Callers have checked all ranges.
/// </summary>
internal static class Secp256k1Managed
{
    private static readonly X9ECParameters Curve = SecNamedCurves.GetByName("secp256k1");
    private static readonly ECDomainParameters Domain = new(Curve.Curve, Curve.G, Curve.N, Curve.H);

    public static bool TryRecover(Hash32 hash, Hash32 r, Hash32 s, byte parity, Span<byte> publicKey64)
    {
        byte[] compressed = new byte[33];
        compressed[0] = (byte)(2 + parity);
        r.CopyTo(compressed.AsSpan(1));
        BouncyPoint nonce;
        try
        {
            nonce = Curve.Curve.DecodePoint(compressed);
        }
        catch (ArgumentException)
        {
            // No point of the curve has this x.
            return false;
        }

        BigInteger inverse = Number(r).ModInverse(Curve.N);
        BigInteger minusHash = Number(hash).Negate().Mod(Curve.N);
        BouncyPoint key = ECAlgorithms.SumOfTwoMultiplies(
            Curve.G, minusHash.Multiply(inverse).Mod(Curve.N), nonce, Number(s).Multiply(inverse).Mod(Curve.N));
        if (key.IsInfinity) return false;
        Write(key, publicKey64);
        return true;
    }

    public static EvmSignature Sign(Hash32 hash, ReadOnlySpan<byte> secret)
    {
        var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(true, new ECPrivateKeyParameters(new BigInteger(1, secret.ToArray()), Domain));
        BigInteger[] pair = signer.GenerateSignature(hash.ToArray());
        BigInteger low = pair[1].CompareTo(Curve.N.ShiftRight(1)) > 0 ? Curve.N.Subtract(pair[1]) : pair[1];
        Hash32 r = Word(pair[0]), s = Word(low);
        Span<byte> own = stackalloc byte[64];
        Span<byte> recovered = stackalloc byte[64];
        PublicKey(secret, own);
        for (byte parity = 0; parity <= 1; parity++)
        {
            if (TryRecover(hash, r, s, parity, recovered) && recovered.SequenceEqual(own))
                return new EvmSignature(r, s, parity);
        }

        throw new InvariantException("a signature just made recovers to no key of either parity");
    }

    public static void PublicKey(ReadOnlySpan<byte> secret, Span<byte> publicKey64) =>
        Write(Curve.G.Multiply(new BigInteger(1, secret.ToArray())), publicKey64);

    private static void Write(BouncyPoint point, Span<byte> publicKey64) =>
        point.Normalize().GetEncoded(compressed: false).AsSpan(1).CopyTo(publicKey64);

    private static BigInteger Number(Hash32 value) => new(1, value.ToArray());

    private static Hash32 Word(BigInteger value)
    {
        byte[] digits = value.ToByteArrayUnsigned();
        byte[] word = new byte[Hash32.Size];
        digits.CopyTo(word, word.Length - digits.Length);
        return new Hash32(word);
    }
}

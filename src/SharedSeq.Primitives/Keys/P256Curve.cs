using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// The numbers of NIST P-256 (SEC 2, secp256r1) that our own checks need; the arithmetic itself is the platform's.
/// </summary>
internal static class P256Curve
{
    /// <summary>The field's prime p.</summary>
    public static readonly Hash32 Prime =
        Hash32.Parse("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

    /// <summary>The group's order n.</summary>
    public static readonly Hash32 Order =
        Hash32.Parse("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    /// <summary>The largest low s: (n - 1) / 2.</summary>
    public static readonly Hash32 HalfOrder =
        Hash32.Parse("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

    private static readonly BigInteger P = Number(Prime);
    private static readonly BigInteger B =
        Number(Hash32.Parse("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"));

    /// <summary>
    /// y^2 = x^3 - 3x + b (mod p). Both coordinates must be below p. The point (0, 0) is not on the curve.
    /// </summary>
    public static bool IsOnCurve(Hash32 x, Hash32 y)
    {
        BigInteger bx = Number(x);
        BigInteger by = Number(y);
        return (by * by - (bx * bx * bx - 3 * bx + B)) % P == 0;
    }

    /// <summary>n - s, for s in 1 .. n-1: the other valid s of the same signature.</summary>
    public static Hash32 Negate(Hash32 s)
    {
        Span<byte> result = stackalloc byte[Hash32.Size];
        Span<byte> subtrahend = stackalloc byte[Hash32.Size];
        Order.CopyTo(result);
        s.CopyTo(subtrahend);
        int borrow = 0;
        for (int i = Hash32.Size - 1; i >= 0; i--)
        {
            int difference = result[i] - subtrahend[i] - borrow;
            borrow = difference < 0 ? 1 : 0;
            result[i] = (byte)difference;
        }
        Invariant.Check(borrow == 0, "a signature's s is below the group order");
        return new Hash32(result);
    }

    private static BigInteger Number(Hash32 value) => new(value.ToArray(), isUnsigned: true, isBigEndian: true);
}

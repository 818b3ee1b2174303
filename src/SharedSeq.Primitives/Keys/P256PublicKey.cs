using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SharedSeq.Primitives;

/// <summary>Why 64 bytes are not a usable P-256 public key.</summary>
public enum PublicKeyRejection
{
    None = 0,

    /// <summary>A coordinate is not below the field's prime, so the same point would have two encodings.</summary>
    CoordinateOutOfRange = 1,

    /// <summary>The point is not on the curve (the all-zero key included).</summary>
    NotOnCurve = 2,
}

/// <summary>
/// A checked P-256 public key with its platform objects kept, for verifying many signatures of one key. Import it once
/// per committee member or peer, not per message. Safe for parallel use.
/// </summary>
public sealed class P256PublicKey : IDisposable, IEquatable<P256PublicKey>
{
    private const string NistP256 = "1.2.840.10045.3.1.7";

    private readonly EcdsaPool _pool;

    private P256PublicKey(PublicKey64 value)
    {
        Value = value;
        _pool = new EcdsaPool(ParametersOf(value));
    }

    /// <summary>The key's canonical bytes.</summary>
    public PublicKey64 Value { get; }

    /// <summary>
    /// Checks that the coordinates are in range and the point is on the curve (P-256 has cofactor 1, so that is all).
    /// </summary>
    public static bool TryImport(
        PublicKey64 value, [NotNullWhen(true)] out P256PublicKey? key, out PublicKeyRejection rejection)
    {
        rejection = Check(value);
        key = rejection == PublicKeyRejection.None ? new P256PublicKey(value) : null;
        return key is not null;
    }

    /// <summary>
    /// Imports a key that is known to be valid, such as one of a validated genesis; throws ArgumentException otherwise.
    /// </summary>
    public static P256PublicKey Import(PublicKey64 value) =>
        TryImport(value, out P256PublicKey? key, out PublicKeyRejection rejection)
            ? key
            : throw new ArgumentException($"not a P-256 public key: {rejection}", nameof(value));

    /// <summary>Whether the bytes are a usable key, without keeping one.</summary>
    public static PublicKeyRejection Check(PublicKey64 value)
    {
        if (value.X >= P256Curve.Prime || value.Y >= P256Curve.Prime) return PublicKeyRejection.CoordinateOutOfRange;
        return P256Curve.IsOnCurve(value.X, value.Y) ? PublicKeyRejection.None : PublicKeyRejection.NotOnCurve;
    }

    /// <summary>
    /// The P-256 key a TLS peer showed in its certificate; false when the certificate has another kind of key.
    /// </summary>
    public static bool TryReadFromCertificate(X509Certificate2 certificate, out PublicKey64 value)
    {
        value = default;
        try
        {
            using ECDsa? key = certificate.GetECDsaPublicKey();
            if (key is null || key.KeySize != 256) return false;
            ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
            if (!parameters.Curve.IsNamed || parameters.Curve.Oid.Value is not NistP256) return false;
            value = new PublicKey64(new Hash32(parameters.Q.X), new Hash32(parameters.Q.Y));
            return true;
        }
        catch (CryptographicException)
        {
            // A certificate comes from outside: a broken key in it is a refusal, not an error of ours.
            return false;
        }
    }

    /// <summary>True when the signature is this key's over SHA-256 of the message, with a low s.</summary>
    public bool Verify(ReadOnlySpan<byte> message, in Signature64 signature) =>
        VerifyDigest(Sha.Of(message), signature);

    /// <summary>True when the signature is this key's over a ready SHA-256 digest, with a low s.</summary>
    public bool VerifyDigest(in Hash32 digest, in Signature64 signature)
    {
        // For each valid (r, s) also (r, n - s) is valid: without this rule anybody could make a second signature of a
        // statement.
        if (!signature.IsLowS) return false;
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Span<byte> bytes = stackalloc byte[Signature64.Size];
        digest.CopyTo(hash);
        signature.CopyTo(bytes);
        ECDsa key = _pool.Rent();
        try
        {
            return key.VerifyHash(hash, bytes, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        finally
        {
            _pool.Return(key);
        }
    }

    public bool Equals(P256PublicKey? other) => other is not null && Value == other.Value;

    public override bool Equals(object? obj) => Equals(obj as P256PublicKey);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString();

    public void Dispose() => _pool.Dispose();

    private static ECParameters ParametersOf(PublicKey64 value) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = value.X.ToArray(), Y = value.Y.ToArray() },
    };
}

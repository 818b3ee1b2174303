using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SharedSeq.Primitives;

/// <summary>
/// A P-256 signing key. An operator has two: the vote key and the node key (consensus.md, decisions). Signatures have a
/// low s. Safe for parallel use; dispose it to drop the secret from memory.
/// </summary>
public sealed class P256PrivateKey : IDisposable
{
    public const int SecretSize = 32;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // Peers know each other by registered key, not by date, so an operator's clock that jumps must not end its
    // sessions.
    private static readonly DateTimeOffset CertificateFrom = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset CertificateUntil = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private readonly EcdsaPool _pool;
    private readonly byte[] _secret;

    private P256PrivateKey(ECDsa key)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        _secret = parameters.D!.ToArray();
        _pool = new EcdsaPool(parameters);
        _pool.Return(key);
        PublicKey = P256PublicKey.Import(new PublicKey64(new Hash32(parameters.Q.X), new Hash32(parameters.Q.Y)));
    }

    /// <summary>The matching public key, ready to verify.</summary>
    public P256PublicKey PublicKey { get; }

    /// <summary>A new key from the platform's random source.</summary>
    public static P256PrivateKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>A key from its 32-byte big-endian secret; false unless the number is in 1 .. n-1.</summary>
    public static bool TryImport(ReadOnlySpan<byte> secret, [NotNullWhen(true)] out P256PrivateKey? key)
    {
        key = null;
        if (secret.Length != SecretSize) return false;
        Hash32 number = new(secret);
        if (number.IsZero || number >= P256Curve.Order) return false;
        byte[] d = secret.ToArray();
        key = new P256PrivateKey(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d }));
        CryptographicOperations.ZeroMemory(d);
        return true;
    }

    /// <summary>A key from a secret that is known to be valid; throws ArgumentException otherwise.</summary>
    public static P256PrivateKey Import(ReadOnlySpan<byte> secret) =>
        TryImport(secret, out P256PrivateKey? key)
            ? key
            : throw new ArgumentException("a P-256 secret is 32 bytes, a number from 1 to n-1", nameof(secret));

    /// <summary>Writes the 32-byte big-endian secret. The caller clears it after use.</summary>
    public void ExportSecret(Span<byte> target) => _secret.CopyTo(target);

    /// <summary>Signs SHA-256 of the message.</summary>
    public Signature64 Sign(ReadOnlySpan<byte> message) => SignDigest(Sha.Of(message));

    /// <summary>Signs a ready SHA-256 digest.</summary>
    public Signature64 SignDigest(in Hash32 digest)
    {
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Span<byte> bytes = stackalloc byte[Signature64.Size];
        digest.CopyTo(hash);
        ECDsa key = _pool.Rent();
        try
        {
            bool fits =
                key.TrySignHash(hash, bytes, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out int written);
            Invariant.Check(fits && written == Signature64.Size, "a P-256 signature has 64 bytes");
        }
        finally
        {
            _pool.Return(key);
        }
        Signature64 signature = Signature64.From(bytes);
        return signature.IsLowS ? signature : signature with { S = P256Curve.Negate(signature.S) };
    }

    /// <summary>
    /// A certificate of this key with its private part, for TLS 1.3 as server and as client. It says nothing but the
    /// key: a peer compares the key with the registered one and ignores subject, dates and issuer.
    /// </summary>
    /// <param name="subject">The common name shown in tools, for example "operator-0".</param>
    public X509Certificate2 CreateSelfSignedCertificate(string subject)
    {
        X500DistinguishedNameBuilder name = new();
        name.AddCommonName(subject);
        ECDsa key = _pool.Rent();
        try
        {
            CertificateRequest request = new(name.Build(), key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
            X509KeyUsageExtension signing = new(X509KeyUsageFlags.DigitalSignature, critical: true);
            request.CertificateExtensions.Add(signing);
            OidCollection uses = [new Oid(ServerAuthentication), new Oid(ClientAuthentication)];
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, critical: false));
            return request.CreateSelfSigned(CertificateFrom, CertificateUntil);
        }
        finally
        {
            _pool.Return(key);
        }
    }

    public void Dispose()
    {
        _pool.Dispose();
        PublicKey.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Numerics;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class P256KeyTests
{
    private static readonly Hash32 Order =
        Hash32.Parse("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    [Fact]
    public void A_signature_verifies_with_the_same_key_and_message_only()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        using P256PrivateKey other = P256PrivateKey.Create();
        byte[] message = Encoding.UTF8.GetBytes("statement");
        Signature64 signature = key.Sign(message);

        Assert.True(key.PublicKey.Verify(message, signature));
        Assert.True(key.PublicKey.VerifyDigest(Sha.Of(message), signature));
        Assert.False(other.PublicKey.Verify(message, signature));
        message[0] ^= 1;
        Assert.False(key.PublicKey.Verify(message, signature));
    }

    [Fact]
    public void Every_signature_has_a_low_s_and_its_high_twin_is_refused()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        for (int i = 0; i < 64; i++)
        {
            byte[] message = [(byte)i];
            Signature64 signature = key.Sign(message);
            Assert.True(signature.IsLowS);
            Signature64 twin = signature with { S = Subtract(Order, signature.S) };
            Assert.True(PlatformAccepts(key.PublicKey.Value, message, twin), "the twin is valid but for its high s");
            Assert.False(key.PublicKey.Verify(message, twin));
        }
    }

    [Fact]
    public void Signatures_with_r_or_s_of_zero_or_not_below_the_order_are_refused()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        byte[] message = [1, 2, 3];
        Signature64 good = key.Sign(message);
        Hash32 ones = new(Enumerable.Repeat((byte)0xff, 32).ToArray());
        Assert.False(key.PublicKey.Verify(message, default));
        Assert.False(key.PublicKey.Verify(message, good with { R = Hash32.Zero }));
        Assert.False(key.PublicKey.Verify(message, good with { S = Hash32.Zero }));
        Assert.False(key.PublicKey.Verify(message, good with { R = Order }));
        Assert.False(key.PublicKey.Verify(message, good with { R = ones }));
        Assert.False(key.PublicKey.Verify(message, good with { S = ones }));
    }

    [Fact]
    public void Points_off_the_curve_and_coordinates_out_of_range_are_refused_with_the_reason()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        PublicKey64 good = key.PublicKey.Value;
        Hash32 prime = Hash32.Parse("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        Assert.Equal(PublicKeyRejection.None, P256PublicKey.Check(good));
        Assert.Equal(PublicKeyRejection.NotOnCurve, P256PublicKey.Check(default));
        Assert.Equal(PublicKeyRejection.NotOnCurve, P256PublicKey.Check(new PublicKey64(good.Y, good.X)));
        Assert.Equal(PublicKeyRejection.CoordinateOutOfRange, P256PublicKey.Check(good with { X = prime }));
        Assert.Equal(PublicKeyRejection.CoordinateOutOfRange, P256PublicKey.Check(good with { Y = prime }));
        Assert.False(P256PublicKey.TryImport(default, out P256PublicKey? none, out PublicKeyRejection rejection));
        Assert.Null(none);
        Assert.Equal(PublicKeyRejection.NotOnCurve, rejection);
        Assert.Throws<ArgumentException>(() => P256PublicKey.Import(default));
    }

    [Fact]
    public void A_secret_survives_export_and_import_and_impossible_secrets_are_refused()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        byte[] secret = new byte[P256PrivateKey.SecretSize];
        key.ExportSecret(secret);
        using P256PrivateKey again = P256PrivateKey.Import(secret);
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.True(key.PublicKey.Verify(secret, again.Sign(secret)));

        Assert.False(P256PrivateKey.TryImport(new byte[32], out _));
        Assert.False(P256PrivateKey.TryImport(Order.ToArray(), out _));
        Assert.False(P256PrivateKey.TryImport(new byte[31], out _));
        Assert.Throws<ArgumentException>(() => P256PrivateKey.Import(new byte[33]));
    }

    [Fact]
    public void One_key_signs_and_verifies_from_many_threads_at_once()
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        int wrong = 0;
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            byte[] message = BitConverter.GetBytes(i);
            Signature64 signature = key.Sign(message);
            if (!key.PublicKey.Verify(message, signature)) Interlocked.Increment(ref wrong);
            message[0] ^= 0x80;
            if (key.PublicKey.Verify(message, signature)) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void A_disposed_key_refuses_to_sign()
    {
        P256PrivateKey key = P256PrivateKey.Create();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign([1]));
    }

    [Fact]
    public async Task Two_self_signed_certificates_authenticate_each_other_over_tls_1_3()
    {
        using P256PrivateKey serverKey = P256PrivateKey.Create();
        using P256PrivateKey clientKey = P256PrivateKey.Create();
        using X509Certificate2 serverCertificate = serverKey.CreateSelfSignedCertificate("operator-0");
        using X509Certificate2 clientCertificate = clientKey.CreateSelfSignedCertificate("operator-1");
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(20));
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        Task<TcpClient> accepting = listener.AcceptTcpClientAsync(deadline.Token).AsTask();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, deadline.Token);
        using TcpClient accepted = await accepting;

        await using SslStream serverSide = new(accepted.GetStream());
        await using SslStream clientSide = new(client.GetStream());
        await Task.WhenAll(
            serverSide.AuthenticateAsServerAsync(ServerOptions(serverCertificate), deadline.Token),
            clientSide.AuthenticateAsClientAsync(ClientOptions(clientCertificate), deadline.Token));

        Assert.Equal(SslProtocols.Tls13, serverSide.SslProtocol);
        Assert.Equal(clientKey.PublicKey.Value, KeyOf(serverSide.RemoteCertificate));
        Assert.Equal(serverKey.PublicKey.Value, KeyOf(clientSide.RemoteCertificate));
    }

    [Fact]
    public void A_certificate_with_another_kind_of_key_gives_no_key()
    {
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using X509Certificate2 wrongCurve = new CertificateRequest("CN=x", p384, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        using RSA rsa = RSA.Create(2048);
        using X509Certificate2 wrongAlgorithm =
            new CertificateRequest("CN=x", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        Assert.False(P256PublicKey.TryReadFromCertificate(wrongCurve, out _));
        Assert.False(P256PublicKey.TryReadFromCertificate(wrongAlgorithm, out _));
    }

    private static SslServerAuthenticationOptions ServerOptions(X509Certificate2 certificate) => new()
    {
        ServerCertificate = certificate,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
    };

    private static SslClientAuthenticationOptions ClientOptions(X509Certificate2 certificate) => new()
    {
        TargetHost = "operator-0",
        ClientCertificates = [certificate],
        EnabledSslProtocols = SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
    };

    private static PublicKey64 KeyOf(X509Certificate? shown)
    {
        X509Certificate2 certificate = Assert.IsType<X509Certificate2>(shown);
        Assert.True(P256PublicKey.TryReadFromCertificate(certificate, out PublicKey64 value));
        return value;
    }

    private static bool PlatformAccepts(PublicKey64 key, byte[] message, Signature64 signature)
    {
        using ECDsa platform = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = key.X.ToArray(), Y = key.Y.ToArray() },
        });
        return platform.VerifyData(message, signature.ToArray(), HashAlgorithmName.SHA256);
    }

    private static Hash32 Subtract(Hash32 a, Hash32 b)
    {
        BigInteger difference = new BigInteger(a.ToArray(), true, true) - new BigInteger(b.ToArray(), true, true);
        byte[] bytes = new byte[32];
        byte[] digits = difference.ToByteArray(true, true);
        digits.CopyTo(bytes, 32 - digits.Length);
        return new Hash32(bytes);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

public sealed class Secp256k1Tests
{
    public static TheoryData<string> Names => [.. EvmVectors.Signatures.Select(v => v.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Library_and_fallback_recover_the_same_signer(string name)
    {
        SignatureVector vector = EvmVectors.Signatures.Single(v => v.Name == name);
        Hash32 hash = Hash32.Parse(vector.Hash), r = Hash32.Parse(vector.R), s = Hash32.Parse(vector.S);

        Assert.Equal(vector.Signer is not null, Secp256k1.TryRecover(hash, r, s, vector.Parity, out EvmAddress signer));
        if (vector.Signer is not null) Assert.Equal(vector.Signer, signer.ToChecksumString());
        if (!Secp256k1.IsScalar(r) || !Secp256k1.IsScalar(s)) return;

        byte[] managed = new byte[64];
        Assert.Equal(vector.Signer is not null, Secp256k1Managed.TryRecover(hash, r, s, vector.Parity, managed));
        if (vector.Signer is not null) Assert.Equal(vector.Signer, EvmAddress.OfPublicKey(managed).ToChecksumString());
        if (!Secp256k1Native.IsAvailable) return;

        byte[] native = new byte[64];
        Assert.Equal(vector.Signer is not null, Secp256k1Native.TryRecover(hash, r, s, vector.Parity, native));
        Assert.Equal(managed, native);
    }

    [Fact]
    public void Library_and_fallback_sign_alike_and_as_ethers_does()
    {
        foreach (SignatureVector vector in EvmVectors.Signatures.Where(v => v.Secret is not null))
        {
            Hash32 hash = Hash32.Parse(vector.Hash);
            byte[] secret = EvmVectors.Bytes(vector.Secret!);
            var expected = new EvmSignature(Hash32.Parse(vector.R), Hash32.Parse(vector.S), vector.Parity);
            Assert.Equal(vector.Signer, Secp256k1.AddressOf(secret).ToChecksumString());
            Assert.Equal(expected, Secp256k1.Sign(hash, secret));
            Assert.Equal(expected, Secp256k1Managed.Sign(hash, secret));
            if (Secp256k1Native.IsAvailable) Assert.Equal(expected, Secp256k1Native.Sign(hash, secret));
        }
    }

    [Fact]
    public void Library_and_fallback_agree_on_random_triples()
    {
        var random = new Random(20_240_611);
        byte[] word = new byte[32], managed = new byte[64], native = new byte[64];
        Hash32 Next()
        {
            random.NextBytes(word);
            return new Hash32(word);
        }

        for (int i = 0; i < 300; i++)
        {
            Hash32 hash = Next(), r = Next(), s = Next();
            byte parity = (byte)(i & 1);
            if (!Secp256k1.IsScalar(r) || !Secp256k1.IsScalar(s) || !Secp256k1Native.IsAvailable) continue;
            bool recovered = Secp256k1Managed.TryRecover(hash, r, s, parity, managed);
            Assert.Equal(recovered, Secp256k1Native.TryRecover(hash, r, s, parity, native));
            if (recovered) Assert.Equal(managed, native);
        }
    }

    [Fact]
    public void Parities_that_do_not_exist_and_secrets_out_of_range_are_refused()
    {
        Hash32 one = new([.. new byte[31], 1]);
        Assert.False(Secp256k1.TryRecover(one, one, one, 2, out _));
        Assert.False(Secp256k1.TryRecover(one, one, one, byte.MaxValue, out _));
        Assert.Throws<ArgumentException>(() => Secp256k1.Sign(one, new byte[32]));
        Assert.Throws<ArgumentException>(() => Secp256k1.Sign(one, Secp256k1.Order.ToArray()));
        Assert.Throws<ArgumentException>(() => Secp256k1.Sign(one, new byte[31]));
        Assert.Throws<ArgumentException>(() => Secp256k1.AddressOf(new byte[33]));
    }
}

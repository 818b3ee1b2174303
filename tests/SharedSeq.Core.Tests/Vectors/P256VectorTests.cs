using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>
/// Known answers of P-256 that were not made by this code: RFC 6979 and an independent implementation.
/// </summary>
public sealed class P256VectorTests
{
    [Fact]
    public void Signatures_are_accepted_and_refused_as_the_vectors_say()
    {
        IReadOnlyDictionary<string, byte[]> vectors = VectorFile.Read("p256-signatures");
        Assert.True(vectors.Count >= 20);
        foreach ((string name, byte[] bytes) in vectors)
        {
            CanonicalReader reader = new(bytes);
            using P256PublicKey key = P256PublicKey.Import(reader.PublicKey());
            Hash32 digest = reader.Hash();
            Signature64 signature = reader.Signature();
            reader.End(name);
            Assert.True(IsAccepting(name) == key.VerifyDigest(digest, signature), name);
        }
    }

    [Fact]
    public void Keys_are_accepted_and_refused_as_the_vectors_say()
    {
        foreach ((string name, byte[] bytes) in VectorFile.Read("p256-keys"))
        {
            PublicKeyRejection rejection = P256PublicKey.Check(PublicKey64.From(bytes));
            Assert.True(IsAccepting(name) == (rejection == PublicKeyRejection.None), $"{name}: {rejection}");
        }
    }

    [Fact]
    public void The_key_of_rfc_6979_has_the_public_key_printed_there()
    {
        byte[] secret = Convert.FromHexString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        using P256PrivateKey key = P256PrivateKey.Import(secret);
        Assert.Equal(
            "0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
            key.PublicKey.ToString());
    }

    private static bool IsAccepting(string name)
    {
        string verdict = name[..name.IndexOf(':', StringComparison.Ordinal)];
        Assert.Contains(verdict, new[] { "accept", "refuse" });
        return verdict == "accept";
    }
}

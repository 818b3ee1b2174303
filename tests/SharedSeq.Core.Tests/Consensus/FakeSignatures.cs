using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>A keyed hash in place of P-256, so that protocol tests spend their time on the protocol. Whoever knows the public key could forge it.</summary>
internal sealed class FakeSigner(PublicKey64 key) : ISigner
{
    public PublicKey64 Key { get; } = key;

    public Signature64 Sign(ReadOnlySpan<byte> text) => SignWith(Key, text);

    public static PublicKey64 KeyOf(int member, bool isVoteKey)
    {
        byte[] seed = new byte[PublicKey64.Size];
        seed[0] = (byte)(member + 1);
        seed[1] = isVoteKey ? (byte)1 : (byte)2;
        return PublicKey64.From(seed);
    }

    public static Signature64 SignWith(PublicKey64 key, ReadOnlySpan<byte> text)
    {
        byte[] bytes = new byte[PublicKey64.Size + text.Length];
        key.CopyTo(bytes);
        text.CopyTo(bytes.AsSpan(PublicKey64.Size));
        Hash32 hash = Sha.Of(bytes);
        return new Signature64(hash, hash);
    }
}

internal sealed class FakeScheme : ISignatureScheme
{
    public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature) => FakeSigner.SignWith(key, text) == signature;
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Signs with a P-256 key.</summary>
public sealed class P256Signer(P256PrivateKey key) : ISigner
{
    public Signature64 Sign(ReadOnlySpan<byte> text) => key.Sign(text);
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

/// <summary>Signatures that cost nothing and that no test forges: a hash over the member's key and the text.</summary>
public sealed class TestSignatures : ISignatureScheme
{
    public static PublicKey64 KeyOf(int member, bool isVoteKey) => new(Sha.Of([(byte)member, isVoteKey ? (byte)1 : (byte)2]), Hash32.Zero);

    public static Signature64 Sign(PublicKey64 key, ReadOnlySpan<byte> text)
    {
        byte[] bytes = new byte[PublicKey64.Size + text.Length];
        key.CopyTo(bytes);
        text.CopyTo(bytes.AsSpan(PublicKey64.Size));
        return new Signature64(Sha.Of(bytes), key.X);
    }

    public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature) => Sign(key, text) == signature;

    public static Committee CommitteeOf(QuorumParameters quorum)
    {
        var members = new CommitteeMember[quorum.N];
        for (int i = 0; i < members.Length; i++) members[i] = new CommitteeMember(KeyOf(i, true), KeyOf(i, false));
        return new Committee(Epoch.Zero, quorum, members, Sha.Of("genesis of the lane tests"u8));
    }

    public sealed class Signer(PublicKey64 key) : ISigner
    {
        public Signature64 Sign(ReadOnlySpan<byte> text) => TestSignatures.Sign(key, text);
    }
}

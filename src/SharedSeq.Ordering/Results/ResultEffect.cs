using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Everything the result collector can ask of its shell: a closed set, carried out in order.</summary>
public abstract record ResultEffect
{
    private ResultEffect()
    {
    }

    /// <summary>Sign the result with the vote key, append the vote to the vote log (no need to wait for the sync), then answer OnOwnVote.</summary>
    public sealed record SignResult(BlockResult Result) : ResultEffect;

    /// <summary>Send a message; it may be lost.</summary>
    public sealed record Send(ReplicaSet To, PeerMessage Message) : ResultEffect;

    /// <summary>A newer certificate is held: store it, show it to streams, prove from it.</summary>
    public sealed record Certified(ResultCertificate Certificate) : ResultEffect;

    /// <summary>A member signed two results for one height (E7). Hand it to the replica's evidence after verifying it as any other.</summary>
    public sealed record EvidenceFound(Evidence Evidence) : ResultEffect;

    /// <summary>
    /// This replica's result is not the certified one, or not the one it signed before: stop feeding adapters and signing results, keep both, alarm, and
    /// rebuild from a certified checkpoint. Ordering and voting go on. Raised once.
    /// </summary>
    /// <param name="Own">The own result.</param>
    /// <param name="OtherHash">Hash of the result it differs from.</param>
    /// <param name="Certificate">The certificate of the other, when its content is known.</param>
    /// <param name="Agreed">The highest height up to which the own results are known to be the certified ones; nothing above it is to be believed.</param>
    public sealed record Diverged(BlockResult Own, Hash32 OtherHash, ResultCertificate? Certificate, Height Agreed) : ResultEffect;

    /// <summary>So many members signed differing results for this height that none can have q: alarm. Raised once per height.</summary>
    public sealed record Split(Height Height) : ResultEffect;
}

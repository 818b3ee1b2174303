using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>Why a submit reply does not prove what it says.</summary>
public enum ReplyRejection
{
    None = 0,

    /// <summary>A signature, a threshold or a committee does not fit.</summary>
    BadProof = 1,

    /// <summary>The commit proof is of another block.</summary>
    OtherBlock = 2,

    /// <summary>The batch headers do not lead to the lane's tip in the block's cut.</summary>
    BrokenChain = 3,

    /// <summary>The transactions are not at the named place of the batch.</summary>
    OtherTransactions = 4,

    /// <summary>Signed in an epoch whose committee is not known here (yet).</summary>
    UnknownEpoch = 5,

    /// <summary>Signed, it says, in an epoch that can not have begun yet: nobody is asked for the way there.</summary>
    ImpossibleEpoch = 6,
}

/// <summary>Checks replies of the submit stream against the committees that follow from the genesis: the operator that sent them is not trusted.</summary>
public static class CommitCheck
{
    /// <summary>Whether the reply proves that its batches are committed. Checked once per block, whatever the number of frames.</summary>
    public static ReplyRejection CheckBlock(NetworkDirectory network, SubmitReply.Committed reply)
    {
        if (network.VerifierOf(reply.Proof.Epoch) is not { } verifier) return Unknown(network, reply.Proof.Epoch);
        if (verifier.TryVerify(reply.Proof, out _) != VerificationRejection.None) return ReplyRejection.BadProof;
        if (reply.Proof.Block != reply.Headers[^1].Id) return ReplyRejection.OtherBlock;
        for (int i = 1; i < reply.Headers.Count; i++)
        {
            if (reply.Headers[i].ParentHash != reply.Headers[i - 1].Hash) return ReplyRejection.OtherBlock;
        }

        if (reply.Chain.Count == 0) return ReplyRejection.None;
        for (int i = 1; i < reply.Chain.Count; i++)
        {
            if (reply.Chain[i].PreviousDigest != reply.Chain[i - 1].Digest) return ReplyRejection.BrokenChain;
        }

        BatchHeader last = reply.Chain[^1];
        return reply.Headers[0].TipOf(last.Lane) == last.Tip ? ReplyRejection.None : ReplyRejection.BrokenChain;
    }

    private static ReplyRejection Unknown(NetworkDirectory network, Epoch epoch) =>
        network.IsPossible(epoch) ? ReplyRejection.UnknownEpoch : ReplyRejection.ImpossibleEpoch;

    /// <summary>Whether these transactions are the frame's place in one of the reply's batches.</summary>
    public static ReplyRejection CheckFrame(SubmitReply.Committed reply, CommittedFrame frame, ReadOnlySpan<Hash32> ids)
    {
        foreach (BatchHeader header in reply.Chain)
        {
            if (header.Seq != frame.Seq) continue;
            bool holds = frame.Range.Count == (ulong)header.TransactionCount && frame.Range.Verify(header.TransactionRoot, ids);
            return holds ? ReplyRejection.None : ReplyRejection.OtherTransactions;
        }

        return ReplyRejection.BrokenChain;
    }

    /// <summary>Whether these transactions have the receipt that the reply claims.</summary>
    public static ReplyRejection CheckAccepted(NetworkDirectory network, SubmitReply.Accepted reply, ReadOnlySpan<Hash32> ids)
    {
        if (network.VerifierOf(reply.Proof.Tip.Lane.Epoch) is not { } verifier) return Unknown(network, reply.Proof.Tip.Lane.Epoch);
        if (verifier.TryVerify(reply.Proof, null, out _) != VerificationRejection.None) return ReplyRejection.BadProof;
        BatchHeader last = reply.Header;
        foreach (BatchHeader next in reply.Later)
        {
            if (!next.Follows(last)) return ReplyRejection.BrokenChain;
            last = next;
        }

        if (reply.Proof.Tip != last.Tip) return ReplyRejection.BrokenChain;
        bool holds = reply.Range.Count == (ulong)reply.Header.TransactionCount && reply.Range.Verify(reply.Header.TransactionRoot, ids);
        return holds ? ReplyRejection.None : ReplyRejection.OtherTransactions;
    }
}

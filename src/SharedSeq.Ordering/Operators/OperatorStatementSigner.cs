using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Makes operator statements of one network. Each key signs in its role; nobody needs another one's key.</summary>
public sealed class OperatorStatementSigner(SigningDomain domain)
{
    /// <summary>A join without approvals yet.</summary>
    /// <param name="validUntil">Seconds of committed time above which it is void.</param>
    /// <param name="keys">The new operator's keys.</param>
    /// <param name="endpoints">Where it can be reached.</param>
    /// <param name="voteKey">Signs with the vote key.</param>
    /// <param name="nodeKey">Signs with the node key.</param>
    public OperatorStatement.Join Join(ulong validUntil, CommitteeMember keys, OperatorEndpoints endpoints, ISigner voteKey, ISigner nodeKey)
    {
        var join = new OperatorStatement.Join(validUntil, keys, endpoints, default, default, []);
        return join with
        {
            VoteKeySignature = Sign(join, StatementRole.VoteKey, voteKey),
            NodeKeySignature = Sign(join, StatementRole.NodeKey, nodeKey),
        };
    }

    /// <summary>The same join with a member's approval.</summary>
    /// <param name="join">The join.</param>
    /// <param name="member">The member's node key.</param>
    /// <param name="nodeKey">Signs with it.</param>
    public OperatorStatement.Join Approve(OperatorStatement.Join join, PublicKey64 member, ISigner nodeKey) =>
        join.With(new OperatorApproval(member, Sign(join, StatementRole.Approval, nodeKey)));

    /// <summary>A candidate is in step.</summary>
    public OperatorStatement.Ready Ready(ulong validUntil, PublicKey64 candidate, OperatorCheckpoint checkpoint, ISigner voteKey)
    {
        var ready = new OperatorStatement.Ready(validUntil, candidate, checkpoint.Height, checkpoint.EffectsRoot, default);
        return ready with { Signature = Sign(ready, StatementRole.Operator, voteKey) };
    }

    /// <summary>An operator leaves, or withdraws.</summary>
    public OperatorStatement.Exit Exit(ulong validUntil, PublicKey64 @operator, ISigner voteKey)
    {
        var exit = new OperatorStatement.Exit(validUntil, @operator, default);
        return exit with { Signature = Sign(exit, StatementRole.Operator, voteKey) };
    }

    /// <summary>A member goes on with other keys.</summary>
    /// <param name="validUntil">Seconds of committed time above which it is void.</param>
    /// <param name="operator">The present vote key.</param>
    /// <param name="voteKey">Signs with it.</param>
    /// <param name="newKeys">The keys from then on; one that stays is named again.</param>
    /// <param name="newVoteKey">Signs with the new vote key.</param>
    /// <param name="newNodeKey">Signs with the new node key.</param>
    public OperatorStatement.Rotate Rotate(
        ulong validUntil, PublicKey64 @operator, ISigner voteKey, CommitteeMember newKeys, ISigner newVoteKey, ISigner newNodeKey)
    {
        var rotate = new OperatorStatement.Rotate(validUntil, @operator, newKeys, default, default, default);
        return rotate with
        {
            Signature = Sign(rotate, StatementRole.Operator, voteKey),
            VoteKeySignature = Sign(rotate, StatementRole.VoteKey, newVoteKey),
            NodeKeySignature = Sign(rotate, StatementRole.NodeKey, newNodeKey),
        };
    }

    private Signature64 Sign(OperatorStatement statement, StatementRole role, ISigner key)
    {
        var text = new CanonicalWriter(1_024);
        statement.WriteSignedText(text, domain, role);
        return key.Sign(text.Written);
    }
}

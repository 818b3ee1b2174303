using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Whether a statement that took effect may have (docs/protocol/ordering.md 11), without the registry: who must sign did, q members of the present committee
/// approved, a ready names one of the newest checkpoints as results have it, and no key serves twice.
/// </summary>
/// <param name="genesis">The first committee and the network that statements are signed for.</param>
/// <param name="scheme">Checks signatures.</param>
/// <param name="violate">Told what breaks a rule.</param>
public sealed class StatementRules(Genesis genesis, ISignatureScheme scheme, Action<string> violate)
{
    /// <summary>Newest checkpoints that a ready may name.</summary>
    private const int NewestCheckpoints = 8;

    private readonly HashSet<Hash32> _used = [.. genesis.Members.SelectMany(member => new[] { member.VoteKey.X, member.NodeKey.X })];
    private readonly Queue<(Height Height, Hash32 EffectsRoot)> _checkpoints = [];
    private readonly CanonicalWriter _text = new(1_024);

    /// <summary>A height's result, behind its statements. One with a state root is a checkpoint's.</summary>
    public void OnResult(BlockResult result)
    {
        if (result.StateRoot == Hash32.Zero) return;
        _checkpoints.Enqueue((result.Height, result.EffectsRoot));
        if (_checkpoints.Count > NewestCheckpoints) _checkpoints.Dequeue();
    }

    /// <param name="statement">It took effect.</param>
    /// <param name="present">The committee of the epoch in which it did.</param>
    /// <param name="keys">The present keys of the operator that it names; null for a join.</param>
    public void Check(OperatorStatement statement, CommitteePlan present, CommitteeMember? keys)
    {
        switch (statement)
        {
            case OperatorStatement.Join join:
                CheckNewKeys(join, join.Keys, keys);
                CheckSigned(join, StatementRole.VoteKey, join.Keys.VoteKey, join.VoteKeySignature);
                CheckSigned(join, StatementRole.NodeKey, join.Keys.NodeKey, join.NodeKeySignature);
                CheckApprovals(join, present);
                break;
            case OperatorStatement.Ready ready:
                if (!_checkpoints.Contains((ready.Checkpoint, ready.EffectsRoot)))
                    violate($"a Ready names height {ready.Checkpoint} with effects root {ready.EffectsRoot}, which is none of the newest checkpoints");
                CheckSigned(ready, StatementRole.Operator, ready.VoteKey, ready.Signature);
                break;
            case OperatorStatement.Exit exit:
                CheckSigned(exit, StatementRole.Operator, exit.VoteKey, exit.Signature);
                break;
            case OperatorStatement.Rotate rotate:
                CheckNewKeys(rotate, rotate.NewKeys, keys);
                CheckSigned(rotate, StatementRole.Operator, rotate.VoteKey, rotate.Signature);
                CheckSigned(rotate, StatementRole.VoteKey, rotate.NewKeys.VoteKey, rotate.VoteKeySignature);
                CheckSigned(rotate, StatementRole.NodeKey, rotate.NewKeys.NodeKey, rotate.NodeKeySignature);
                break;
        }
    }

    private void CheckApprovals(OperatorStatement.Join join, CommitteePlan present)
    {
        HashSet<PublicKey64> members = [.. present.Members.Where(member => !member.IsEmpty).Select(member => member.NodeKey)];
        var approving = new HashSet<PublicKey64>();
        foreach (OperatorApproval approval in join.Approvals)
        {
            // What others approve neither counts nor harms.
            if (!members.Contains(approval.NodeKey)) continue;
            CheckSigned(join, StatementRole.Approval, approval.NodeKey, approval.Signature);
            approving.Add(approval.NodeKey);
        }

        int needed = present.Quorum.Quorum;
        if (approving.Count < needed)
            violate($"the operator with vote key {join.Keys.VoteKey} joins with {approving.Count} approvals of epoch {present.Epoch}: it needs {needed}");
    }

    /// <summary>A key that stays may be named again; a key and its mirror image are one.</summary>
    private void CheckNewKeys(OperatorStatement statement, CommitteeMember named, CommitteeMember? present)
    {
        bool isVoteKeyUsed = named.VoteKey != present?.VoteKey && !_used.Add(named.VoteKey.X);
        bool isNodeKeyUsed = named.NodeKey != present?.NodeKey && !_used.Add(named.NodeKey.X);
        if (isVoteKeyUsed || isNodeKeyUsed) violate($"a {statement.Kind} names keys {named.VoteKey} and {named.NodeKey}, of which one served before");
    }

    private void CheckSigned(OperatorStatement statement, StatementRole role, PublicKey64 key, Signature64 signature)
    {
        _text.Reset();
        statement.WriteSignedText(_text, genesis.Domain, role);
        if (!scheme.Verify(key, _text.Written, signature)) violate($"a {statement.Kind} takes effect that key {key} did not sign in the role {role}");
    }
}

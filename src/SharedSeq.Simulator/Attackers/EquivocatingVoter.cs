using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Tells each member another vote, of any kind, for any value it has seen in the slot or for skip, and other results.</summary>
public sealed class EquivocatingVoter : Attacker
{
    private const int SlotsKept = 32;

    private readonly SortedDictionary<Slot, List<BlockId>> _seen = [];

    public override bool OnSend(NodeId to, PeerMessage? message)
    {
        if (!IsSeated) return false;
        if (message is ResultVote result && Random.Below(2) == 0)
        {
            SendTo(to, Sign.Result(result.Height, Sha.Of(BitConverter.GetBytes(Random.Below(2)))).Value);
            return true;
        }

        if (message is not Vote vote || Random.Below(3) == 0) return false;
        Note(vote.Slot, vote.Value);
        SendTo(to, AnyVote(vote.Slot));
        return true;
    }

    public override void OnReceived(NodeId from, PeerMessage message)
    {
        if (!IsSeated) return;
        switch (message)
        {
            case Proposal proposal:
                Note(proposal.Slot, proposal.Block.Id);
                if (Random.Below(2) == 0) Lie(proposal.Slot);
                break;
            case Vote vote:
                Note(vote.Slot, vote.Value);
                if (Random.Below(4) == 0) Lie(vote.Slot);
                break;
        }
    }

    private void Lie(Slot slot)
    {
        Vote vote = AnyVote(slot);
        foreach (NodeId to in SomeMembers()) SendTo(to, vote);
    }

    private Vote AnyVote(Slot slot)
    {
        List<BlockId> seen = _seen[slot];
        BlockId value = Random.Below(3) == 0 ? BlockId.Skip : seen[Random.Below(seen.Count)];
        var kind = (VoteKind)(1 + Random.Below(3));
        if (value.IsSkip && kind == VoteKind.Final) kind = VoteKind.Extra;
        return Sign.Vote(slot, kind, value).Value;
    }

    private void Note(Slot slot, BlockId value)
    {
        if (!_seen.TryGetValue(slot, out List<BlockId>? seen))
        {
            if (_seen.Count >= SlotsKept) _seen.Remove(_seen.Keys.First());
            _seen[slot] = seen = [BlockId.Skip];
        }

        if (seen.Count < 4 && !seen.Contains(value)) seen.Add(value);
    }
}

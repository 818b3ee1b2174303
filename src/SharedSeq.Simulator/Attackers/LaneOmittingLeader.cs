using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>As leader never lets one member's lane advance: its cut repeats the parent's tip of that lane.</summary>
public sealed class LaneOmittingLeader : Attacker
{
    private const int HeadersKept = 256;

    private readonly Dictionary<Hash32, Header> _headers = [];
    private readonly Queue<Hash32> _order = new();
    private NodeId _victim;

    public override void OnStart() => _victim = AnotherMember();

    public override void OnReceived(NodeId from, PeerMessage message)
    {
        if (message is Proposal proposal) Keep(proposal.Block.Header);
        if (message is not BlockResponse response) return;
        foreach (Block block in response.Blocks) Keep(block.Header);
    }

    public override bool OnEffect(ReplicaEffect effect)
    {
        if (effect is not ReplicaEffect.CastProposal cast) return false;
        Header header = cast.Block.Header;
        Header? parent = CutHolder(header.ParentHash);
        if (header.IsCarry || (parent is null && header.ParentSlot != Slot.Zero)) return false;
        var cut = new List<LaneTip>();
        bool isChanged = false;
        foreach (LaneTip tip in header.Cut)
        {
            if (Run.Committees.NodeAt(tip.Lane.Epoch, tip.Lane.Author) != _victim)
            {
                cut.Add(tip);
                continue;
            }

            LaneTip? before = parent?.TipOf(tip.Lane);
            isChanged |= before != tip;
            if (before is { } kept) cut.Add(kept);
        }

        if (!isChanged) return false;
        var changed = new Header(
            header.Epoch, header.Slot, header.Height, header.ParentSlot, header.ParentHash, header.Timestamp, header.Flags,
            header.PayloadCommitment, cut);
        Keep(changed);
        var proofs = new List<ProofOfAvailability>();
        foreach (ProofOfAvailability proof in cast.Proofs)
        {
            if (Run.Committees.NodeAt(proof.Tip.Lane.Epoch, proof.Tip.Lane.Author) != _victim) proofs.Add(proof);
        }

        Node.CarryOutCastProposal(new ReplicaEffect.CastProposal(new Block(changed, cast.Block.Payload), proofs, cast.Justification));
        return true;
    }

    /// <summary>The nearest ancestor that names a cut, or null when it is not known.</summary>
    private Header? CutHolder(Hash32 hash)
    {
        while (_headers.TryGetValue(hash, out Header? header))
        {
            if (!header.IsCarry) return header;
            hash = header.ParentHash;
        }

        return null;
    }

    private void Keep(Header header)
    {
        if (!_headers.TryAdd(header.Hash, header)) return;
        _order.Enqueue(header.Hash);
        if (_order.Count > HeadersKept) _headers.Remove(_order.Dequeue());
    }
}

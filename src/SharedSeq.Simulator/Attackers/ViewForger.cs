using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>As leader cites another L1 view than its replica chose.</summary>
public abstract class ViewForger : Attacker
{
    public sealed override bool OnEffect(ReplicaEffect effect)
    {
        if (effect is not ReplicaEffect.CastProposal cast || Run.L1 is null || cast.Block.Header.IsCarry) return OnOther(effect);
        Header header = cast.Block.Header;
        if (Node.Replica!.ViewAfter(header.ParentSlot, header.ParentId) is not { } parent || Forge(parent, cast.Block.Payload) is not { } forged) return false;
        var changed = new Header(
            header.Epoch, header.Slot, header.Height, header.ParentSlot, header.ParentHash, header.Timestamp, header.Flags, forged.Commitment, header.Tips);
        Run.Coverage.ViewsForged++;
        Node.CarryOutCastProposal(cast with { Block = new Block(changed, forged) });
        return true;
    }

    /// <summary>The payload to propose instead; null for the one that the replica chose.</summary>
    protected abstract Payload? Forge(L1View parent, Payload chosen);

    /// <summary>Any other effect.</summary>
    protected virtual bool OnOther(ReplicaEffect effect) => false;
}

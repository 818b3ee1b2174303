using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Proposes two or three different blocks in its slot, each to some members, and votes for each before those who saw it; or crosswise, for another one
/// before them, which gives those who saw the first one reason for an Extra for the other: both can be notarized then.
/// </summary>
public sealed class EquivocatingLeader : Attacker
{
    private readonly SortedDictionary<Slot, BlockId[]> _shown = [];

    public override bool OnEffect(ReplicaEffect effect)
    {
        if (effect is not ReplicaEffect.CastProposal cast || Random.Below(4) == 0) return false;
        var blocks = new Block[Random.Below(4) == 0 ? 3 : 2];
        for (int i = 0; i < blocks.Length; i++) blocks[i] = Variant(cast.Block, i);
        var shown = new BlockId[Run.Nodes.Count];
        int offset = Random.Below(blocks.Length);
        int crossed = Random.Below(3) == 0 ? 1 : 0;
        for (int i = 0; i < shown.Length; i++)
        {
            var to = new NodeId(i);
            int number = Random.Below(6) == 0 ? Random.Below(blocks.Length) : (i + offset) % blocks.Length;
            Block block = blocks[number];
            shown[i] = block.Id;
            SendTo(to, Sign.Proposal(block, cast.Proofs, cast.Justification).Value);
            SendTo(to, Sign.Vote(block.Header.Slot, VoteKind.First, blocks[(number + crossed) % blocks.Length].Id).Value);
            if (Random.Below(3) == 0) SendTo(to, Sign.Vote(block.Header.Slot, VoteKind.Final, block.Id).Value);
        }

        _shown[cast.Block.Header.Slot] = shown;
        if (_shown.Count > 16) _shown.Remove(_shown.Keys.First());
        return false;
    }

    /// <summary>In a slot that it equivocated in, its replica's own proposal and first vote go to nobody who was shown another block.</summary>
    public override bool OnSend(NodeId to, PeerMessage? message) => message switch
    {
        Proposal proposal => _shown.TryGetValue(proposal.Slot, out BlockId[]? shown) && shown[to.Value] != proposal.Block.Id,
        Vote { VoteKind: VoteKind.First } vote => _shown.TryGetValue(vote.Slot, out BlockId[]? shown) && shown[to.Value] != vote.Value,
        _ => false,
    };

    /// <summary>A block for the same place that differs in its timestamp; number 0 is the block itself.</summary>
    private static Block Variant(Block block, int number)
    {
        Header header = block.Header;
        if (number == 0) return block;
        if (header.IsCarry) return block;
        var changed = new Header(
            header.Epoch, header.Slot, header.Height, header.ParentSlot, header.ParentHash,
            new TimestampMs(header.Timestamp.Value + (ulong)number), header.Flags, header.PayloadCommitment, header.Cut.ToArray());
        return new Block(changed, block.Payload);
    }
}

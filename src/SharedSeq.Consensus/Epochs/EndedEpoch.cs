using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// What a member keeps of an epoch that is over, for members that have not seen it end: the commit proof, and the tails between the boundary and the
/// block that the proof names. Everything below the boundary is in the archive.
/// </summary>
/// <param name="Proof">The proof that ended it.</param>
/// <param name="Tails">From the block that the proof names down to the one above the boundary; empty when the proof is the boundary's.</param>
internal sealed record EndedEpoch(CommitProof Proof, IReadOnlyList<Block> Tails)
{
    public Epoch Epoch => Proof.Epoch;

    /// <summary>As much as the vote log has of an ended epoch; null when it has no proof.</summary>
    public static EndedEpoch? From(Epoch epoch, IReadOnlyList<DurableRecord> records)
    {
        CommitProof? newest = null;
        var blocks = new Lookup<Hash32, Block>();
        foreach (DurableRecord record in records)
        {
            if (record is DurableRecord.FinalHeld final && final.Proof.Epoch == epoch && (newest is null || final.Proof.Slot > newest.Slot))
                newest = final.Proof;
            Block? block = record switch
            {
                DurableRecord.BlockHeld held => held.Block,
                DurableRecord.OwnProposal own => own.Proposal.Block,
                _ => null,
            };
            if (block is { Header.IsTail: true } && block.Header.Epoch == epoch) blocks[block.Id.Hash] = block;
        }

        if (newest is null) return null;
        var tails = new List<Block>();
        Hash32 next = newest.Block.Hash;
        while (blocks.TryGet(next, out Block? tail))
        {
            tails.Add(tail);
            next = tail.Header.ParentHash;
        }

        return new EndedEpoch(newest, tails);
    }

    public IEnumerable<DurableRecord> Records()
    {
        foreach (Block tail in Tails) yield return new DurableRecord.BlockHeld(tail);
        yield return new DurableRecord.FinalHeld(Proof);
    }

    /// <summary>The tail asked for and those below it; empty when it is none of them.</summary>
    public IReadOnlyList<Block> TailsFrom(BlockRequest request)
    {
        var blocks = new List<Block>();
        foreach (Block tail in Tails)
        {
            if ((tail.Id == request.Block || blocks.Count > 0) && blocks.Count <= request.Ancestors) blocks.Add(tail);
        }

        return blocks;
    }
}

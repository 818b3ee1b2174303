using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// What a member keeps of an epoch that is over, for members that have not seen it end: the commit proof, and the tails that it has. Everything below
/// the boundary is in the archive.
/// </summary>
/// <param name="Proof">The proof that ended it here.</param>
/// <param name="Tails">
/// From the block that the proof names down to the one above the boundary, none when the proof is the boundary's; then others that are held, by which
/// somebody else may have seen it end.
/// </param>
internal sealed record EndedEpoch(CommitProof Proof, IReadOnlyList<Block> Tails)
{
    /// <summary>Tails kept beside those that the proof needs, the newest: tails follow one another only until one is committed.</summary>
    public const int OthersMax = 256;

    public Epoch Epoch => Proof.Epoch;

    /// <summary>Puts tails, in any order, into theirs; each is kept once.</summary>
    public static EndedEpoch Of(CommitProof proof, IReadOnlyList<Block> held)
    {
        var byHash = new Lookup<Hash32, Block>();
        foreach (Block tail in held) byHash[tail.Id.Hash] = tail;
        var tails = new List<Block>();
        Hash32 next = proof.Block.Hash;
        while (byHash.TryGet(next, out Block? tail))
        {
            tails.Add(tail);
            byHash.Remove(next);
            next = tail.Header.ParentHash;
        }

        int kept = tails.Count + OthersMax;
        for (int i = held.Count - 1; i >= 0 && tails.Count < kept; i--)
        {
            if (byHash.Remove(held[i].Id.Hash)) tails.Add(held[i]);
        }

        return new EndedEpoch(proof, tails);
    }

    /// <summary>As much as the vote log has of an ended epoch; null when it has no proof.</summary>
    public static EndedEpoch? From(Epoch epoch, IReadOnlyList<DurableRecord> records)
    {
        CommitProof? ended = null;
        var tails = new List<Block>();
        foreach (DurableRecord record in records)
        {
            // The one logged last: the highest, or one that filled the chain below it (R10).
            if (record is DurableRecord.FinalHeld final && final.Proof.Epoch == epoch) ended = final.Proof;
            Block? block = record switch
            {
                DurableRecord.BlockHeld held => held.Block,
                DurableRecord.OwnProposal own => own.Proposal.Block,
                _ => null,
            };
            if (block is { Header.IsTail: true } && block.Header.Epoch == epoch) tails.Add(block);
        }

        return ended is null ? null : Of(ended, tails);
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
        Hash32 next = request.Block.Hash;
        while (blocks.Count <= request.Ancestors && Find(next) is { } tail)
        {
            blocks.Add(tail);
            next = tail.Header.ParentHash;
        }

        return blocks;
    }

    private Block? Find(Hash32 hash)
    {
        foreach (Block tail in Tails)
        {
            if (tail.Id.Hash == hash) return tail;
        }

        return null;
    }
}

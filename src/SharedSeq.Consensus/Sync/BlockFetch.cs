using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Blocks above the last commit that a rule needs and that are not held: asked for one member at a time until they come.</summary>
internal sealed class BlockFetch(ReplicaState state)
{
    /// <summary>Blocks below the wanted one that come with it: enough for a few carry blocks in a row.</summary>
    public const ushort Ancestors = 8;

    private readonly List<WantedBlock> _wanted = [];

    public long NextDeadlineMs
    {
        get
        {
            long next = long.MaxValue;
            foreach (WantedBlock wanted in _wanted) next = long.Min(next, wanted.AskAtMs);
            return next;
        }
    }

    /// <param name="slot">The slot of the block.</param>
    /// <param name="block">The block.</param>
    /// <param name="holders">Members that must have it durable: they are asked first.</param>
    public void Want(Slot slot, BlockId block, ReplicaSet holders)
    {
        foreach (WantedBlock wanted in _wanted)
        {
            if (wanted.Block == block) return;
        }

        if (_wanted.Count == ConsensusLimits.WantedBlocksMax) _wanted.RemoveAt(0);
        _wanted.Add(new WantedBlock(slot, block) { Holders = holders, AskAtMs = state.NowMs });
    }

    public bool IsWanted(BlockId block)
    {
        foreach (WantedBlock wanted in _wanted)
        {
            if (wanted.Block == block) return true;
        }

        return false;
    }

    public void Held(BlockId block) => _wanted.RemoveAll(wanted => wanted.Block == block);

    public void DropThrough(Slot slot) => _wanted.RemoveAll(wanted => wanted.Slot <= slot);

    /// <summary>Sends the requests that are due.</summary>
    public void Flush()
    {
        foreach (WantedBlock wanted in _wanted)
        {
            if (wanted.AskAtMs > state.NowMs) continue;
            // Every third attempt goes to anyone: those that should have it may be the faulty ones.
            ReplicaSet holders = wanted.Tries++ % 3 == 2 ? ReplicaSet.Empty : wanted.Holders;
            wanted.AskAtMs = state.NowMs + state.FetchRetryMs;
            var request = new BlockRequest(state.Committee.Epoch, wanted.Block, Ancestors);
            state.Send(state.Peers.Choose(holders, state.Random), request);
        }
    }

    private sealed class WantedBlock(Slot slot, BlockId block)
    {
        public Slot Slot { get; } = slot;

        public BlockId Block { get; } = block;

        public ReplicaSet Holders { get; set; }

        public long AskAtMs { get; set; }

        public int Tries { get; set; }
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Upon receiving blocks: they are taken by hash only, as far as one of them was asked for.</summary>
internal static class BlocksInput
{
    public static void Handle(ReplicaState state, ReplicaInput.BlocksReceived input)
    {
        IReadOnlyList<Block> blocks = input.Response.Blocks;
        if (blocks.Count == 0) return;
        if (!state.Chain.Offer(input.From, blocks))
        {
            state.Halt($"the chain of {state.LastFinal} does not descend from {state.Chain.Ordered}");
            return;
        }

        TakeWanted(state, blocks);
        state.Chain.Advance();
    }

    /// <summary>A wanted block was notarized or has an honest First voter, so that its ancestors in the response are as good.</summary>
    private static void TakeWanted(ReplicaState state, IReadOnlyList<Block> blocks)
    {
        if (!state.Fetch.IsWanted(blocks[0].Id)) return;
        BlockId expected = blocks[0].Id;
        foreach (Block block in blocks)
        {
            Slot at = block.Header.Slot;
            if (block.Id != expected || at <= state.LastFinalSlot) return;
            SlotState slot = state.Slots.GetOrAdd(at);
            slot.AddBlock(block);
            state.Fetch.Held(block.Id);
            state.Slots.MarkDirty(slot);
            expected = block.Header.ParentId;
        }
    }
}

namespace SharedSeq.Consensus;

/// <summary>
/// R8 Extra ⊥. The own First is a block, but so many members voted otherwise that no block can have been finalized by First votes any more:
/// T - max over blocks B of first(B) >= M. The maximum is over blocks, never skip (C3).
/// </summary>
internal static class R8ExtraSkip
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        if (slot.OwnFirst is not { IsSkip: false }) return false;
        if (slot.OwnFinal is not null && !state.Is(ProtocolMutations.ExtraAfterFinal)) return false;
        if (slot.HasOwnExtra(BlockId.Skip)) return false;
        int most = slot.Pool.MostFirsts(withSkip: state.Is(ProtocolMutations.SkipInMaximum));
        if (slot.Pool.FirstCount - most < state.Quorum.Many) return false;
        state.Cast(slot, VoteKind.Extra, BlockId.Skip, "R8");
        return true;
    }
}

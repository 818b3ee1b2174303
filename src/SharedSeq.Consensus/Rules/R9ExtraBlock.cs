using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R9 Extra block. The own First is something else, and M members have B as their First: Extra for B once its header is durable. Whoever voted
/// First for it has the header and is asked.
/// </summary>
internal static class R9ExtraBlock
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        if (slot.OwnFirst is not { } first) return false;
        if (slot.OwnFinal is not null && !state.Is(ProtocolMutations.ExtraAfterFinal)) return false;
        bool isAny = false;
        for (int i = 0; i < slot.Pool.Tallies.Count; i++)
        {
            ValueTally tally = slot.Pool.Tallies[i];
            BlockId value = tally.Value;
            if (value.IsSkip || value == first || tally.CountedFirsts.Count < state.Quorum.Many || slot.HasOwnExtra(value)) continue;
            if (slot.FindBlock(value) is not { } block)
            {
                state.Fetch.Want(slot.Slot, value, tally.CountedFirsts);
                continue;
            }

            state.LogBlock(block);
            state.Cast(slot, VoteKind.Extra, value, "R9");
            isAny = true;
        }

        return isAny;
    }

    /// <summary>Members that must hold a block: those who voted for it.</summary>
    public static ReplicaSet FirstVoters(ReplicaState state, Slot slot, BlockId block) =>
        state.Slots.Find(slot)?.Pool.Find(block)?.Supporters ?? ReplicaSet.Empty;
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R2 Fill gaps. After a jump and after a restart: First(skip) in every slot passed above the highest block certificate of which no certificate is
/// held and in which there is no own First or Final, so that no slot stays open for ever (C1). A held block certificate settles the chain below it.
/// </summary>
internal static class R2FillGaps
{
    public static bool Apply(ReplicaState state)
    {
        if (state.GapEnd == Slot.Zero || state.NowMs < state.GapAtMs) return false;
        Slot end = state.GapEnd < state.Current ? state.GapEnd : state.Current;
        Slot first = (state.HighestBlock > state.LastFinalSlot ? state.HighestBlock : state.LastFinalSlot).Next();
        int cast = 0;
        Slot lastOpen = Slot.Zero;
        for (Slot at = first; at < end && !state.Is(ProtocolMutations.NoGapFilling); at = at.Next())
        {
            SlotState? slot = state.Slots.Find(at);
            if (slot is not null && slot.Certificates.Count > 0) continue;
            lastOpen = at;
            if (slot is not null && slot.HasOwnVote) continue;
            if (cast == ConsensusLimits.GapSlotsPerPass)
            {
                // A gap this long is a stale certificate's doing: the answer to the request below closes it before the next pass.
                state.GapAtMs = state.NowMs + state.Options.ResendMs;
                state.Repair.Want(first, end.Previous(), needsOthers: false, ReplicaSet.Empty);
                return true;
            }

            cast++;
            state.Cast(state.Slots.GetOrAdd(at), VoteKind.First, BlockId.Skip, "R2");
        }

        state.GapEnd = Slot.Zero;
        if (lastOpen != Slot.Zero) state.Repair.Want(first, lastOpen, needsOthers: false, ReplicaSet.Empty);
        return cast > 0;
    }
}

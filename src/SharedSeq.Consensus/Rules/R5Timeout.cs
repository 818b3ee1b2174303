namespace SharedSeq.Consensus;

/// <summary>
/// R5 Timeout. The timer of cur has run out without an own First or Final: First(cur, skip). At once on entering a slot whose leader seems dead:
/// its session silent for Tbase, or its last two slots skipped and no Status of it since.
/// </summary>
internal static class R5Timeout
{
    public static bool Apply(ReplicaState state)
    {
        if (state.NowMs < DueAtMs(state)) return false;
        SlotState slot = state.Slots.GetOrAdd(state.Current);
        if (slot.HasOwnVote) return false;
        state.Peers[state.Committee.LeaderOf(state.Current)].SlotsTimedOut++;
        state.Cast(slot, VoteKind.First, BlockId.Skip, "R5");
        return true;
    }

    /// <summary>When the timer of cur runs out; it gets shorter when the last commit advances meanwhile.</summary>
    public static long DueAtMs(ReplicaState state) => state.IsLeaderDead ? state.EnteredAtMs : state.EnteredAtMs + state.SlotTimeoutMs();
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R1 Enter. Holding a certificate or commit proof of a slot s >= cur: it is made durable, cur becomes s + 1, the timer starts. Certificates of
/// any higher slot count. The certificate goes to members not known to have one, after a moment in which most form it themselves.
/// </summary>
internal static class R1Enter
{
    public static bool Apply(ReplicaState state)
    {
        Slot top = state.HighestCertified > state.LastFinalSlot ? state.HighestCertified : state.LastFinalSlot;
        if (top < state.Current) return false;
        if (state.Slots.Find(top) is { } slot && !state.Is(ProtocolMutations.VolatileEntry)) state.LogCertificate(Entry(slot));
        if (top > state.Current)
        {
            // A jump: R2 looks at what was passed, and the others learn that a member they may have counted out (R5) is back.
            state.GapEnd = top.Next();
            state.GapAtMs = state.NowMs;
            state.IsStatusOwed = true;
        }

        EnterSlot(state, top.Next());
        state.Trace("R1", state.Current, state.IsLeaderDead ? "enter, leader seems dead" : "enter");
        return true;
    }

    /// <summary>Starts the current slot's timer and forgets what belonged to the one before.</summary>
    public static void EnterSlot(ReplicaState state, Slot slot)
    {
        state.Current = slot;
        state.EnteredAtMs = state.NowMs;
        state.ClockAtMs = long.MaxValue;
        state.IsLeaderDead = state.Peers.IsDead(state.Committee.LeaderOf(slot), state.NowMs, state.Options.SlotTimeoutMs);
        state.Forward.SlotEntered();
    }

    /// <summary>The certificate of a slot that is shown to others: a block's rather than skip's.</summary>
    public static HeldCertificate Entry(SlotState slot)
    {
        foreach (HeldCertificate held in slot.Certificates)
        {
            if (!held.Certificate.Value.IsSkip) return held;
        }

        return slot.Certificates[0];
    }
}

namespace SharedSeq.Consensus;

/// <summary>
/// R7 Final. The block of the own First is notarized, and there is no own Extra and no own Final: the certificate is made durable, then Final.
/// From then on no further vote in this slot, ever. While commits go the fast way the Final waits for <see cref="ReplicaOptions.FinalHoldMs"/>:
/// the missing Firsts are on their way, and with them no Final is needed. A late Final is as safe as a slow network.
/// </summary>
internal static class R7Final
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        if (slot.OwnFinal is not null || slot.OwnFirst is not { IsSkip: false } first) return false;
        if (slot.OwnExtras.Count > 0 && !state.Is(ProtocolMutations.FinalAfterExtra)) return false;
        if (slot.FindCertificate(first) is not { } certificate) return false;
        if (IsHeld(state, slot)) return false;
        state.LogCertificate(certificate);
        state.Cast(slot, VoteKind.Final, first, "R7");
        return true;
    }

    /// <summary>Looks again at the slots whose Final has waited long enough.</summary>
    public static void Wake(ReplicaState state)
    {
        if (state.NowMs < state.FinalDueAtMs) return;
        state.FinalDueAtMs = long.MaxValue;
        for (int i = 0; i < state.Slots.Count; i++)
        {
            SlotState slot = state.Slots[i];
            if (slot.OwnFinal is not null || slot.FinalAtMs is not { } due) continue;
            if (due <= state.NowMs) state.Slots.MarkDirty(slot);
            else state.FinalDueAtMs = long.Min(state.FinalDueAtMs, due);
        }
    }

    private static bool IsHeld(ReplicaState state, SlotState slot)
    {
        bool isFast = state.LastFinalProof is { Path: CommitPath.Fast };
        slot.FinalAtMs ??= isFast ? state.NowMs + state.Options.FinalHoldMs : state.NowMs;
        if (state.NowMs >= slot.FinalAtMs) return false;
        state.FinalDueAtMs = long.Min(state.FinalDueAtMs, slot.FinalAtMs.Value);
        return true;
    }
}

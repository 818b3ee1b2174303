namespace SharedSeq.Consensus;

/// <summary>
/// R7 Final. The block of the own First is notarized, and there is no own Extra and no own Final: the certificate is made durable, then Final.
/// From then on no further vote in this slot, ever.
/// </summary>
internal static class R7Final
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        if (slot.OwnFinal is not null || slot.OwnFirst is not { IsSkip: false } first) return false;
        if (slot.OwnExtras.Count > 0 && !state.Is(ProtocolMutations.FinalAfterExtra)) return false;
        if (slot.FindCertificate(first) is not { } certificate) return false;
        state.LogCertificate(certificate);
        state.Cast(slot, VoteKind.Final, first, "R7");
        return true;
    }
}

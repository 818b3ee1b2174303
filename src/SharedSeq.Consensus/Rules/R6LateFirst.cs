namespace SharedSeq.Consensus;

/// <summary>R6 Late first. A block is notarized and held, and there is no own First or Final: First for it. Helps the fast path; safe by S0.</summary>
internal static class R6LateFirst
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        if (slot.HasOwnVote) return false;
        foreach (HeldCertificate held in slot.Certificates)
        {
            BlockId value = held.Certificate.Value;
            if (value.IsSkip || slot.FindBlock(value) is not { } block) continue;
            state.LogBlock(block);
            state.Cast(slot, VoteKind.First, value, "R6");
            return true;
        }

        return false;
    }
}

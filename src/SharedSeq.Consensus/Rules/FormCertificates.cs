namespace SharedSeq.Consensus;

/// <summary>Makes Notar(s, X) as soon as q members' First or Extra votes for X are in the pool.</summary>
internal static class FormCertificates
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        bool isAny = false;
        int quorum = state.Quorum.Quorum;
        for (int i = 0; i < slot.Pool.Tallies.Count; i++)
        {
            ValueTally tally = slot.Pool.Tallies[i];
            if (tally.Supporters.Count < quorum || slot.FindCertificate(tally.Value) is not null) continue;
            CertificateSignature[] signatures = slot.Pool.Support(tally.Value, quorum)!;
            state.AddCertificate(new Notarization(state.Committee.Epoch, slot.Slot, tally.Value, signatures));
            state.Trace("Notar", slot.Slot, $"formed for {tally.Value}");
            isAny = true;
        }

        return isAny;
    }
}

namespace SharedSeq.Consensus;

/// <summary>Upon receiving a certificate or a commit proof: whoever sends one holds it.</summary>
internal static class CertificateInput
{
    public static void Handle(ReplicaState state, ReplicaInput.NotarizationReceived input)
    {
        Notarization certificate = input.Certificate.Value;
        state.Peers.Entered(input.From, certificate.Slot.Next());
        if (certificate.Slot < state.LastFinalSlot) StaleInput.Handle(state, input.From);
        state.AddCertificate(certificate);
    }

    public static void Handle(ReplicaState state, ReplicaInput.CommitProofReceived input)
    {
        CommitProof proof = input.Proof.Value;
        if (input.From is { } from)
        {
            state.Peers.Heard(from, state.NowMs);
            state.Peers.Entered(from, proof.Slot.Next());
            if (proof.Slot < state.LastFinalSlot) StaleInput.Handle(state, from);
        }

        VoteEvidence.Compare(state, proof);
        R10Finalize.Commit(state, proof);
    }
}

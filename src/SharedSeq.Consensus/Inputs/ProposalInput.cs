using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Upon receiving a proposal: keep the first one of the slot, take its justification, and hold a second one against its leader (E1).</summary>
internal static class ProposalInput
{
    public static void Handle(ReplicaState state, ReplicaInput.ProposalReceived input)
    {
        Proposal proposal = input.Proposal.Value;
        Slot slotId = proposal.Slot;
        ReplicaId leader = state.Committee.LeaderOf(slotId);
        if (slotId <= state.LastFinalSlot)
        {
            StaleInput.Handle(state, input.From);
            return;
        }

        // An own proposal that comes back says nothing new; after a lost log it must not be taken for somebody else's.
        if (leader == state.Self) return;
        if (input.Parent is { } parent) state.AddCertificate(parent.Value);
        foreach (Verified<Notarization> skip in input.Skips) state.AddCertificate(skip.Value);
        Slot current = state.HighestCertified >= state.Current ? state.HighestCertified.Next() : state.Current;
        if (slotId.Value > current.Value + (ulong)state.Options.SlotWindow)
        {
            state.OutOfWindow++;
            return;
        }

        state.Peers.Entered(leader, slotId);
        SlotState slot = state.Slots.GetOrAdd(slotId);
        // PoAs count however often the proposal comes: a first copy may have come without them by way of somebody else.
        foreach (Verified<ProofOfAvailability> proof in input.Proofs) state.Lanes.OnProofReceived(proof, state.NowMs, state.Effects);
        if (slot.Candidate is { } first)
        {
            if (first.Block.Id != proposal.Block.Id) OnSecond(state, slot, first, proposal, leader);
            return;
        }

        slot.Candidate = new Candidate(proposal.Block, proposal.Signature, input.Proofs, IsEvidenceVerified(input), AreReportsVerified(input), IsOwn: false);
        slot.AddBlock(proposal.Block);
        if (slotId >= state.Current) state.ProposalSeenAtMs = state.NowMs;
        state.Slots.MarkDirty(slot);
    }

    /// <summary>One conflicting block is kept: R6 or R9 may need it.</summary>
    private static void OnSecond(ReplicaState state, SlotState slot, Candidate first, Proposal second, ReplicaId leader)
    {
        state.Trace("E1", slot.Slot, $"leader {leader} proposed two blocks");
        state.Evidence.Add(VoteEvidence.OfProposals(leader, state.Committee.Epoch, slot.Slot, first, second), state.Effects);
        if (slot.IsConflictHeld) return;
        slot.IsConflictHeld = true;
        slot.AddBlock(second.Block);
        state.Slots.MarkDirty(slot);
    }

    private static bool AreReportsVerified(ReplicaInput.ProposalReceived input) =>
        input.Reported is { } reported && ReferenceEquals(reported.Value, input.Proposal.Value.Block.Payload);

    private static bool IsEvidenceVerified(ReplicaInput.ProposalReceived input)
    {
        Payload payload = input.Proposal.Value.Block.Payload;
        if (payload.Evidence.Count != input.Evidence.Count) return false;
        for (int i = 0; i < payload.Evidence.Count; i++)
        {
            if (!ReferenceEquals(payload.Evidence[i], input.Evidence[i].Value)) return false;
        }

        return true;
    }
}

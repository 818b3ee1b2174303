using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R10 Finalize. F First votes or q Final votes for a block, or a commit proof: the proof is logged, lastFinal advances, the pools up to its slot
/// are dropped, and delivery continues behind. A block that does not descend from what was delivered halts the replica.
/// </summary>
internal static class R10Finalize
{
    public static bool Apply(ReplicaState state, SlotState slot)
    {
        for (int i = 0; i < slot.Pool.Tallies.Count; i++)
        {
            BlockId value = slot.Pool.Tallies[i].Value;
            if (value.IsSkip) continue;
            CommitPath path = CommitPath.Fast;
            CertificateSignature[]? signatures = slot.Pool.Finality(value, path, state.Quorum.FastQuorum);
            if (signatures is null)
            {
                path = CommitPath.Slow;
                signatures = slot.Pool.Finality(value, path, state.Quorum.Quorum);
            }

            if (signatures is not null) return Commit(state, new CommitProof(state.Committee.Epoch, slot.Slot, value, path, signatures));
        }

        return false;
    }

    public static bool Commit(ReplicaState state, CommitProof proof)
    {
        if (proof.Slot <= state.LastFinalSlot)
        {
            if (proof.Slot == state.LastFinalSlot && proof.Block != state.LastFinal)
                state.Halt($"two blocks are committed in slot {proof.Slot}: {state.LastFinal} and {proof.Block}");
            else Fill(state, proof);
            return false;
        }

        // The epoch's end is known; the proof of a tail that is not held would only hide it from those that ask here.
        if (state.IsEpochOver && state.FindBlock(proof.Slot, proof.Block) is null) return false;
        state.Effects.Add(new ReplicaEffect.Log(new DurableRecord.FinalHeld(proof)));
        if (!state.Chain.Commit(proof))
        {
            state.Halt($"{proof.Block} is committed in slot {proof.Slot} and does not descend from {state.Chain.Ordered}");
            return false;
        }

        Adopt(state, proof);
        if (proof.Path == CommitPath.Fast) state.FastCommits++;
        else state.SlowCommits++;
        if (state.Options.IsTraced) state.Trace("R10", proof.Slot, $"commit {proof.Block} {proof.Path}");
        state.Chain.Advance();
        TellLanes(state);
        return true;
    }

    /// <summary>
    /// A proof below the last one names a block to which the way down from the last is not held. Members that entered the next epoch by the boundary's
    /// own proof need not have the tail by which this one saw it committed: their proof leads to what they do have (section 8).
    /// </summary>
    private static void Fill(ReplicaState state, CommitProof proof)
    {
        if (!state.Chain.IsHole(proof.Block.Height)) return;
        state.Effects.Add(new ReplicaEffect.Log(new DurableRecord.FinalHeld(proof)));
        state.FillingProof = proof;
        if (state.Chain.Commit(proof)) state.Chain.Advance();
        else state.Halt($"{proof.Block} is committed in slot {proof.Slot} and does not descend from {state.Chain.Ordered}");
    }

    /// <summary>The lanes' windows and Acks follow the last commit even while delivery is behind.</summary>
    public static void TellLanes(ReplicaState state)
    {
        ResolvedBlock? final = state.Resolve(state.LastFinalSlot, state.LastFinal, out _, out _);
        // A tail is no height: what it commits is the boundary.
        Height height = final?.Epoch.Boundary is { } boundary && boundary < state.LastFinal.Height ? boundary : state.LastFinal.Height;
        state.Lanes.OnFinal(height, final?.Cut, state.NowMs, state.Effects);
    }

    /// <summary>lastFinal := B; everything about slots up to it is settled.</summary>
    public static void Adopt(ReplicaState state, CommitProof proof)
    {
        SlotState? slot = state.Slots.Find(proof.Slot);
        if (slot is null || slot.Certificates.Count == 0)
            state.Peers.SlotEnded(state.Committee.LeaderOf(proof.Slot), proof.Slot, isSkipped: false);
        state.LastFinalNotarization = slot?.FindCertificate(proof.Block)?.Certificate;
        state.LastFinal = proof.Block;
        state.LastFinalSlot = proof.Slot;
        state.LastFinalProof = proof;
        state.LastFinalAtMs = state.NowMs;
        if (proof.Slot > state.HighestBlock) state.HighestBlock = proof.Slot;
        state.Slots.DropThrough(proof.Slot);
        state.Fetch.DropThrough(proof.Slot);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Upon receiving a vote: count it in its slot's pool; two votes that no honest member casts both are evidence (E2 to E4).</summary>
internal static class VoteInput
{
    public static void Handle(ReplicaState state, ReplicaId from, Vote vote)
    {
        if (vote.Slot <= state.LastFinalSlot)
        {
            // A late vote for what was just committed is the rule, not a sign of being behind.
            if (vote.Slot < state.LastFinalSlot || vote.Value != state.LastFinal) StaleInput.Handle(state, from);
            return;
        }

        // Own votes are counted when they are durable, not when they come back.
        if (vote.Voter == state.Self) return;
        if (vote.Slot.Value > state.Current.Value + (ulong)state.Options.SlotWindow)
        {
            state.OutOfWindow++;
            return;
        }

        SlotState slot = state.Slots.GetOrAdd(vote.Slot);
        PooledVote pooled = slot.Pool.Add(vote);
        if (!pooled.IsNew) return;
        // A Final shows that its voter holds the slot's certificate.
        state.Peers.Entered(vote.Voter, vote.VoteKind == VoteKind.Final ? vote.Slot.Next() : vote.Slot);
        state.Slots.MarkDirty(slot);
        if (pooled.Against is not { } earlier) return;
        state.Trace($"E{(byte)pooled.Kind}", vote.Slot, $"{pooled.Kind} by {vote.Voter}");
        state.Evidence.Add(VoteEvidence.OfVotes(pooled.Kind, earlier, vote), state.Effects);
    }
}

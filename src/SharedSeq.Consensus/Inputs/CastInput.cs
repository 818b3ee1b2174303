using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Upon learning that an own vote or proposal is signed and durable: count it and send it to all.</summary>
internal static class CastInput
{
    public static void Handle(ReplicaState state, Vote vote)
    {
        Invariant.Check(vote.Voter == state.Self, "only own votes are cast");
        state.PendingCasts--;
        // Sent even when the slot is committed meanwhile: others may still need it for the fast path.
        state.Send(state.Others, vote);
        if (state.Slots.Find(vote.Slot) is not { } slot) return;
        slot.AddOwnVote(vote);
        slot.Pool.Add(vote);
        state.Slots.MarkDirty(slot);
    }

    public static void Handle(ReplicaState state, Proposal proposal)
    {
        state.PendingCasts--;
        state.Send(state.Others, proposal);
        if (state.Slots.Find(proposal.Slot) is { } slot) slot.OwnProposal = proposal;
    }
}

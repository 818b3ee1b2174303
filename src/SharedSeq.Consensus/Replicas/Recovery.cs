using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Loads a replica's durable state (consensus.md 5: load, not replay) and names what of it still matters.</summary>
internal static class Recovery
{
    public static void Load(ReplicaState state, IReadOnlyList<DurableRecord> records)
    {
        CommitProof? newest = null;
        CommitProof? last = null;
        foreach (DurableRecord record in records)
        {
            if (record is not DurableRecord.FinalHeld final) continue;
            last = final.Proof;
            if (newest is null || last.Slot > newest.Slot) newest = last;
        }

        // Blocks first: the commit proof walks back through them to what was delivered.
        foreach (DurableRecord record in records) LoadBlock(state, record);
        if (newest is not null && newest.Slot >= state.LastFinalSlot)
        {
            Invariant.Check(state.Chain.Commit(newest), "the vote log's commit proof descends from the delivered tip");
            R10Finalize.Adopt(state, newest);
            // Proofs are logged ascending, but for those that fill the chain below the newest.
            if (last is not null && state.Chain.IsHole(last.Block.Height))
            {
                Invariant.Check(state.Chain.Commit(last), "a commit proof that fills the chain descends from the delivered tip");
                state.FillingProof = last;
            }
        }
        else
        {
            state.Slots.DropThrough(state.LastFinalSlot);
        }

        foreach (DurableRecord record in records) LoadStatement(state, record);
        Slot top = state.HighestCertified > state.LastFinalSlot ? state.HighestCertified : state.LastFinalSlot;
        state.Current = top.Next();
        // With an intact log an own vote never lies above the slot that a durable certificate opened (R1). Where it does, R2 fills what lies between.
        Slot voted = HighestVoted(records);
        if (voted > state.Current) state.Current = voted;
        if (state.HighestBlock < state.LastFinalSlot) state.HighestBlock = state.LastFinalSlot;
    }

    public static IEnumerable<DurableRecord> Snapshot(ReplicaState state)
    {
        foreach (L1Inputs inputs in state.L1?.LoggedInputs ?? []) yield return new DurableRecord.L1InputsHeld(state.Committee.Epoch, inputs);
        foreach (Block block in state.Chain.LoggedBlocks()) yield return new DurableRecord.BlockHeld(block);
        if (state.LastFinalProof is { } proof) yield return new DurableRecord.FinalHeld(proof);
        if (state.FillingProof is { } filling) yield return new DurableRecord.FinalHeld(filling);
        for (int i = 0; i < state.Slots.Count; i++)
        {
            SlotState slot = state.Slots[i];
            if (slot.OwnProposal is { } proposal) yield return new DurableRecord.OwnProposal(proposal);
            foreach (HeldBlock held in slot.Blocks)
            {
                if (held.IsLogged && held.Block.Id != slot.OwnProposal?.Block.Id) yield return new DurableRecord.BlockHeld(held.Block);
            }

            foreach (HeldCertificate held in slot.Certificates)
            {
                if (held.IsLogged) yield return new DurableRecord.CertificateHeld(held.Certificate);
            }

            foreach (Vote vote in slot.OwnVotes) yield return new DurableRecord.OwnVote(vote);
        }
    }

    private static Slot HighestVoted(IReadOnlyList<DurableRecord> records)
    {
        Slot highest = Slot.Zero;
        foreach (DurableRecord record in records)
        {
            if (record is DurableRecord.OwnVote own && own.Vote.Slot > highest) highest = own.Vote.Slot;
        }

        return highest;
    }

    private static void LoadBlock(ReplicaState state, DurableRecord record)
    {
        Block? block = record switch
        {
            DurableRecord.BlockHeld held => held.Block,
            DurableRecord.OwnProposal own => own.Proposal.Block,
            _ => null,
        };
        if (block is not null) state.Slots.GetOrAdd(block.Header.Slot).AddBlock(block).IsLogged = true;
    }

    private static void LoadStatement(ReplicaState state, DurableRecord record)
    {
        switch (record)
        {
            case DurableRecord.OwnVote own when own.Vote.Slot > state.LastFinalSlot:
                LoadVote(state, own.Vote);
                break;
            case DurableRecord.OwnProposal own when own.Proposal.Slot > state.LastFinalSlot:
                SlotState slot = state.Slots.GetOrAdd(own.Proposal.Slot);
                slot.IsProposed = true;
                slot.OwnProposal = own.Proposal;
                slot.Candidate = new Candidate(own.Proposal.Block, own.Proposal.Signature, [], IsEvidenceVerified: true, AreReportsVerified: true, IsOwn: true);
                state.Slots.MarkDirty(slot);
                break;
            case DurableRecord.CertificateHeld held:
                if (state.AddCertificate(held.Certificate) is { } added) added.IsLogged = true;
                break;
            case DurableRecord.L1InputsHeld held:
                state.L1?.Keep(held.Inputs);
                break;
            default: break;
        }
    }

    private static void LoadVote(ReplicaState state, Vote vote)
    {
        if (vote.VoteKind == VoteKind.First && state.Is(ProtocolMutations.ForgottenFirst)) return;
        SlotState slot = state.Slots.GetOrAdd(vote.Slot);
        switch (vote.VoteKind)
        {
            case VoteKind.First: slot.OwnFirst = vote.Value; break;
            case VoteKind.Extra:
                if (!slot.HasOwnExtra(vote.Value)) slot.AddOwnExtra(vote.Value);
                break;
            default: slot.OwnFinal = vote.Value; break;
        }

        if (!slot.Pool.Add(vote).IsNew) return;
        slot.AddOwnVote(vote);
        state.Slots.MarkDirty(slot);
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What a check of a proposal found. Values are trace and metric labels.</summary>
internal enum ProposalVerdict
{
    Valid = 0,

    // What is missing may still come: wait.
    WaitsForCertificate = 1,
    WaitsForHeader = 2,
    WaitsForClock = 3,

    /// <summary>A lane's new tip came without its PoA: perhaps by way of a member that took it out.</summary>
    WaitsForProof = 4,

    /// <summary>V3: the own quorum of providers does not show the L1 block yet, or the advance is halted here.</summary>
    WaitsForL1 = 5,

    // Objective, 10 and above: every honest member that knows as much finds the same. First(skip) at once.
    BelowLastCommit = 10,
    UnknownFlags = 11,
    TimestampBeforeParent = 12,
    BadCut = 13,
    BadEvidence = 14,
    BadL1View = 15,

    /// <summary>Behind the boundary and not a tail, or a tail elsewhere.</summary>
    TailMisplaced = 16,

    /// <summary>V3: the own quorum of providers shows another L1 block, or other inputs.</summary>
    L1Conflict = 17,

    /// <summary>The leader leaves out a PoA that it was sent long enough ago.</summary>
    NotFresh = 20,

    /// <summary>V4: past the drift limit the leader takes batches and does not advance the view, although it was sent q reports long enough ago.</summary>
    L1Owed = 21,
}

/// <summary>
/// R4 First vote. In cur, without an own First or Final: for the first received proposal of the leader, if it is valid. One that fails an objective
/// check gets First(skip) at once; where a certificate, a header or the clock is missing the vote waits.
/// </summary>
internal static class R4FirstVote
{
    public static bool Apply(ReplicaState state)
    {
        state.ClockAtMs = long.MaxValue;
        if (state.Slots.Find(state.Current) is not { Candidate: { } candidate, HasOwnVote: false } slot) return false;
        ProposalVerdict verdict = candidate.IsOwn ? ProposalVerdict.Valid : Judge(state, candidate);
        if (verdict is > ProposalVerdict.Valid and < ProposalVerdict.BelowLastCommit) return false;
        if (verdict == ProposalVerdict.Valid)
        {
            LogInputs(state, candidate.Block);
            state.LogBlock(slot.AddBlock(candidate.Block));
            state.Cast(slot, VoteKind.First, candidate.Block.Id, "R4");
            return true;
        }

        if (state.Options.IsTraced) state.Trace(RuleOf(verdict), slot.Slot, $"refuses {candidate.Block.Id}: {verdict}");
        state.Cast(slot, VoteKind.First, BlockId.Skip, "R4");
        return true;
    }

    /// <summary>A carry block advances nothing.</summary>
    private static void LogInputs(ReplicaState state, Block block)
    {
        if (state.L1 is not { } l1 || block.Payload.Reports.Count == 0) return;
        if (state.Resolve(block.Header.ParentSlot, block.Header.ParentId, out _, out _) is { } parent) l1.Log(parent.View, block.Payload.L1View);
    }

    private static string RuleOf(ProposalVerdict verdict) => verdict switch
    {
        ProposalVerdict.BadL1View or ProposalVerdict.L1Conflict => "V3",
        ProposalVerdict.L1Owed => "V4",
        _ => "R4",
    };

    private static ProposalVerdict Judge(ReplicaState state, Candidate candidate)
    {
        Header header = candidate.Block.Header;
        Slot parentSlot = header.ParentSlot;
        BlockId parent = header.ParentId;
        if (parentSlot < state.LastFinalSlot || (parentSlot == state.LastFinalSlot && parent != state.LastFinal))
            return ProposalVerdict.BelowLastCommit;
        // Views off the adopted one are not built: only finalized L1 blocks are followed. A tail is a carry block.
        if ((header.Flags & ~(HeaderFlags.Carry | HeaderFlags.Tail)) != HeaderFlags.None || header.Flags == HeaderFlags.Tail)
            return ProposalVerdict.UnknownFlags;
        if (!IsJustified(state, header.Slot, parentSlot, parent)) return ProposalVerdict.WaitsForCertificate;
        if (header.IsCarry) return JudgeCarry(state, header);
        if (!candidate.IsEvidenceVerified || !IsEvidenceTimely(state, candidate.Block)) return ProposalVerdict.BadEvidence;
        if (!IsEvidenceNew(state, candidate.Block)) return ProposalVerdict.BadEvidence;
        if (state.Resolve(parentSlot, parent, out Slot missingSlot, out BlockId missing) is not { } resolved)
        {
            FetchMissing(state, header, missingSlot, missing);
            return ProposalVerdict.WaitsForHeader;
        }

        if (state.IsTail(resolved, header.Height)) return ProposalVerdict.TailMisplaced;
        ProposalVerdict view = V3JudgeView.Judge(state, candidate, resolved.View);
        if (view != ProposalVerdict.Valid) return view;
        if (header.Timestamp < resolved.Timestamp) return ProposalVerdict.TimestampBeforeParent;
        CutVerdict cut = state.Lanes.CheckCut(header, resolved.Cut, candidate.Proofs);
        if (cut != CutVerdict.Valid) return cut.IsObjective() ? ProposalVerdict.BadCut : ProposalVerdict.WaitsForProof;
        if (IsAheadOfClock(state, header.Timestamp, resolved.Timestamp)) return ProposalVerdict.WaitsForClock;
        ReplicaId leader = state.Committee.LeaderOf(header.Slot);
        if (V3JudgeView.IsOwed(state, candidate.Block, resolved))
            return V3JudgeView.IsEmpty(header, resolved.Cut) ? ProposalVerdict.Valid : ProposalVerdict.L1Owed;
        return state.Lanes.IsFreshnessViolated(leader, state.EnteredAtMs, header, resolved.Cut) ? ProposalVerdict.NotFresh : ProposalVerdict.Valid;
    }

    /// <summary>A carry block is valid without knowing the parent (R3), but for whether it is a tail.</summary>
    private static ProposalVerdict JudgeCarry(ReplicaState state, Header header)
    {
        ResolvedBlock? parent = state.Resolve(header.ParentSlot, header.ParentId, out Slot missingSlot, out BlockId missing);
        bool? isTail = parent is not null ? state.IsTail(parent, header.Height) : state.IsTail(header.Height);
        if (isTail is null)
        {
            FetchMissing(state, header, missingSlot, missing);
            return ProposalVerdict.WaitsForHeader;
        }

        return isTail == header.IsTail ? ProposalVerdict.Valid : ProposalVerdict.TailMisplaced;
    }

    private static void FetchMissing(ReplicaState state, Header header, Slot missingSlot, BlockId missing)
    {
        if (missingSlot <= state.LastFinalSlot) return;
        ReplicaSet holders = R9ExtraBlock.FirstVoters(state, missingSlot, missing).With(state.Committee.LeaderOf(header.Slot));
        state.Fetch.Want(missingSlot, missing, holders);
    }

    private static bool IsEvidenceTimely(ReplicaState state, Block block)
    {
        foreach (Evidence item in block.Payload.Evidence)
        {
            if (!state.IsTimely(item.Epoch, block.Header.Height)) return false;
        }

        return true;
    }

    /// <summary>
    /// One item for each charge: none that a delivered block carries, which every parent that may be built on descends from. A leader that lacks blocks
    /// in between proposes no evidence.
    /// </summary>
    private static bool IsEvidenceNew(ReplicaState state, Block block)
    {
        IReadOnlyList<Evidence> items = block.Payload.Evidence;
        for (int i = 0; i < items.Count; i++)
        {
            if (state.Evidence.IsCommitted(items[i].Charge)) return false;
            for (int j = 0; j < i; j++)
            {
                if (items[j].Charge == items[i].Charge) return false;
            }
        }

        return true;
    }

    /// <summary>The parent's certificate and skip certificates of all slots between are held; asks for them otherwise.</summary>
    private static bool IsJustified(ReplicaState state, Slot slot, Slot parentSlot, BlockId parent)
    {
        bool isJustified = state.IsParentCertified(parentSlot, parent);
        for (Slot at = parentSlot.Next(); isJustified && at < slot; at = at.Next())
            isJustified = state.Slots.Find(at)?.SkipCertificate is not null;
        if (isJustified) return true;
        state.Repair.Want(parentSlot, slot.Previous(), needsOthers: true, ReplicaSet.Of(state.Committee.LeaderOf(slot)));
        return false;
    }

    /// <summary>timestamp &lt;= max(parent's, local clock + drift): the maximum keeps a fast proposer from blocking its honest successor.</summary>
    private static bool IsAheadOfClock(ReplicaState state, TimestampMs timestamp, TimestampMs parent)
    {
        ulong limit = state.Now.WallMs + (ulong)state.Options.ClockDriftMs;
        if (timestamp.Value <= limit || timestamp <= parent) return false;
        state.ClockAtMs = state.NowMs + (long)ulong.Min(timestamp.Value - limit, (ulong)state.Options.SlotTimeoutMaxMs);
        return true;
    }
}

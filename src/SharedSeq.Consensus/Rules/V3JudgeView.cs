namespace SharedSeq.Consensus;

/// <summary>
/// V3: what a voter makes of the L1 view that a proposal cites (consensus.md 11). The parent's view again is always right. An advance is right when it is
/// formed as one, carries q reports, and the own quorum of providers shows the very same block with the very same inputs; while the own quorum is behind the
/// vote waits, and where it shows another block it is First(skip).
/// </summary>
internal static class V3JudgeView
{
    public static ProposalVerdict Judge(ReplicaState state, Candidate candidate, L1View parent)
    {
        Payload payload = candidate.Block.Payload;
        L1View cited = payload.L1View;
        if (state.L1 is not { } l1) return cited.IsNone ? ProposalVerdict.Valid : ProposalVerdict.BadL1View;
        if (cited == parent) return payload.Reports.Count == 0 ? ProposalVerdict.Valid : ProposalVerdict.BadL1View;
        if (!IsAdvance(state, parent, cited, l1.Terms) || !candidate.AreReportsVerified) return ProposalVerdict.BadL1View;
        if (l1.Status == L1Status.Halted) return ProposalVerdict.WaitsForL1;
        if (state.Is(ProtocolMutations.ViewsNotCompared) || cited.Number < parent.Number) return ProposalVerdict.Valid;
        L1View? own = l1.Window.Find(cited.Number);
        if (own is null) return ProposalVerdict.WaitsForL1;
        if (!IsSame(state, own, cited) || !l1.IsOwn(parent))
        {
            l1.OnDiverged(candidate.Block.Header.Slot, cited, own);
            return ProposalVerdict.L1Conflict;
        }

        return l1.Window.BytesBetween(parent.Number, cited.Number) > L1Inputs.MaxBytes ? ProposalVerdict.BadL1View : ProposalVerdict.Valid;
    }

    /// <summary>V4: whether this voter holds the block's leader to an advance that the block does not make.</summary>
    public static bool IsOwed(ReplicaState state, Block block, ResolvedBlock parent) => state.L1 is { } l1 && block.Payload.L1View == parent.View
        && l1.IsOwed(parent.View, block.Header.Timestamp, state.Committee.LeaderOf(block.Header.Slot));

    /// <summary>Whether a block takes no batch beyond its parent's: what is left to a leader that owes an advance (V4).</summary>
    public static bool IsEmpty(Header header, System.Collections.Generic.IReadOnlyList<LaneTip> parentCut)
    {
        int at = 0;
        foreach (LaneTip tip in header.Cut)
        {
            while (at < parentCut.Count && parentCut[at].Lane.CompareTo(tip.Lane) < 0) at++;
            if (at == parentCut.Count || parentCut[at] != tip) return false;
        }

        return true;
    }

    /// <summary>What everybody finds alike, whatever L1 looks like from there: further on, not too far, and chained where that shows.</summary>
    private static bool IsAdvance(ReplicaState state, L1View parent, L1View cited, L1Terms terms)
    {
        if (cited.ChainId != parent.ChainId || cited.Number == parent.Number) return false;
        if (cited.Number < parent.Number) return state.Is(ProtocolMutations.ViewsRegress);
        if (cited.Number - parent.Number > (ulong)terms.MaxAdvance || cited.Timestamp < parent.Timestamp) return false;
        return cited.Number != parent.Number + 1 || cited.ParentHash == parent.Hash;
    }

    private static bool IsSame(ReplicaState state, L1View own, L1View cited) =>
        own == (state.Is(ProtocolMutations.DigestsNotCompared) ? cited with { InputsDigest = own.InputsDigest } : cited);
}

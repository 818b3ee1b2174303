using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// What a leader proposes of the lanes, what a voter accepts, and freshness (R3, R4). Pure questions about the PoAs held; nothing is changed.
/// </summary>
internal sealed class CutRules(LaneContext context)
{
    /// <summary>Whether some lane has a PoA above this cut that a block of this height may order.</summary>
    public bool HasNews(IReadOnlyList<LaneTip> parentCut, Height height)
    {
        int at = 0;
        foreach (LaneState lane in context.Lanes)
        {
            if (height > lane.Epoch.ClosesAt) continue;
            while (at < parentCut.Count && parentCut[at].Lane.CompareTo(lane.Id) < 0) at++;
            ulong count = at < parentCut.Count && parentCut[at].Lane == lane.Id ? parentCut[at].Seq.Value + 1 : 0;
            if (!lane.IsFrozen && lane.Proofs.CertifiedCount > count) return true;
        }

        return false;
    }

    public CutCandidate Build(IReadOnlyList<LaneTip> parent, Height height)
    {
        IReadOnlyList<LaneTip> parentCut = OpenTips(parent, height);
        var cut = new List<LaneTip>(parentCut.Count + 1);
        var proofs = new List<ProofOfAvailability>();
        int at = 0;
        foreach (LaneState lane in context.Lanes)
        {
            if (height > lane.Epoch.ClosesAt) continue;
            while (at < parentCut.Count && parentCut[at].Lane.CompareTo(lane.Id) < 0) cut.Add(parentCut[at++]);
            LaneTip? below = at < parentCut.Count && parentCut[at].Lane == lane.Id ? parentCut[at++] : null;
            HeldProof? next = lane.IsFrozen ? null : lane.Proofs.Next(LaneState.CountOf(below), context.Options.MaxBatchesPerLane);
            if (next is not null) proofs.Add(next.Proof.Value);
            if ((next?.Tip ?? below) is { } tip) cut.Add(tip);
        }

        while (at < parentCut.Count) cut.Add(parentCut[at++]);
        return new CutCandidate(cut, proofs);
    }

    /// <summary>The parent's cut, as far as its lanes are open at this height.</summary>
    public CutCandidate Keep(IReadOnlyList<LaneTip> parent, Height height) => new(OpenTips(parent, height), []);

    /// <summary>
    /// Checks a cut that is not carried. There is no upper bound here on how far a lane advances: a PoA exists only within the lane window of f+1
    /// honest members, and a bound by batches would let an author that withholds PoAs make a receipt of it unpayable.
    /// </summary>
    public CutVerdict Check(Header header, IReadOnlyList<LaneTip> parentTips, IReadOnlyList<Verified<ProofOfAvailability>> proofs)
    {
        if (header.IsCarry) return CutVerdict.Valid;
        IReadOnlyList<LaneTip> parentCut = OpenTips(parentTips, header.Height);
        CutVerdict verdict = CutVerdict.Valid;
        int at = 0;
        foreach (LaneTip tip in header.Cut)
        {
            if (at < parentCut.Count && parentCut[at].Lane.CompareTo(tip.Lane) < 0) return CutVerdict.BelowParent;
            LaneTip? parent = at < parentCut.Count && parentCut[at].Lane == tip.Lane ? parentCut[at++] : null;
            if (parent == tip) continue;
            if (context.Find(tip.Lane) is not { } lane || header.Height > lane.Epoch.ClosesAt) return CutVerdict.UnknownLane;
            if (parent is { } below && below.Seq >= tip.Seq) return CutVerdict.BelowParent;
            if (!HasProof(lane, tip, proofs)) verdict = CutVerdict.ProofMissing;
        }

        return at < parentCut.Count ? CutVerdict.BelowParent : verdict;
    }

    /// <summary>
    /// Freshness (R4): the leader was sent a PoA for at least <c>freshness</c> before the slot was entered here, and its cut is below what that PoA
    /// let it reach. A lane whose PoAs all lie more than maxBatchesPerLane above the parent's tip has to advance to one of them.
    /// </summary>
    public bool IsFreshnessViolated(ReplicaId leader, long slotEnteredAtMs, Header header, IReadOnlyList<LaneTip> parentCut)
    {
        if (leader == context.Self || (header.Flags & (HeaderFlags.Carry | HeaderFlags.Tail)) != HeaderFlags.None) return false;
        foreach (LaneState lane in context.Lanes)
        {
            if (header.Height > lane.Epoch.ClosesAt) continue;
            if (!lane.IsFrozen && LaneState.CountOf(header.TipOf(lane.Id)) < OwedCount(lane, leader, slotEnteredAtMs, parentCut)) return true;
        }

        return false;
    }

    /// <summary>The parent's tips that a block of this height keeps: lanes of ended epochs leave the cut behind their last height.</summary>
    private IReadOnlyList<LaneTip> OpenTips(IReadOnlyList<LaneTip> cut, Height height)
    {
        if (cut.Count == 0 || cut[0].Lane.Epoch == context.Committee.Epoch) return cut;
        var open = new List<LaneTip>(cut.Count);
        foreach (LaneTip tip in cut)
        {
            if (tip.Lane.Epoch == context.Committee.Epoch || (context.Find(tip.Lane) is { } lane && height <= lane.Epoch.ClosesAt)) open.Add(tip);
        }

        return open;
    }

    private ulong OwedCount(LaneState lane, ReplicaId leader, long slotEnteredAtMs, IReadOnlyList<LaneTip> parentCut)
    {
        ulong parent = CountIn(parentCut, lane.Id);
        ulong reach = parent + (ulong)context.Options.MaxBatchesPerLane;
        ulong owed = parent;
        for (int i = 0; i < lane.Proofs.Count; i++)
        {
            HeldProof proof = lane.Proofs[i];
            if (proof.Seq < parent) continue;
            long sentAtMs = proof.SentAtMs(leader);
            if (sentAtMs < 0 || slotEnteredAtMs - sentAtMs < context.Options.FreshnessMs) continue;
            if (proof.Seq < reach) owed = proof.Seq + 1;
            else if (owed == parent) owed = parent + 1;
        }

        return owed;
    }

    private static bool HasProof(LaneState lane, LaneTip tip, IReadOnlyList<Verified<ProofOfAvailability>> proofs)
    {
        foreach (Verified<ProofOfAvailability> proof in proofs)
        {
            if (proof.Value.Tip == tip) return true;
        }

        return lane.Proofs.At(tip.Seq.Value)?.Tip == tip || lane.Final == tip || lane.Committed == tip;
    }

    private static ulong CountIn(IReadOnlyList<LaneTip> cut, LaneId lane)
    {
        for (int i = 0; i < cut.Count; i++)
        {
            if (cut[i].Lane == lane) return cut[i].Seq.Value + 1;
        }

        return 0;
    }
}

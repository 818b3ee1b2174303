using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R3 Propose. The leader of cur builds on the highest block it holds a certificate for, with skip certificates for every slot between; when there
/// is news from the lanes and the pacing interval passed, or on the heartbeat. Where the parent's header does not come in time it proposes a carry
/// block. Behind the epoch's boundary it proposes tails. The proposal is durable before it is sent, and its First vote is logged behind it.
/// </summary>
internal static class R3Propose
{
    public static bool Apply(ReplicaState state)
    {
        state.ProposeAtMs = long.MaxValue;
        if (state.Committee.LeaderOf(state.Current) != state.Self) return false;
        SlotState slot = state.Slots.GetOrAdd(state.Current);
        // A leader whose own timer has run out would only split the votes.
        if (slot.IsProposed || slot.HasOwnVote) return false;
        if (!TryFindParent(state, out Slot parentSlot, out BlockId parent)) return false;
        ResolvedBlock? resolved = state.Resolve(parentSlot, parent, out Slot missingSlot, out BlockId missing);
        if (resolved is null)
        {
            if (missingSlot > state.LastFinalSlot) state.Fetch.Want(missingSlot, missing, R9ExtraBlock.FirstVoters(state, missingSlot, missing));
            // A carry block is said to be a tail or not; near the end of an epoch that takes headers, too.
            return WaitUntil(state, state.EnteredAtMs + state.DeltaMs) && state.IsTail(parent.Height.Next()) is { } isTail
                && Propose(state, slot, parentSlot, parent, null, isTail);
        }

        bool isBehind = state.IsTail(resolved, parent.Height.Next());
        return WaitUntil(state, DueAtMs(state, parentSlot, isBehind ? null : resolved, parent.Height.Next()))
            && Propose(state, slot, parentSlot, parent, isBehind ? null : resolved, isBehind);
    }

    private static bool WaitUntil(ReplicaState state, long atMs)
    {
        if (state.NowMs >= atMs) return true;
        state.ProposeAtMs = atMs;
        return false;
    }

    /// <summary>News goes at the pace; blocks that are notarized and not committed get a successor soon; an idle slot waits for the heartbeat.</summary>
    private static long DueAtMs(ReplicaState state, Slot parentSlot, ResolvedBlock? parent, Height height)
    {
        long pace = state.ProposalSeenAtMs + state.MinHeightMs;
        if (parent is not null && state.Lanes.HasNews(parent.Cut, height)) return pace;
        bool isTailOpen = parentSlot > state.LastFinalSlot;
        int idleMs = isTailOpen ? state.Options.HeartbeatMs / 4 : state.Options.HeartbeatMs;
        return long.Max(pace, state.EnteredAtMs + idleMs);
    }

    private static bool TryFindParent(ReplicaState state, out Slot parentSlot, out BlockId parent)
    {
        for (Slot at = state.Current.Previous(); at > state.LastFinalSlot; at = at.Previous())
        {
            SlotState? slot = state.Slots.Find(at);
            if (slot is null || slot.Certificates.Count == 0)
            {
                Slot first = state.HighestBlock > state.LastFinalSlot ? state.HighestBlock : state.LastFinalSlot;
                state.Repair.Want(first.Next(), at, needsOthers: false, ReplicaSet.Empty);
                (parentSlot, parent) = (default, default);
                return false;
            }

            if (!slot.HasBlockCertificate) continue;
            (parentSlot, parent) = (at, Preferred(slot));
            return true;
        }

        (parentSlot, parent) = (state.LastFinalSlot, state.LastFinal);
        return true;
    }

    /// <summary>Several values of one slot can be notarized: one whose header is held, then most First votes, then the smallest hash.</summary>
    private static BlockId Preferred(SlotState slot)
    {
        BlockId best = BlockId.Skip;
        foreach (HeldCertificate held in slot.Certificates)
        {
            BlockId value = held.Certificate.Value;
            if (!value.IsSkip && (best.IsSkip || IsBetter(slot, value, best))) best = value;
        }

        return best;
    }

    private static bool IsBetter(SlotState slot, BlockId one, BlockId other)
    {
        bool isHeld = slot.FindBlock(one) is not null;
        if (isHeld != slot.FindBlock(other) is not null) return isHeld;
        int firsts = slot.Pool.Find(one)?.CountedFirsts.Count ?? 0;
        int otherFirsts = slot.Pool.Find(other)?.CountedFirsts.Count ?? 0;
        return firsts != otherFirsts ? firsts > otherFirsts : one.Hash < other.Hash;
    }

    private static bool Propose(
        ReplicaState state, SlotState slot, Slot parentSlot, BlockId parent, ResolvedBlock? resolved, bool isTail)
    {
        Block block;
        IReadOnlyList<ProofOfAvailability> proofs = [];
        if (resolved is null)
        {
            HeaderFlags flags = isTail ? HeaderFlags.Carry | HeaderFlags.Tail : HeaderFlags.Carry;
            block = Build(state, parentSlot, parent, default, flags, Payload.Empty, []);
        }
        else
        {
            var now = new TimestampMs(state.Now.WallMs);
            TimestampMs timestamp = now > resolved.Timestamp ? now : resolved.Timestamp;
            ReportedView? advance = state.L1?.Choose(resolved.View);
            bool isHeldBack = advance is null && state.L1 is { } l1 && l1.IsHeldBack(resolved.View, timestamp);
            CutCandidate cut = isHeldBack
                ? state.Lanes.KeepCut(resolved.Cut, parent.Height.Next())
                : state.Lanes.BuildCut(resolved.Cut, parent.Height.Next());
            proofs = cut.Proofs;
            if (state.Evidence.WaitingCount > 0) state.Evidence.Drop(item => !state.IsTimely(item.Epoch, parent.Height.Next()));
            IReadOnlyList<Evidence> evidence = state.Evidence.WaitingCount == 0 || state.Is(ProtocolMutations.EvidenceNotProposed)
                ? []
                : UndeliveredAncestors(state, parentSlot, parent) is { } ancestors ? state.Evidence.PickFor(ancestors) : [];
            L1View view = advance?.View ?? resolved.View;
            Payload payload = evidence.Count == 0 && view.IsNone ? Payload.Empty : new Payload(view, evidence, advance?.Reports);
            if (advance is not null) state.Trace("V2", slot.Slot, $"advance from {resolved.View} to {view}");
            block = Build(state, parentSlot, parent, timestamp, HeaderFlags.None, payload, cut.Cut);
        }

        slot.IsProposed = true;
        slot.Candidate = new Candidate(block, default, [], IsEvidenceVerified: true, AreReportsVerified: true, IsOwn: true);
        slot.AddBlock(block).IsLogged = true;
        state.ProposalSeenAtMs = state.NowMs;
        state.PendingCasts++;
        state.Slots.MarkDirty(slot);
        state.Effects.Add(new ReplicaEffect.CastProposal(block, proofs, Justify(state, slot.Slot, parentSlot, parent)));
        if (state.Options.IsTraced) state.Trace("R3", slot.Slot, $"propose {block.Id} on {parentSlot}{Suffix(resolved, isTail)}");
        return true;
    }

    private static string Suffix(ResolvedBlock? resolved, bool isTail) => isTail ? " tail" : resolved is null ? " carry" : "";

    private static Block Build(
        ReplicaState state, Slot parentSlot, BlockId parent, TimestampMs timestamp, HeaderFlags flags, Payload payload,
        IReadOnlyList<LaneTip> cut)
    {
        var header = new Header(
            state.Committee.Epoch, state.Current, parent.Height.Next(), parentSlot, parent.Hash, timestamp, flags, payload.Commitment, cut);
        return new Block(header, payload);
    }

    private static Justification Justify(ReplicaState state, Slot slot, Slot parentSlot, BlockId parent)
    {
        Notarization? certificate = parentSlot == state.LastFinalSlot
            ? state.LastFinalNotarization
            : state.Slots.Find(parentSlot)?.FindCertificate(parent)?.Certificate;
        if (parentSlot.Next() == slot) return certificate is null ? Justification.None : new Justification(certificate, []);
        var skips = new List<Notarization>();
        for (Slot at = parentSlot.Next(); at < slot && skips.Count < Justification.MaxInline; at = at.Next())
        {
            if (state.Slots.Find(at)?.SkipCertificate is { } skip) skips.Add(skip);
        }

        return new Justification(certificate, skips);
    }

    /// <summary>The blocks between the last one delivered and a new one; null while some are missing.</summary>
    private static List<Block>? UndeliveredAncestors(ReplicaState state, Slot slot, BlockId block)
    {
        var ancestors = new List<Block>();
        while (block != state.Chain.Ordered)
        {
            if (state.FindBlock(slot, block) is not { } held) return null;
            ancestors.Add(held.Block);
            (slot, block) = (held.Block.Header.ParentSlot, held.Block.Header.ParentId);
        }

        return ancestors;
    }
}

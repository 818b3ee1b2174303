using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Acks become PoAs, and PoAs go to all members: at once when built here or relayed by a client, again when still uncommitted (R4 freshness).
/// </summary>
internal sealed class ProofBook(LaneContext context, LaneEvidence evidence)
{
    /// <summary>Counts an Ack.</summary>
    /// <returns>The PoA that it completed, or null.</returns>
    public Verified<ProofOfAvailability>? OnAck(LaneState lane, Ack ack, List<ReplicaEffect> effects)
    {
        ulong seq = ack.Tip.Seq.Value;
        if (seq < lane.FinalCount || seq >= lane.FinalCount + (2 * (ulong)context.Options.LaneWindowBatches)) return null;
        if (ack.Height.Value > context.FinalHeight.Value + Receipt.DefaultDeadlineHeights) return null;
        // No honest member names a height above the boundary of the lane's epoch: the deadline would lie behind the lane's end.
        if (ack.Height > lane.Epoch.Boundary) return null;
        LanePlace? place = lane.PlaceAt(seq);
        if (place?.Acks is null && seq < lane.Proofs.CertifiedCount) return null;
        if (place is null)
        {
            // Own batches are all known: an Ack for another one is of no use, and no proof of anything.
            if (lane.IsOwn || lane.UnknownPlaces >= LaneLimits.UnknownAckPlaces) return null;
            place = lane.PlaceFor(seq);
        }

        if (TallyOf(lane, place).Add(ack) is { } other) evidence.Record(other, ack, effects);
        if (seq < lane.Proofs.CertifiedCount) return null;
        int quorum = lane.Epoch.Committee.Quorum.Quorum;
        return place.Acks!.CountOf(ack.Tip.Digest) >= quorum ? place.Acks.Build(ack.Tip, quorum) : null;
    }

    /// <summary>The Acks of a place, with the author's and the own one in it.</summary>
    public AckTally TallyOf(LaneState lane, LanePlace place)
    {
        if (place.Acks is not null) return place.Acks;
        place.Acks = new AckTally(lane.Epoch.Committee.Count);
        if (place.Ackable?.AuthorAck is { } author) place.Acks.Add(author);
        if (place.OwnAck is { } own) place.Acks.Add(own);
        return place.Acks;
    }

    /// <summary>Keeps a PoA.</summary>
    /// <returns>The PoA as held, or null when it is not news or not of use.</returns>
    public HeldProof? Record(LaneState lane, Verified<ProofOfAvailability> proof, long nowMs, List<ReplicaEffect> effects)
    {
        LaneTip tip = proof.Value.Tip;
        ulong seq = tip.Seq.Value;
        if (seq < lane.FinalCount) return null;
        if (lane.Proofs.At(seq) is { } known)
        {
            // Two PoAs of q differ only if an acker signed two digests: more than f members are faulty.
            if (known.Tip != tip) ReportConflict(known.Proof.Value, proof.Value, effects);
            return null;
        }

        if (lane.PlaceAt(seq)?.Ackable is { AuthorAck: { } signed } && signed.Tip != tip) evidence.Compare(signed, proof.Value, effects);
        var held = new HeldProof(proof, context.Committee.Count, nowMs);
        ulong certified = ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount);
        lane.Proofs.Add(held);
        ReplicaSet signers = ReplicaSet.Empty;
        foreach (AckSignature ack in proof.Value.Acks) signers = signers.With(ack.Acker);
        lane.NoteHolders(signers);

        for (ulong at = certified; at <= seq && at < certified + LaneLimits.PlaceWindows * (ulong)context.Options.LaneWindowBatches; at++)
            lane.PlaceAt(at)?.Acks = null;
        lane.SilentSinceMs = -1;
        return held;
    }

    public void Broadcast(HeldProof proof, long nowMs, List<ReplicaEffect> effects)
    {
        if (context.Committee.Count > 1) effects.Add(new ReplicaEffect.Send(context.Others, proof.Proof.Value, AfterSync: false));
        foreach (ReplicaId member in context.Connected) proof.NoteSent(member, nowMs);
        proof.BroadcastAtMs = nowMs;
    }

    /// <summary>A session began: what would be re-sent goes to that member at once.</summary>
    public void OnConnected(ReplicaId member, long nowMs, List<ReplicaEffect> effects)
    {
        foreach (LaneState lane in context.Lanes)
        {
            lane.Proofs.ForgetSent(member);
            HeldProof? next = NextOf(lane);
            SendOne(next);
            if (lane.Proofs.Newest != next) SendOne(lane.Proofs.Newest);
        }

        void SendOne(HeldProof? proof)
        {
            if (proof is null || proof.BroadcastAtMs < 0) return;
            effects.Add(new ReplicaEffect.Send(ReplicaSet.Of(member), proof.Proof.Value, AfterSync: false));
            proof.NoteSent(member, nowMs);
        }
    }

    public void OnDisconnected(ReplicaId member)
    {
        foreach (LaneState lane in context.Lanes) lane.Proofs.ForgetSent(member);
    }

    /// <summary>Re-sends what is due: of each lane the PoA that the next cut would take, and the newest, which covers all below.</summary>
    public void Tick(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (LaneState lane in context.Lanes)
        {
            HeldProof? next = NextOf(lane);
            if (next is null || lane.IsFrozen) continue;
            if (nowMs >= DueMs(next)) Broadcast(next, nowMs, effects);
            HeldProof newest = lane.Proofs.Newest!;
            if (newest != next && nowMs >= DueMs(newest)) Broadcast(newest, nowMs, effects);
        }
    }

    public long NextDeadlineMs()
    {
        long deadline = long.MaxValue;
        foreach (LaneState lane in context.Lanes)
        {
            if (lane.IsFrozen || NextOf(lane) is not { } next) continue;
            deadline = long.Min(deadline, long.Min(DueMs(next), DueMs(lane.Proofs.Newest!)));
        }

        return deadline;
    }

    private HeldProof? NextOf(LaneState lane) => lane.Proofs.Next(lane.FinalCount, context.Options.MaxBatchesPerLane);

    private long DueMs(HeldProof proof) => proof.BroadcastAtMs < 0
        ? proof.HeldAtMs + (context.Options.FreshnessMs / 2)
        : proof.BroadcastAtMs + context.Options.ResendMs;

    private void ReportConflict(ProofOfAvailability known, ProofOfAvailability other, List<ReplicaEffect> effects)
    {
        foreach (AckSignature item in known.Acks)
            evidence.Compare(new Ack(known.Tip, item.Acker, item.Height, item.Signature), other, effects);
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// For a lane whose author fell silent between collecting Acks and showing the PoA: members send their Acks to all, and whoever holds q builds the
/// PoA (consensus.md 7). A member offers the Ack of its own tip; members whose tips differ meet because each answers an offered place that it
/// holds, too, with its own Ack for it. A member that lacks the batch at a place offered by f+1 fetches it from them and acks it as well: so a PoA
/// that the author alone had comes into being again although some of its ackers keep silent.
/// </summary>
internal sealed class AckExchange(LaneContext context, AckSigner signer, BatchIntake intake)
{
    /// <summary>The rule under which a PoA appears in the trace that another than the author built: the section of the specification.</summary>
    public const string TraceRule = "7";

    /// <summary>Starts the clock when acked batches begin to wait for a PoA, stops it when none does.</summary>
    public void Note(LaneState lane, long nowMs)
    {
        if (!IsWaiting(lane))
        {
            lane.SilentSinceMs = -1;
            lane.ExchangeAtMs = -1;
        }
        else if (lane.SilentSinceMs < 0)
        {
            lane.SilentSinceMs = nowMs;
        }
    }

    public void Tick(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (LaneState lane in context.Lanes)
        {
            if (lane.SilentSinceMs < 0 || nowMs < DueMs(lane)) continue;
            lane.ExchangeAtMs = nowMs + context.ResendMs();
            Offer(lane, lane.DurableCount - 1, nowMs, effects);
        }
    }

    public long NextDeadlineMs()
    {
        long deadline = long.MaxValue;
        foreach (LaneState lane in context.Lanes)
        {
            if (lane.SilentSinceMs >= 0) deadline = long.Min(deadline, DueMs(lane));
        }

        return deadline;
    }

    /// <summary>A member offers its Ack for a place of another's lane: it goes the same way back to all, at most once per R.</summary>
    public void OnAck(LaneState lane, Ack ack, long nowMs, List<ReplicaEffect> effects)
    {
        ulong seq = ack.Tip.Seq.Value;
        if (lane.IsFrozen || seq < ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount)) return;
        if (lane.PlaceAt(seq) is not { } place) return;
        if (place.HoldsNothing) Pull(lane, ack.Tip, place, nowMs, effects);
        if (place.Ackable is not { IsDurable: true } held || held.Tip != ack.Tip) return;
        if (place.ExchangedAtMs >= 0 && nowMs < place.ExchangedAtMs + context.Options.ResendMs) return;
        Offer(lane, seq, nowMs, effects);
    }

    /// <summary>
    /// The answer to a pull. It ends in the digest that f+1 members acked, an honest one among them, so its content is right; it may be acked where
    /// it reaches down to what is known here. When it does not, because not all fitted, what is below is asked for first.
    /// </summary>
    /// <returns>True when something was placed.</returns>
    public bool OnBatches(LaneState lane, ReplicaId? from, BatchResponse response, long nowMs, List<ReplicaEffect> effects)
    {
        if (lane.Pulled is not { } tip || response.Batches.Count == 0) return false;
        Hash32 needed = tip.Digest;
        int lowest = response.Batches.Count;
        while (lowest > 0 && response.Batches[lowest - 1].Header.Digest == needed) needed = response.Batches[--lowest].Header.PreviousDigest;
        if (lowest == response.Batches.Count) return false;
        lane.Pulled = null;
        while (lowest < response.Batches.Count && lane.PlaceAt(response.Batches[lowest].Header.Seq.Value)?.Ackable is not null) lowest++;
        if (lowest == response.Batches.Count) return false;
        BatchHeader first = response.Batches[lowest].Header;
        if (lane.LinkOf(first.Seq.Value, first.PreviousDigest) == ChainLink.Unknown)
        {
            if (from is { } holder) Ask(lane, new LaneTip(lane.Id, new BatchSeq(first.Seq.Value - 1), first.PreviousDigest), holder, nowMs, effects);
            return false;
        }

        bool isPlaced = false;
        for (int i = lowest; i < response.Batches.Count && intake.TryPlaceFetched(lane, response.Batches[i], effects); i++) isPlaced = true;
        if (isPlaced && lane.PlaceAt(tip.Seq.Value) is { Ackable: not null } place) place.IsExchangeWanted = true;
        return isPlaced;
    }

    private void Pull(LaneState lane, LaneTip tip, LanePlace place, long nowMs, List<ReplicaEffect> effects)
    {
        if (nowMs < lane.PullAtMs || place.Acks is not { } acks) return;
        ReplicaSet ackers = acks.AckersOf(tip.Digest).Without(lane.Author);
        if (lane.Epoch.Self is { } self) ackers = ackers.Without(self);
        if (ackers.Count < lane.Epoch.Committee.Quorum.OneHonest) return;
        ReplicaSet holders = new ReplicaSet(lane.Epoch.SeatsNow(ackers).Bits & context.Others.Bits);
        if (holders.Count == 0) return;
        int choice = context.Random.Below(holders.Count);
        foreach (ReplicaId holder in holders)
        {
            if (choice-- == 0) Ask(lane, tip, holder, nowMs, effects);
        }
    }

    private void Ask(LaneState lane, LaneTip tip, ReplicaId holder, long nowMs, List<ReplicaEffect> effects)
    {
        ulong first = ulong.Max(lane.DurableCount, ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount));
        if (first > tip.Seq.Value || tip.Seq.Value - first >= BatchRequest.MaxBatches) return;
        lane.Pulled = tip;
        lane.PullAtMs = nowMs + context.Options.SlotTimeoutMs;
        effects.Add(new ReplicaEffect.Send(ReplicaSet.Of(holder), new BatchRequest(new BatchSeq(first), tip), AfterSync: false));
    }

    private void Offer(LaneState lane, ulong seq, long nowMs, List<ReplicaEffect> effects)
    {
        if (lane.PlaceAt(seq) is not { } place) return;
        place.ExchangedAtMs = nowMs;
        if (place.OwnAck is { } ack)
        {
            effects.Add(new ReplicaEffect.Send(context.Others, ack, AfterSync: false));
            return;
        }

        place.IsExchangeWanted = true;
        signer.SignPlace(lane, seq, effects);
    }

    private bool IsWaiting(LaneState lane) =>
        !lane.IsOwn && lane.Epoch.Self is not null && !lane.IsFrozen && lane.DurableCount > ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount);

    private long DueMs(LaneState lane) => long.Max(lane.SilentSinceMs + context.Options.FreshnessMs, lane.ExchangeAtMs);
}

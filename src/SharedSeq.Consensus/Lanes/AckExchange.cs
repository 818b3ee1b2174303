using System.Collections.Generic;

namespace SharedSeq.Consensus;

/// <summary>
/// For a lane whose author fell silent between collecting Acks and showing the PoA: members send their Acks to all, and whoever holds q builds the
/// PoA (consensus.md 7). A member offers the Ack of its own tip; members whose tips differ meet because each answers an offered place that it
/// holds, too, with its own Ack for it.
/// </summary>
internal sealed class AckExchange(LaneContext context, AckSigner signer)
{
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
        if (seq < ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount)) return;
        if (lane.PlaceAt(seq) is not { Ackable: { IsDurable: true } held } place || held.Tip != ack.Tip) return;
        if (place.ExchangedAtMs >= 0 && nowMs < place.ExchangedAtMs + context.Options.ResendMs) return;
        Offer(lane, seq, nowMs, effects);
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
        lane.Author != context.Self && !lane.IsFrozen && lane.DurableCount > ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount);

    private long DueMs(LaneState lane) => long.Max(lane.SilentSinceMs + context.Options.FreshnessMs, lane.ExchangeAtMs);
}

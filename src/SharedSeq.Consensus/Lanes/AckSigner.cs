using System.Collections.Generic;
using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Asks for own Acks. While one is being signed, further batches of the lane become durable; the next Ack then covers them all ("one Ack per sync
/// group covers the lane prefix"). A PoA needs acks of q members for exactly the same tip, and members group differently; so a group is acked at
/// its newest place and at its roundest (the one whose sequence is divisible by the highest power of two). If no group is larger than 2^k, a place
/// divisible by 2^k is the only such place in its group, so every member acks it by itself: no lane waits longer for a PoA than about two groups.
/// </summary>
internal sealed class AckSigner(LaneContext context)
{
    public void Sign(LaneState lane, List<ReplicaEffect> effects)
    {
        if (lane.SigningCount > 0 || lane.IsFrozen || lane.IsOwn) return;
        ulong from = ulong.Max(lane.SignedCount, ulong.Max(lane.FinalCount, lane.Proofs.CertifiedCount));
        if (lane.DurableCount <= from) return;
        ulong top = lane.DurableCount - 1;
        ulong round = Roundest(from, top);
        if (round != top) SignPlace(lane, round, effects);
        SignPlace(lane, top, effects);
    }

    /// <summary>Asks for the Ack of one place, unless it is signed or being signed, or nothing durable is acked there.</summary>
    public void SignPlace(LaneState lane, ulong seq, List<ReplicaEffect> effects)
    {
        if (lane.PlaceAt(seq) is not { Ackable: { IsDurable: true } held } place) return;
        if (place.IsSigning || place.OwnAck is not null) return;
        if (lane.Epoch.Self is null || !lane.Epoch.IsInTime(context.FinalHeight)) return;
        place.IsSigning = true;
        lane.SigningCount++;
        lane.SignedCount = ulong.Max(lane.SignedCount, seq + 1);
        effects.Add(new ReplicaEffect.SignAck(held.Tip, lane.Epoch.AckHeight(context.FinalHeight)));
    }

    /// <returns>The place whose Ack this is, or null when it is of no use any more.</returns>
    public LanePlace? OnSigned(LaneState lane, Ack ack, List<ReplicaEffect> effects)
    {
        Invariant.Check(ack.Acker == lane.Epoch.Self, "only own acks are signed here");
        if (lane.SigningCount > 0) lane.SigningCount--;
        LanePlace? place = lane.PlaceAt(ack.Tip.Seq.Value);
        if (place is null) return null;
        place.IsSigning = false;
        if (place.Ackable?.Tip != ack.Tip || ack.Tip.Seq.Value < lane.FinalCount) return null;
        place.OwnAck = ack;
        effects.Add(lane.Epoch.Send(lane.Author, ack));
        return place;
    }

    /// <summary>The number in [low, high] that is divisible by the highest power of two.</summary>
    public static ulong Roundest(ulong low, ulong high)
    {
        if (low == 0 || low == high) return low;
        int bits = BitOperations.Log2((low - 1) ^ high);
        return high & ~((1UL << bits) - 1);
    }
}

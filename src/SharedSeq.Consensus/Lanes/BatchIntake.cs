using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Batches of other lanes as they come from their authors: chain and window checks, one digest per place, a small reorder buffer, evidence E5
/// (consensus.md 7). What is placed goes to the batch log; the Ack follows when it is durable.
/// </summary>
internal sealed class BatchIntake(LaneContext context, LaneEvidence evidence)
{
    /// <returns>True when something was placed.</returns>
    public bool OnBatch(LaneState lane, Verified<Batch> batch, List<ReplicaEffect> effects)
    {
        BatchHeader header = batch.Value.Header;
        ulong seq = header.Seq.Value;
        if (lane.IsFrozen || seq < lane.DeliveredCount) return false;
        if (lane.PlaceAt(seq)?.Ackable is { } placed)
        {
            if (placed.Tip.Digest == header.Digest) AnswerRepeated(lane, seq, effects);
            else OnOtherBatch(lane, placed, batch.Value, effects);
            return false;
        }

        if (lane.Proofs.At(seq) is { } proof && proof.Tip.Digest != header.Digest)
        {
            evidence.Compare(batch.Value.AuthorAck, proof.Proof.Value, effects);
            return false;
        }

        if (!lane.Epoch.IsInTime(context.FinalHeight)) return false;
        ChainLink link = lane.LinkOf(seq, header.PreviousDigest);
        if (link == ChainLink.Linked && HasRoom(lane, batch.Value))
        {
            Place(lane, batch.Value, effects);
            PlaceWaiting(lane, effects);
            return true;
        }

        // Kept while it may still fit: the batch before it is under way, or the window is about to move.
        bool isNear = seq < lane.FinalCount + (2 * (ulong)context.Options.LaneWindowBatches);
        if (link != ChainLink.Contradicts && isNear) lane.Waiting.Add(batch);
        return false;
    }

    /// <summary>Places what waits for a batch, a PoA or room that has come, and drops what is delivered or contradicted meanwhile.</summary>
    public void PlaceWaiting(LaneState lane, List<ReplicaEffect> effects)
    {
        if (lane.Waiting.Count == 0) return;
        foreach (ulong seq in lane.Waiting.Sequences())
        {
            Batch batch = lane.Waiting.At(seq).Value;
            bool isPlaced = seq < lane.DeliveredCount || lane.PlaceAt(seq)?.Ackable is not null;
            ChainLink link = isPlaced ? ChainLink.Contradicts : lane.LinkOf(seq, batch.Header.PreviousDigest);
            if (link == ChainLink.Unknown || (link == ChainLink.Linked && !HasRoom(lane, batch))) continue;
            lane.Waiting.Remove(seq);
            bool isOther = lane.Proofs.At(seq) is { } proof && proof.Tip.Digest != batch.Header.Digest;
            if (link == ChainLink.Linked && !isOther) Place(lane, batch, effects);
        }
    }

    /// <summary>
    /// Places a batch that was fetched by a digest f+1 members acked. Nobody checked the author's signature on it, so it is stored without one:
    /// a restart must not take it for the author's Ack.
    /// </summary>
    public bool TryPlaceFetched(LaneState lane, Batch batch, List<ReplicaEffect> effects)
    {
        BatchHeader header = batch.Header;
        if (header.Seq.Value < lane.FinalCount || lane.PlaceAt(header.Seq.Value)?.Ackable is not null) return false;
        if (lane.LinkOf(header.Seq.Value, header.PreviousDigest) != ChainLink.Linked || !HasRoom(lane, batch)) return false;
        lane.SetAckable(HeldBatch.Of(batch, isSigned: false));
        effects.Add(new ReplicaEffect.StoreBatch(Batch.Own(header, Height.Zero, default, batch.Body), IsAckable: true));
        return true;
    }

    /// <summary>Back-pressure: how far a lane may run ahead of the final cut, and how much may be remembered while data lags behind it.</summary>
    private bool HasRoom(LaneState lane, Batch batch)
    {
        ulong window = (ulong)context.Options.LaneWindowBatches;
        ulong seq = batch.Header.Seq.Value;
        if (seq < lane.FinalCount) return lane.PlaceCount < LaneLimits.PlaceWindows * context.Options.LaneWindowBatches;
        return seq < lane.FinalCount + window
            && lane.WindowBytes + batch.Header.BodyBytes <= context.Options.LaneWindowBytes
            && lane.PlaceCount < LaneLimits.PlaceWindows * context.Options.LaneWindowBatches;
    }

    private static void Place(LaneState lane, Batch batch, List<ReplicaEffect> effects)
    {
        if (lane.PlaceAt(batch.Header.Seq.Value)?.Find(batch.Header.Digest) is not null) return;
        lane.SetAckable(HeldBatch.Of(batch, isSigned: true));
        effects.Add(new ReplicaEffect.StoreBatch(batch, IsAckable: true));
    }

    /// <summary>The author does not know that we have it: the same Ack again, or one that covers it, or the PoA it is in already.</summary>
    private static void AnswerRepeated(LaneState lane, ulong seq, List<ReplicaEffect> effects)
    {
        if (seq < lane.FinalCount) return;
        if (lane.Proofs.Covering(seq) is { } proof)
        {
            effects.Add(lane.Epoch.Send(lane.Author, proof.Proof.Value));
            return;
        }

        for (ulong at = seq; at < lane.SignedCount; at++)
        {
            if (lane.PlaceAt(at)?.OwnAck is not { } ack) continue;
            effects.Add(lane.Epoch.Send(lane.Author, ack));
            return;
        }
    }

    /// <summary>A second batch for a place: E5. Its data is kept only where the chain that counts runs through it.</summary>
    private void OnOtherBatch(LaneState lane, HeldBatch placed, Batch other, List<ReplicaEffect> effects)
    {
        if (placed.AuthorAck is { } signed) evidence.Record(signed, other.AuthorAck, effects);
        bool isCertified = lane.Proofs.At(other.Header.Seq.Value)?.Tip.Digest == other.Header.Digest;
        if (isCertified) StoreForData(lane, other, effects);
    }

    /// <summary>Stores a batch that is known to be part of the chain, but is not the one acked here or was not checked to continue it.</summary>
    public static void StoreForData(LaneState lane, Batch batch, List<ReplicaEffect> effects)
    {
        if (lane.PlaceAt(batch.Header.Seq.Value)?.Find(batch.Header.Digest) is not null) return;
        lane.SetFetched(HeldBatch.Of(batch, isSigned: false));
        effects.Add(new ReplicaEffect.StoreBatch(batch, IsAckable: false));
    }
}

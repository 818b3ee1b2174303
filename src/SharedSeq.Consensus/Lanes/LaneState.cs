using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>How a batch relates to the lane as far as it is known here.</summary>
internal enum ChainLink
{
    /// <summary>The batch before it is not known: it can neither be placed nor refused.</summary>
    Unknown = 0,

    /// <summary>The batch before it is acked here, certified, or the committed tip: it may be acked.</summary>
    Linked = 1,

    /// <summary>Another batch is known at the place before it.</summary>
    Contradicts = 2,
}

/// <summary>
/// Everything known about one lane. Counts are numbers of batches from the lane's start, so that "none" is 0 and a tip's count is its sequence + 1:
/// delivered &lt;= committed &lt;= final.
/// </summary>
internal sealed class LaneState
{
    private readonly Lookup<ulong, LanePlace> _places = new();
    private readonly Queue<HeldBatch> _storing = new();
    private ulong _placesEnd;
    private ReplicaSet _signers;

    public LaneState(LaneId id, LaneEpoch epoch, ReplicaOptions options)
    {
        Id = id;
        Epoch = epoch;
        Proofs = new LaneProofs(options.LaneWindowBatches + 1);
    }

    public LaneId Id { get; }

    /// <summary>The epoch of the lane; its committee signs what belongs to the lane.</summary>
    public LaneEpoch Epoch { get; }

    /// <summary>The author's seat in the lane's epoch.</summary>
    public ReplicaId Author => Id.Author;

    public bool IsOwn => Author == Epoch.Self;

    /// <summary>Tip in the newest cut known to be final; the window and the Acks go by it.</summary>
    public LaneTip? Final { get; private set; }

    /// <summary>Tip after the last committed height that was handed over, in height order.</summary>
    public LaneTip? Committed { get; set; }

    /// <summary>Tip after the last delivered height: everything below is durable and forgotten here.</summary>
    public LaneTip? Delivered { get; private set; }

    public ulong FinalCount => CountOf(Final);

    public ulong DeliveredCount => CountOf(Delivered);

    public LaneProofs Proofs { get; }

    public ReorderBuffer Waiting { get; } = new();

    /// <summary>Body bytes placed above the final cut: what LaneWindowBytes bounds.</summary>
    public long WindowBytes { get; private set; }

    public int PlaceCount => _places.Count;

    /// <summary>Places that hold no batch, only Acks of others.</summary>
    public int UnknownPlaces { get; private set; }

    /// <summary>Batches up to the highest one this replica may ack and has durable.</summary>
    public ulong DurableCount { get; set; }

    /// <summary>Batches up to the highest one for which an own Ack was signed or asked for.</summary>
    public ulong SignedCount { get; set; }

    /// <summary>SignAck effects not answered yet.</summary>
    public int SigningCount { get; set; }

    /// <summary>Since when acked batches wait for a PoA; -1 while none does.</summary>
    public long SilentSinceMs { get; set; } = -1;

    public long ExchangeAtMs { get; set; } = -1;

    /// <summary>What is asked for during an ack exchange, and when it may be asked for again.</summary>
    public LaneTip? Pulled { get; set; }

    public long PullAtMs { get; set; }

    /// <summary>Signers of the newest PoA seen, as seats of the present epoch: whom to ask for batches.</summary>
    public ReplicaSet Holders { get; private set; }

    /// <summary>Those signers that have no seat in the present epoch, as seats of the lane's: they still serve what they hold.</summary>
    public ReplicaSet FormerHolders { get; private set; }

    /// <summary>Committed ranges not delivered yet, in height order.</summary>
    public List<CommittedRange> Ranges { get; } = [];

    /// <summary>What is asked for to deliver them.</summary>
    public FetchState Fetch { get; } = new();

    /// <summary>A fork of certified batches was found (consensus.md 7 (ii)): nothing of the lane is acked, proposed or delivered any more.</summary>
    public bool IsFrozen { get; set; }

    public static ulong CountOf(LaneTip? tip) => tip is { } t ? t.Seq.Value + 1 : 0;

    public LanePlace? PlaceAt(ulong seq) => _places.TryGet(seq, out LanePlace? place) ? place : null;

    /// <summary>The place, made when it is new. The caller checked that the lane's bounds allow it.</summary>
    public LanePlace PlaceFor(ulong seq)
    {
        Invariant.Check(seq >= DeliveredCount, "delivered places are forgotten");
        if (_places.TryGet(seq, out LanePlace? place)) return place;
        place = new LanePlace();
        _places[seq] = place;
        UnknownPlaces++;
        _placesEnd = ulong.Max(_placesEnd, seq + 1);
        return place;
    }

    /// <summary>Puts the one batch this replica acks at its place.</summary>
    public void SetAckable(HeldBatch held)
    {
        LanePlace place = PlaceFor(held.Tip.Seq.Value);
        Invariant.Check(place.Ackable is null, "at most one digest is acked per place");
        if (place.HoldsNothing) UnknownPlaces--;
        place.Ackable = held;
        if (held.AuthorAck is { } author) place.Acks?.Add(author);
        if (held.Tip.Seq.Value >= FinalCount) WindowBytes += held.BodyBytes;
        if (held.IsDurable) DurableCount = ulong.Max(DurableCount, held.Tip.Seq.Value + 1);
        else _storing.Enqueue(held);
    }

    /// <summary>Puts a batch that is stored for its data only.</summary>
    public void SetFetched(HeldBatch held)
    {
        LanePlace place = PlaceFor(held.Tip.Seq.Value);
        if (place.HoldsNothing) UnknownPlaces--;
        place.Fetched = held;
        if (!held.IsDurable) _storing.Enqueue(held);
    }

    /// <summary>The batch log has synced this batch, and with it all that were given to it before.</summary>
    public void NoteStored(LaneTip tip)
    {
        while (_storing.TryDequeue(out HeldBatch? held))
        {
            held.IsDurable = true;
            ulong seq = held.Tip.Seq.Value;
            if (ReferenceEquals(PlaceAt(seq)?.Ackable, held)) DurableCount = ulong.Max(DurableCount, seq + 1);
            if (held.Tip == tip) return;
        }
    }

    /// <summary>Whether a batch with this sequence and previous digest continues what is known (consensus.md 7, rule of Acks).</summary>
    public ChainLink LinkOf(ulong seq, Hash32 previousDigest)
    {
        if (seq == 0) return ChainLink.Linked;
        ulong before = seq - 1;
        bool contradicts = false;
        return IsTipBefore(PlaceAt(before)?.Ackable?.Tip, before, previousDigest, ref contradicts)
            || IsTipBefore(Proofs.At(before)?.Tip, before, previousDigest, ref contradicts)
            || IsTipBefore(Final, before, previousDigest, ref contradicts)
            || IsTipBefore(Committed, before, previousDigest, ref contradicts)
            || IsTipBefore(Delivered, before, previousDigest, ref contradicts)
            ? ChainLink.Linked
            : contradicts ? ChainLink.Contradicts : ChainLink.Unknown;
    }

    /// <summary>A newer final cut names this tip: Acks below it are of no use any more, the window moves.</summary>
    public void AdvanceFinal(LaneTip tip)
    {
        ulong count = tip.Seq.Value + 1;
        Invariant.Check(count > FinalCount, "the final cut only advances");
        for (ulong seq = FinalCount; seq < ulong.Min(count, _placesEnd); seq++)
        {
            if (PlaceAt(seq) is not { } place) continue;
            if (place.Ackable is { } held) WindowBytes -= held.BodyBytes;
            place.Acks = null;
            place.OwnAck = null;
            if (place.HoldsNothing) RemovePlace(seq, place);
        }

        Final = tip;
        Proofs.PruneBelow(count);
        SilentSinceMs = -1;
    }

    /// <summary>The height with this tip was delivered: the places below are forgotten.</summary>
    public void AdvanceDelivered(LaneTip tip)
    {
        ulong count = tip.Seq.Value + 1;
        for (ulong seq = DeliveredCount; seq < ulong.Min(count, _placesEnd); seq++)
        {
            if (PlaceAt(seq) is { } place) RemovePlace(seq, place);
        }

        Delivered = tip;
    }

    /// <summary>
    /// The same lane as the epoch before knew it, seen from the next one: everything committed is delivered; PoAs have been sent to nobody yet, because
    /// freshness counts from when they were sent in this epoch.
    /// </summary>
    public void TakeOver(LaneState before, int members)
    {
        Invariant.Check(before.Ranges.Count == 0, "lanes are taken over when all that is committed is delivered");
        Final = before.Final;
        Committed = before.Committed;
        Delivered = before.Delivered;
        foreach ((ulong seq, LanePlace place) in before.Places())
        {
            _places[seq] = place;
            place.IsSigning = false;
            place.ExchangedAtMs = -1;
            if (place.HoldsNothing) UnknownPlaces++;
        }

        _placesEnd = before._placesEnd;
        WindowBytes = before.WindowBytes;
        DurableCount = before.DurableCount;
        SignedCount = before.SignedCount;
        IsFrozen = before.IsFrozen;
        foreach (HeldBatch held in before._storing) _storing.Enqueue(held);
        for (int i = 0; i < before.Proofs.Count; i++) Proofs.Add(new HeldProof(before.Proofs[i].Proof, members, before.Proofs[i].HeldAtMs));
        if (before._signers.Count > 0) NoteHolders(before._signers);
    }

    /// <summary>These members of the lane's epoch signed its newest PoA.</summary>
    public void NoteHolders(ReplicaSet signers)
    {
        _signers = signers;
        Holders = Epoch.SeatsNow(signers);
        FormerHolders = Epoch.Former(signers);
    }

    /// <summary>The state of a start: everything up to this tip is delivered.</summary>
    public void StartAt(LaneTip tip)
    {
        Final = tip;
        Committed = tip;
        Delivered = tip;
    }

    private static bool IsTipBefore(LaneTip? known, ulong before, Hash32 previousDigest, ref bool contradicts)
    {
        if (known is not { } tip || tip.Seq.Value != before) return false;
        if (tip.Digest == previousDigest) return true;
        contradicts = true;
        return false;
    }

    private IEnumerable<(ulong Seq, LanePlace Place)> Places()
    {
        for (ulong seq = DeliveredCount; seq < _placesEnd; seq++)
        {
            if (PlaceAt(seq) is { } place) yield return (seq, place);
        }
    }

    private void RemovePlace(ulong seq, LanePlace place)
    {
        if (place.HoldsNothing) UnknownPlaces--;
        _places.Remove(seq);
    }
}

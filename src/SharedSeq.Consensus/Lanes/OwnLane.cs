using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The lane this replica writes: pushes sealed batches to the members, again to those that do not ack them, and releases receipts by PoA.
/// Each member has a cursor, the next own batch to push to it: at the end of the lane in good times, set back when the member reconnects or
/// stays silent for R, and then moved on as its Acks come, with a bounded number of bytes under way.
/// </summary>
internal sealed class OwnLane
{
    private readonly LaneContext _context;
    private readonly LaneState _lane;
    private readonly ulong[] _cursor;
    private readonly ulong[] _acked;
    private readonly long[] _dueMs;
    private ulong _certified;
    private long _bytesSealed;

    /// <param name="context">What the lanes share.</param>
    /// <param name="lane">The own lane of the present epoch, or of one that ended.</param>
    public OwnLane(LaneContext context, LaneState lane)
    {
        _context = context;
        _lane = lane;
        int members = context.Committee.Count;
        _cursor = new ulong[members];
        _acked = new ulong[members];
        _dueMs = new long[members];
        System.Array.Fill(_dueMs, long.MaxValue);
    }

    /// <summary>Batches sealed so far: the sequence of the next one.</summary>
    public ulong SealedCount { get; private set; }

    /// <summary>Digest of the newest own batch; zero before the first.</summary>
    public Hash32 NewestDigest { get; private set; }

    /// <summary>
    /// The lane goes on elsewhere: certified or committed own batches exist that this log does not have, so it was lost (5 h). Sealing more would
    /// sign a second batch for a place.
    /// </summary>
    public bool IsRetired { get; private set; }

    public LaneRoom Room => IsRetired || _lane.IsFrozen
        ? default
        : new LaneRoom(
            int.Max(0, _context.Options.LaneWindowBatches - (int)ulong.Min(SealedCount - ulong.Min(SealedCount, _lane.FinalCount), int.MaxValue)),
            long.Max(0, _context.Options.LaneWindowBytes - _lane.WindowBytes));

    public LaneState Lane => _lane;

    /// <summary>The same lane as the epoch before knew it. What is not acked is pushed again, to the seats of this epoch.</summary>
    public void TakeOver(OwnLane before)
    {
        SealedCount = before.SealedCount;
        NewestDigest = before.NewestDigest;
        IsRetired = before.IsRetired;
        _certified = before._certified;
        _bytesSealed = before._bytesSealed;
        System.Array.Fill(_cursor, _lane.FinalCount);
    }

    /// <summary>The delivered tip, then the batches of the log above it, in order.</summary>
    public void Recover(LaneTip? delivered, IReadOnlyList<HeldBatch> batches)
    {
        SealedCount = LaneState.CountOf(delivered);
        NewestDigest = delivered?.Digest ?? Hash32.Zero;
        _certified = SealedCount;
        foreach (HeldBatch held in batches)
        {
            // A gap in the own log: what lies behind it was sealed, so nothing may be sealed in its place.
            if (held.Tip.Seq.Value == SealedCount && held.PreviousDigest == NewestDigest) Append(held);
            else IsRetired = true;
        }

        System.Array.Fill(_cursor, _lane.FinalCount);
    }

    /// <summary>Sends the batches of the log that are not committed again.</summary>
    public void Start(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (ReplicaId member in _context.Others) Push(member, nowMs, effects);
    }

    /// <summary>Continues the lane by a batch that is durable.</summary>
    public void OnSealed(Batch batch, long nowMs, List<ReplicaEffect> effects)
    {
        BatchHeader header = batch.Header;
        Invariant.Check(header.Lane == _lane.Id, "an own batch is of the own lane");
        Invariant.Check(header.Seq.Value == SealedCount && header.PreviousDigest == NewestDigest, "an own batch continues the own lane");
        HeldBatch held = HeldBatch.Of(batch, isSigned: true, isDurable: true);
        _lane.SetAckable(held);
        Append(held);
        ReplicaSet to = ReplicaSet.Empty;
        foreach (ReplicaId member in _context.Others)
        {
            if (_cursor[member.Value] + 1 != SealedCount || !HasPushRoom(member)) continue;
            _cursor[member.Value] = SealedCount;
            if (_dueMs[member.Value] == long.MaxValue) _dueMs[member.Value] = nowMs + _context.ResendMs();
            to = to.With(member);
        }

        if (to.Count > 0) effects.Add(new ReplicaEffect.SendBatch(to, held.Tip));
    }

    /// <summary>A member holds the lane up to this tip.</summary>
    public void OnAck(Ack ack, long nowMs, List<ReplicaEffect> effects)
    {
        ulong seq = ack.Tip.Seq.Value;
        if (_lane.Epoch.SeatNow(ack.Acker) is not { } seat) return;
        int member = seat.Value;
        if (seq >= SealedCount || seq < _acked[member] || _lane.PlaceAt(seq)?.Ackable?.Tip != ack.Tip) return;
        _acked[member] = seq + 1;
        _cursor[member] = ulong.Max(_cursor[member], seq + 1);
        _dueMs[member] = nowMs + _context.ResendMs();
        Push(seat, nowMs, effects);
    }

    /// <summary>A PoA of the own lane is held and was sent to all: receipts of the batches it newly covers may go out.</summary>
    public void OnProof(HeldProof proof, List<ReplicaEffect> effects)
    {
        Invariant.Check(proof.BroadcastAtMs >= 0, "a PoA is sent to all before receipts are released");
        if (proof.Seq >= SealedCount || _lane.PlaceAt(proof.Seq)?.Ackable?.Tip != proof.Tip)
        {
            Retire(effects);
            return;
        }

        if (proof.Seq < _certified) return;
        _certified = proof.Seq + 1;
        if (!_lane.Epoch.IsInTime(_context.FinalHeight)) return;
        effects.Add(new ReplicaEffect.OwnBatchCertified(proof.Proof));
    }

    /// <summary>The final cut moved.</summary>
    public void OnFinal(long nowMs, List<ReplicaEffect> effects)
    {
        if (_lane.FinalCount > SealedCount) Retire(effects);
        _certified = ulong.Max(_certified, _lane.FinalCount);
        foreach (ReplicaId member in _context.Others) Push(member, nowMs, effects);
    }

    /// <summary>Another batch of the own lane, signed with the own key, turned up.</summary>
    public void OnForeign(LaneTip tip, List<ReplicaEffect> effects)
    {
        if (tip.Seq.Value >= SealedCount) Retire(effects);
    }

    public void OnConnected(ReplicaId member, long nowMs, List<ReplicaEffect> effects)
    {
        _cursor[member.Value] = BaseOf(member);
        Push(member, nowMs, effects);
    }

    public void Tick(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (ReplicaId member in _context.Others)
        {
            if (nowMs < _dueMs[member.Value]) continue;
            _dueMs[member.Value] = long.MaxValue;
            if (SealedCount <= ulong.Max(_certified, BaseOf(member))) continue;

            // Certified batches are not pushed again: who lacks them fetches them when they are committed.
            _cursor[member.Value] = ulong.Max(_certified, BaseOf(member));
            Push(member, nowMs, effects);
        }
    }

    public long NextDeadlineMs()
    {
        long deadline = long.MaxValue;
        foreach (long due in _dueMs) deadline = long.Min(deadline, due);
        return deadline;
    }

    private ulong BaseOf(ReplicaId member) => ulong.Max(_acked[member.Value], _lane.FinalCount);

    private void Append(HeldBatch held)
    {
        _bytesSealed += held.BodyBytes;
        held.BytesThrough = _bytesSealed;
        SealedCount++;
        NewestDigest = held.Tip.Digest;
    }

    private void Push(ReplicaId member, long nowMs, List<ReplicaEffect> effects)
    {
        ref ulong cursor = ref _cursor[member.Value];
        cursor = ulong.Max(cursor, BaseOf(member));
        bool isSent = false;
        while (cursor < SealedCount && _context.Connected.Has(member) && HasPushRoom(member))
        {
            if (_lane.PlaceAt(cursor)?.Ackable is not { } held) break;
            effects.Add(new ReplicaEffect.SendBatch(ReplicaSet.Of(member), held.Tip));
            cursor++;
            isSent = true;
        }

        if (isSent || SealedCount > ulong.Max(_certified, BaseOf(member)))
            _dueMs[member.Value] = long.Min(_dueMs[member.Value], nowMs + _context.ResendMs());
    }

    /// <summary>Whether less than <see cref="LaneLimits.PushBytes"/> are on their way to a member.</summary>
    private bool HasPushRoom(ReplicaId member)
    {
        ulong cursor = _cursor[member.Value];
        ulong acked = BaseOf(member);
        if (cursor <= acked) return true;
        long upTo = _lane.PlaceAt(cursor - 1)?.Ackable?.BytesThrough ?? 0;
        long from = acked == 0 ? 0 : _lane.PlaceAt(acked)?.Ackable is { } first ? first.BytesThrough - first.BodyBytes : upTo;
        return upTo - from < LaneLimits.PushBytes;
    }

    private void Retire(List<ReplicaEffect> effects)
    {
        if (IsRetired) return;
        IsRetired = true;
        _context.Trace(effects, "L", $"own lane retired at {SealedCount}: its log is incomplete");
    }
}

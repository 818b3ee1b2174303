using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The data lanes of one replica (consensus.md 7; docs/protocol/lanes.md): acks of others' batches, PoAs, the own lane, what a leader may propose
/// of them, and the way of committed heights to delivery. Part of <c>Replica</c>, which passes inputs on and adds these effects to its own; pure
/// like it. Times are the replica's monotonic milliseconds. Bodies of batches are not held, but for a few that came out of order.
/// </summary>
public sealed class LaneBook
{
    private readonly LaneContext _context;
    private readonly BatchIntake _intake;
    private readonly AckSigner _signer;
    private readonly AckExchange _exchange;
    private readonly ProofBook _proofs;
    private readonly List<OwnLane> _owns = [];
    private readonly OwnLane? _own;
    private readonly List<LaneState> _left = [];
    private readonly CutRules _rules;
    private readonly DeliveryQueue _queue;
    private readonly BatchFetch _fetch;

    /// <param name="options">Settings; windows and freshness are policy and the same for all members.</param>
    /// <param name="committee">The epoch's committee: its members' lanes are the ones there are.</param>
    /// <param name="self">This replica's seat; null for an observer, which has no lane in this epoch.</param>
    /// <param name="recovered">Durable state; empty for a first start.</param>
    /// <param name="evidenceBook">Where evidence goes to be recorded, passed on and proposed.</param>
    /// <param name="before">The lanes as the epoch before left them, everything committed delivered; null at a start.</param>
    public LaneBook(
        ReplicaOptions options, Committee committee, ReplicaId? self, RecoveredState recovered, EvidenceBook? evidenceBook = null,
        LaneBook? before = null)
    {
        _context = new LaneContext(options, committee, self, recovered.Closed, before?._context)
        {
            FinalHeight = recovered.Delivered.Id.Height,
            CommittedHeight = recovered.Delivered.Id.Height,
        };
        var evidence = new LaneEvidence(_context, evidenceBook ?? new EvidenceBook(_context.Others));
        _intake = new BatchIntake(_context, evidence);
        _signer = new AckSigner(_context);
        _exchange = new AckExchange(_context, _signer, _intake);
        _proofs = new ProofBook(_context, evidence);
        foreach (LaneState lane in _context.Lanes)
        {
            if (lane.IsOwn) _owns.Add(new OwnLane(_context, lane));
        }

        _own = self is null ? null : _owns[^1];
        _rules = new CutRules(_context);
        _queue = new DeliveryQueue(_context, recovered.Delivered.View ?? options.L1?.Start ?? L1View.None);
        _fetch = new BatchFetch(_context);
        if (before is null) Recover(recovered);
        else TakeOver(recovered, before);
    }

    /// <summary>Back-pressure of the own lane, for the shell's batch builder: no room for an observer, which has no lane.</summary>
    public LaneRoom OwnLaneRoom => _own?.Room ?? default;

    /// <summary>Sequence of the next own batch.</summary>
    public BatchSeq NextOwnSeq => new(_own?.SealedCount ?? 0);

    /// <summary>Digest that the next own batch names as the one before it; zero for the first.</summary>
    public Hash32 OwnNewestDigest => _own?.NewestDigest ?? Hash32.Zero;

    /// <summary>The own log is incomplete (5 h): the lane ends until the next epoch. The shell must not seal further batches.</summary>
    public bool IsOwnLaneRetired => _own?.IsRetired ?? false;

    /// <summary>Committed heights that wait for their batches.</summary>
    public int UndeliveredHeights => _queue.Count;

    /// <summary>Whether further committed heights may be handed over; a caller that catches up keeps the rest back, for memory's sake only.</summary>
    public bool HasRoomForCommitted => _queue.Count < LaneLimits.UndeliveredHeights;

    /// <summary>The lanes of ended epochs that are not closed, and the present ones: for checks that they are bounded.</summary>
    internal IReadOnlyList<LaneState> Open => _context.Lanes;

    /// <summary>What is kept in memory about one member's lane: for checks that it is bounded, and for metrics.</summary>
    public LaneMemory MemoryOf(ReplicaId author)
    {
        LaneState lane = _context.Find(new LaneId(_context.Committee.Epoch, author, 0))!;
        return new LaneMemory(lane.PlaceCount, lane.Proofs.Count, lane.Waiting.Count, lane.Waiting.Bytes);
    }

    /// <summary>Once, before any input: own batches above the committed tip go out again, ackable ones of others are acked again.</summary>
    public void Start(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (OwnLane own in _owns)
        {
            own.Start(nowMs, effects);
            for (ulong seq = own.Lane.FinalCount; seq < own.SealedCount; seq++)
            {
                // Only a committee of one has its quorum by the author alone.
                if (own.Lane.PlaceAt(seq)?.Ackable?.AuthorAck is { } ack) CountAck(own.Lane, ack, nowMs, effects);
            }
        }

        foreach (LaneState lane in _context.Lanes) AfterChange(lane, nowMs, effects);
    }

    /// <summary>A batch of its author, fresh or sent again.</summary>
    public void OnBatchReceived(Verified<Batch> batch, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(batch.Value.Header.Lane) is not { } lane) return;
        if (lane.IsOwn)
        {
            OwnOf(lane).OnForeign(batch.Value.Tip, effects);
            return;
        }

        if (_intake.OnBatch(lane, batch, effects)) AfterChange(lane, nowMs, effects);
    }

    /// <summary>Batches asked for by a BatchRequest; anything else is dropped.</summary>
    public void OnBatchesReceived(ReplicaId? from, BatchResponse response, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(response.Lane) is not { } lane) return;
        _fetch.OnBatches(lane, from, response, nowMs, effects);
        if (_exchange.OnBatches(lane, from, response, nowMs, effects)) AfterChange(lane, nowMs, effects);
    }

    /// <summary>The batch log synced this batch and all of its lane given to it before: a shell may answer once per lane and sync.</summary>
    public void OnBatchStored(LaneTip tip, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(tip.Lane) is not { } lane) return;
        lane.NoteStored(tip);
        AfterChange(lane, nowMs, effects);
        if (_queue.Count == 0) return;
        AdvanceQueue(nowMs, effects);
    }

    public void OnAckSigned(Verified<Ack> ack, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(ack.Value.Tip.Lane) is not { } lane) return;
        if (_signer.OnSigned(lane, ack.Value, effects) is { } place)
        {
            place.OwnAck = ack.Value;
            if (place.IsExchangeWanted)
                effects.Add(new ReplicaEffect.Send(AllButAuthor(lane), ack.Value, AfterSync: false));
            if (place.IsExchangeWanted || place.Acks is not null) CountAck(lane, ack.Value, nowMs, effects);
        }

        _signer.Sign(lane, effects);
    }

    public void OnAckReceived(Verified<Ack> ack, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(ack.Value.Tip.Lane) is not { } lane || ack.Value.Acker == lane.Epoch.Self) return;
        if (lane.IsOwn) OwnOf(lane).OnAck(ack.Value, nowMs, effects);
        CountAck(lane, ack.Value, nowMs, effects);
        if (!lane.IsOwn) _exchange.OnAck(lane, ack.Value, nowMs, effects);
    }

    /// <summary>A PoA by itself or out of a proposal; Replica passes on both.</summary>
    public void OnProofReceived(Verified<ProofOfAvailability> proof, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(proof.Value.Tip.Lane) is { } lane) Take(lane, proof, isBroadcast: false, nowMs, effects);
    }

    /// <summary>A client showed a receipt: its PoA goes to all at once, so that freshness counts from now on at the latest.</summary>
    public void OnReceiptRelayed(Verified<ProofOfAvailability> proof, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(proof.Value.Tip.Lane) is not { } lane) return;
        Take(lane, proof, isBroadcast: true, nowMs, effects);
        if (lane.Proofs.At(proof.Value.Tip.Seq.Value) is not { } held || held.Tip != proof.Value.Tip) return;
        bool isDue = held.BroadcastAtMs < 0 || nowMs >= held.BroadcastAtMs + _context.Options.ResendMs;
        if (isDue) _proofs.Broadcast(held, nowMs, effects);
    }

    /// <summary>The shell sealed, signed and stored the next own batch (5 h).</summary>
    public void OnOwnBatchSealed(Verified<Batch> batch, long nowMs, List<ReplicaEffect> effects)
    {
        if (_context.Find(batch.Value.Header.Lane) is not { } lane)
        {
            // Sealed so long ago that its lane is closed.
            effects.Add(new ReplicaEffect.BatchesLeft([batch.Value.Tip]));
            return;
        }

        OwnOf(lane).OnSealed(batch.Value, nowMs, effects);
        CountAck(lane, batch.Value.AuthorAck, nowMs, effects);
    }

    public void OnPeerConnected(ReplicaId peer, long nowMs, List<ReplicaEffect> effects)
    {
        if (peer == _context.Self || !_context.Committee.Has(peer)) return;
        _context.Connected = _context.Connected.With(peer);
        _proofs.OnConnected(peer, nowMs, effects);
        foreach (OwnLane own in _owns) own.OnConnected(peer, nowMs, effects);
    }

    public void OnPeerDisconnected(ReplicaId peer)
    {
        _context.Connected = _context.Connected.Without(peer);
        _proofs.OnDisconnected(peer);
    }

    /// <summary>
    /// A block is known to be final, perhaps long before its ancestors are fetched: Acks name its height, and the windows follow its cut.
    /// </summary>
    /// <param name="height">The block's height.</param>
    /// <param name="cut">Its cut resolved through carry blocks, or null while its header or theirs are missing.</param>
    /// <param name="nowMs">Monotonic time.</param>
    /// <param name="effects">Receives the effects.</param>
    public void OnFinal(Height height, IReadOnlyList<LaneTip>? cut, long nowMs, List<ReplicaEffect> effects)
    {
        if (height > _context.FinalHeight) _context.FinalHeight = height;
        if (cut is null) return;
        foreach (LaneTip tip in cut)
        {
            if (_context.Find(tip.Lane) is not { } lane || LaneState.CountOf(tip) <= lane.FinalCount) continue;
            lane.AdvanceFinal(tip);
            if (lane.IsOwn) OwnOf(lane).OnFinal(nowMs, effects);
            AfterChange(lane, nowMs, effects);
        }
    }

    /// <summary>The next committed height, in height order. Emits Deliver at once or when its batches are here.</summary>
    /// <param name="block">Header and payload.</param>
    /// <param name="timestamp">Resolved through carry blocks.</param>
    /// <param name="cut">The cut after this height, resolved through carry blocks.</param>
    /// <param name="proof">Its own commit proof, if there is one.</param>
    /// <param name="nowMs">Monotonic time.</param>
    /// <param name="effects">Receives the effects.</param>
    /// <param name="step">What it does to the L1 view; null in a network without L1.</param>
    internal void OnCommitted(
        Block block, TimestampMs timestamp, IReadOnlyList<LaneTip> cut, CommitProof? proof, long nowMs, List<ReplicaEffect> effects, L1Step? step = null)
    {
        OnFinal(block.Header.Height, cut, nowMs, effects);
        _queue.Add(block, timestamp, cut, proof, step ?? new L1Step(L1View.None, L1View.None));
        _context.CommittedHeight = block.Header.Height;
        AdvanceQueue(nowMs, effects);
    }

    /// <summary>The first height on its way out whose L1 inputs are missing.</summary>
    internal L1Step? MissingStep => _queue.MissingStep;

    /// <summary>The L1 view after the last height delivered.</summary>
    internal L1View DeliveredView => _queue.DeliveredView;

    /// <summary>The inputs of <see cref="MissingStep"/> are here.</summary>
    internal void OnInputs(L1Step step, L1Inputs inputs, long nowMs, List<ReplicaEffect> effects)
    {
        step.Inputs = inputs;
        AdvanceQueue(nowMs, effects);
    }

    /// <summary>Whether some lane has a PoA above this cut: then there is something to propose.</summary>
    /// <param name="parentCut">The parent's cut.</param>
    /// <param name="height">Height of the block to be.</param>
    public bool HasNews(IReadOnlyList<LaneTip> parentCut, Height height) => _rules.HasNews(parentCut, height);

    /// <summary>The cut to propose on this parent: of each lane the highest PoA within maxBatchesPerLane, or the lowest above if there is none.</summary>
    /// <param name="parentCut">The parent's cut.</param>
    /// <param name="height">Height of the block to be.</param>
    public CutCandidate BuildCut(IReadOnlyList<LaneTip> parentCut, Height height) => _rules.Build(parentCut, height);

    /// <summary>The cut that orders nothing on this parent.</summary>
    /// <param name="parentCut">The parent's cut.</param>
    /// <param name="height">Height of the block to be.</param>
    public CutCandidate KeepCut(IReadOnlyList<LaneTip> parentCut, Height height) => _rules.Keep(parentCut, height);

    /// <summary>Whether a proposed cut may follow its parent's (R4).</summary>
    public CutVerdict CheckCut(Header header, IReadOnlyList<LaneTip> parentCut, IReadOnlyList<Verified<ProofOfAvailability>> proofs) =>
        _rules.Check(header, parentCut, proofs);

    /// <summary>Whether the leader left out a PoA it was sent long enough before the slot was entered here (R4 freshness).</summary>
    public bool IsFreshnessViolated(ReplicaId leader, long slotEnteredAtMs, Header header, IReadOnlyList<LaneTip> parentCut) =>
        _rules.IsFreshnessViolated(leader, slotEnteredAtMs, header, parentCut);

    public void Tick(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (OwnLane own in _owns) own.Tick(nowMs, effects);
        _proofs.Tick(nowMs, effects);
        _exchange.Tick(nowMs, effects);
        _fetch.Tick(nowMs, effects);
    }

    /// <summary>When Tick has something to do next; long.MaxValue for never.</summary>
    public long NextDeadlineMs()
    {
        long next = long.Min(_proofs.NextDeadlineMs(), long.Min(_exchange.NextDeadlineMs(), _fetch.NextDeadlineMs()));
        foreach (OwnLane own in _owns) next = long.Min(next, own.NextDeadlineMs());
        return next;
    }

    private void Recover(RecoveredState recovered)
    {
        foreach (LaneTip tip in recovered.Delivered.Cut) _context.Find(tip.Lane)?.StartAt(tip);
        var byLane = new SortedDictionary<LaneId, List<HeldBatch>>();
        foreach (StoredBatch stored in recovered.Batches)
        {
            if (_context.Find(stored.Tip.Lane) is not { } lane || stored.Tip.Seq.Value < lane.DeliveredCount) continue;

            // A log may list a batch twice: a write that was repeated is not a second batch.
            if (stored.IsAckable && lane.PlaceAt(stored.Tip.Seq.Value)?.Ackable?.Tip == stored.Tip) continue;
            HeldBatch held = HeldBatch.Of(stored);
            if (!stored.IsAckable)
            {
                lane.SetFetched(held);
                continue;
            }

            lane.SetAckable(held);
            if (!lane.IsOwn) continue;
            (byLane[lane.Id] = byLane.GetValueOrDefault(lane.Id) ?? []).Add(held);
        }

        foreach (OwnLane own in _owns) own.Recover(own.Lane.Delivered, byLane.GetValueOrDefault(own.Lane.Id) ?? []);
    }

    private void TakeOver(RecoveredState recovered, LaneBook before)
    {
        foreach (LaneTip tip in recovered.Delivered.Cut)
            Invariant.Check(_context.Find(tip.Lane)?.Delivered == tip || _context.Find(tip.Lane) is null, "lanes are taken over as delivered");
        foreach (OwnLane own in _owns)
        {
            if (before._owns.Find(known => known.Lane.Id == own.Lane.Id) is { } known) own.TakeOver(known);
        }
    }

    private OwnLane OwnOf(LaneState lane)
    {
        foreach (OwnLane own in _owns)
        {
            if (ReferenceEquals(own.Lane, lane)) return own;
        }

        throw new InvariantException("an own lane has its keeper");
    }

    private ReplicaSet AllButAuthor(LaneState lane) =>
        lane.Epoch.SeatNow(lane.Author) is { } author ? _context.Others.Without(author) : _context.Others;

    /// <summary>Lanes of ended epochs close; certified batches of theirs that no cut has taken are handed back.</summary>
    private void DropClosed(List<ReplicaEffect> effects)
    {
        if (_context.Lanes[0].Epoch.ClosesAt > _context.CommittedHeight) return;
        _left.Clear();
        _context.DropClosed(_left);
        var batches = new List<LaneTip>();
        foreach (LaneState lane in _left)
        {
            ulong end = ulong.Max(lane.Proofs.CertifiedCount, lane.IsOwn ? OwnOf(lane).SealedCount : 0);
            for (ulong seq = lane.FinalCount; seq < end; seq++)
            {
                if (lane.PlaceAt(seq)?.Ackable is { IsDurable: true } held) batches.Add(held.Tip);
            }

            _owns.RemoveAll(own => ReferenceEquals(own.Lane, lane));
        }

        if (batches.Count > 0) effects.Add(new ReplicaEffect.BatchesLeft(batches));
    }

    private void AdvanceQueue(long nowMs, List<ReplicaEffect> effects)
    {
        _queue.Advance(effects);
        UpdateFetches(nowMs, effects);
        DropClosed(effects);
    }

    private void UpdateFetches(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (LaneState lane in _context.Lanes) _fetch.Update(lane, nowMs, effects);
    }

    private void CountAck(LaneState lane, Ack ack, long nowMs, List<ReplicaEffect> effects)
    {
        if (lane.IsFrozen || _proofs.OnAck(lane, ack, effects) is not { } proof) return;
        LaneTip tip = proof.Value.Tip;
        if (_context.Options.IsTraced && !lane.IsOwn && lane.Proofs.At(tip.Seq.Value) is null)
            _context.Trace(effects, AckExchange.TraceRule, $"lane {tip.Lane} proved at {tip.Seq} in its author's place");
        Take(lane, proof, isBroadcast: true, nowMs, effects);
    }

    private void Take(LaneState lane, Verified<ProofOfAvailability> proof, bool isBroadcast, long nowMs, List<ReplicaEffect> effects)
    {
        if (_proofs.Record(lane, proof, nowMs, effects) is not { } held) return;
        if (isBroadcast || lane.IsOwn) _proofs.Broadcast(held, nowMs, effects);
        if (lane.IsOwn) OwnOf(lane).OnProof(held, effects);
        AfterChange(lane, nowMs, effects);
    }

    /// <summary>A PoA, a durable batch or a newer final cut lets more be placed and acked.</summary>
    private void AfterChange(LaneState lane, long nowMs, List<ReplicaEffect> effects)
    {
        _intake.PlaceWaiting(lane, effects);
        _signer.Sign(lane, effects);
        _exchange.Note(lane, nowMs);
    }
}

using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// Where the effects of the deterministic machines meet the node's parts: logs, peers and the other actors. It decides nothing; it is called from
/// the actors' own loops, each member by the actor its interface belongs to.
/// </summary>
public sealed class NodeShell(
    NodeLogs logs, SnapshotFiles snapshots, CheckpointShelf checkpoints, BatchStore batches, PeerSender peers, Func<PeerId, PublicKey64> peerKeys,
    CertifiedProofs proofs, EpochSigners laneSigners, NodeProgress progress, NodeEpochs epochs, HeightPacing pacing, ILogger logger)
    : IReplicaShell, ILaneShell, IOrderingShell, IIntakeTarget
{
    /// <summary>
    /// Pieces' worth of serving that a question for checkpoints, whose answer lists their hashes, or for hand-overs counts as. 8: 25 such answers a second.
    /// </summary>
    private const int RequestPieces = 8;

    /// <summary>Pieces of checkpoints that one peer is given at once: 128, 32 MiB, half of what may wait on its bulk connection. Then 200 a second, 50 MiB:
    /// twice what a member asks of one other.</summary>
    private const int PiecesBurst = 128, PiecesPerSecond = 200;

    /// <summary>Bytes of a unit in which batches are asked for. 64 KiB: what a question costs at least, however little there is to answer.</summary>
    private const int BatchUnitBytes = 64 * 1024;

    /// <summary>Units of batches that one peer is given at once: 1,024, 64 MiB, what may wait on its bulk connection. Then 4,096 a second, 256 MiB: half of
    /// what is read from one peer, above what a returning member asks of one other.</summary>
    private const int BatchUnitsBurst = 1_024, BatchUnitsPerSecond = 4_096;

    private readonly CommitProofPairing _pairing = new();
    private readonly ServingBudget _pieces = new(PiecesBurst, PiecesPerSecond);
    private readonly ServingBudget _batchUnits = new(BatchUnitsBurst, BatchUnitsPerSecond);
    private ReplicaActor? _replica;
    private LaneActor? _lane;
    private OrderingActor? _ordering;
    private StateSyncActor? _sync;
    private MessageIntake? _intake;
    private long _viewedAt;

    /// <summary>Messages of peers that other parts take: attestations.</summary>
    public Action<PeerId, AttestationMessage>? OnAttestation { get; set; }

    /// <summary>The logs gave up what lies below.</summary>
    public Action<BatchRetention>? Pruned { get; set; }

    /// <summary>Evidence of misbehaviour, verified; to be kept and shown.</summary>
    public Action<Evidence>? EvidenceSeen { get; set; }

    /// <summary>What leads from one committee to the next, encoded, from an epoch on.</summary>
    public Func<Epoch, IReadOnlyList<byte[]>> HandOversFrom { get; set; } = _ => [];

    (int Batches, long Bytes) ILaneShell.Room => (progress.Room.Batches, progress.Room.Bytes);

    /// <summary>The PoA of an own batch; to be kept for receipts.</summary>
    public Action<ProofOfAvailability>? OwnBatchCertified { get; set; }

    /// <summary>Ties the knot: actors are made with this shell, the shell tells them.</summary>
    public void Attach(ReplicaActor replica, LaneActor lane, OrderingActor ordering, StateSyncActor sync, MessageIntake intake)
    {
        _sync = sync;
        _replica = replica;
        _lane = lane;
        _ordering = ordering;
        _intake = intake;
    }

    long IReplicaShell.AppendVote(DurableRecord record) => logs.AppendVote(record);

    long IReplicaShell.AppendBatch(Batch batch, bool isAckable)
    {
        // Remembered once it is appended: from then on its memory may be given up at any time.
        long position = logs.AppendBatch(batch, isAckable);
        batches.Add(batch);
        return position;
    }

    long IReplicaShell.AppendBlock(CommittedBlock block) => logs.AppendBlock(block);

    void IReplicaShell.FlushVotes() => logs.FlushVotes();

    void IReplicaShell.FlushBatches() => logs.FlushBatches();

    void IReplicaShell.CompactVoteLog(Epochs replica, IReadOnlyCollection<DurableRecord> casts)
    {
        StorageRejection refusal = logs.CompactVotes(replica, casts);
        if (refusal != StorageRejection.None) logger.VotesNotCompacted(refusal);
    }

    void IReplicaShell.Send(Epoch seats, ReplicaSet to, PeerMessage message)
    {
        if (message is Ack ack) _intake!.OnOwnAck(ack);
        if (epochs.Of(seats) is { } part) peers.Send(part, to, message);
    }

    void IReplicaShell.SendBatch(Epoch seats, ReplicaSet to, LaneTip tip)
    {
        if (epochs.Of(seats) is not { } part || batches.Hold(tip) is not { } batch) return;
        peers.Send(part, to, batch);
        batch.Body.Release();
    }

    void IReplicaShell.Answer(ulong peer, PeerMessage message) => peers.Send(new PeerId((ushort)peer), message);

    void IReplicaShell.AnswerBlocks(ulong peer, BlockRequest request) => ServeBlocks(new PeerId((ushort)peer), request);

    void IReplicaShell.OnEpochEntered(Epochs replica, IReadOnlyList<HeldMessage> held)
    {
        EpochPart part = _intake!.Enter(replica.Committee.Epoch);
        progress.EpochsEntered++;
        progress.HeldDropped = replica.HeldDropped;
        logger.EpochEntered(part.Epoch, part.Genesis.Height, part.Committee.Count, part.Self?.ToString() ?? "none", held.Count);
        Tell(_lane!, new LaneMessage.EpochEntered(OwnLaneStart.Of(replica)));
        foreach (ReplicaId seat in part.Others)
        {
            // It takes everybody for connected until it is told. Looks again after it has said so: a session that began in between has told itself.
            if (!IsConnected(part, seat)) Tell(_replica!, new ReplicaMessage(new ReplicaInput.PeerDisconnected(seat), part.Epoch));
            if (IsConnected(part, seat)) Tell(_replica!, new ReplicaMessage(new ReplicaInput.PeerConnected(seat), part.Epoch));
        }

        _ = _intake.HandleHeldAsync(held);
    }

    private bool IsConnected(EpochPart part, ReplicaId seat) => part.PeerOf(seat) is { } peer && peers.IsConnected(peer);

    void IReplicaShell.OnBatchesLeft(IReadOnlyList<LaneTip> left)
    {
        var held = new List<Batch>(left.Count);
        foreach (LaneTip tip in left)
        {
            if (batches.Hold(tip) is { } batch) held.Add(batch);
        }

        logger.BatchesLeft(held.Count, left.Count);
        Tell(_lane!, new LaneMessage.Left(held));
    }

    void IReplicaShell.ServeBlocks(Epoch seats, ReplicaId to, BlockRequest request)
    {
        if (epochs.Of(seats)?.PeerOf(to) is { } peer) ServeBlocks(peer, request);
    }

    private void ServeBlocks(PeerId to, BlockRequest request)
    {
        IReadOnlyList<Block> blocks = logs.ReadChain(request.Block, request.Ancestors + 1);
        if (blocks.Count > 0) peers.Send(to, new BlockResponse(blocks));
        else if (request.Block.Height < logs.FirstBlock) Offer(to, request.Block.Height);
    }

    void IReplicaShell.OnOwnBatchCertified(ProofOfAvailability proof)
    {
        proofs.Add(proof);
        OwnBatchCertified?.Invoke(proof);
        Tell(_lane!, new LaneMessage.Certified(proof));
    }

    void IReplicaShell.OnDelivered(CommittedBlock block)
    {
        Tell(_ordering!, new OrderingMessage.Delivered(block));
        int transactions = 0;
        foreach (LaneTip tip in block.Batches) transactions += batches.FindRecent(tip)?.Header.TransactionCount ?? 0;
        if (pacing.Add(transactions, Environment.TickCount64)) Tell(_replica!, ReplicaMessage.Of(new ReplicaInput.PaceChanged(pacing.GapMs)));
        foreach (ProvenBlock proven in _pairing.Add(block)) Tell(_lane!, new LaneMessage.Committed(proven));
    }

    void IReplicaShell.OnEvidence(Evidence evidence)
    {
        logger.EvidenceSeen(evidence.EvidenceKind, evidence.Offender);
        EvidenceSeen?.Invoke(evidence);
    }

    void IReplicaShell.OnAlarm(AlarmKind kind, string message) => logger.Alarm(kind, message);

    void IReplicaShell.OnProgress(Replica replica)
    {
        progress.Final = replica.Final;
        progress.Room = replica.Lanes.OwnLaneRoom;
        _intake!.OnProgress(replica.FinalSlot, replica.CurrentSlot, replica.WantsLowerProofs);

        // A view copies per-member counters: often enough for people and metrics, rare enough to cost nothing.
        long now = Environment.TickCount64;
        if (now - _viewedAt < 100) return;
        _viewedAt = now;
        progress.View = replica.View();
    }

    Verified<Batch> ILaneShell.Sign(BatchHeader header, BatchBody body)
    {
        // Its place is due within D heights of what is signed here, and no later than its lane is open.
        Height height = progress.Final.Height;
        if (epochs.BoundaryOf(header.Lane.Epoch) is { } boundary && boundary < height) height = boundary;
        return laneSigners.Of(header.Lane.Epoch).Batch(header, height, body);
    }

    long ILaneShell.AppendOwnBatch(Batch batch)
    {
        long position = logs.AppendBatch(batch, isAckable: true);
        batches.Add(batch);
        logs.FlushBatches();
        return position;
    }

    void ILaneShell.OnSealed(Verified<Batch> batch)
    {
        _intake!.OnOwnAck(batch.Value.AuthorAck);
        Tell(_replica!, ReplicaMessage.Of(new ReplicaInput.OwnBatchSealed(batch)));
    }

    void IOrderingShell.Send(EpochPart epoch, ReplicaSet to, PeerMessage message) => peers.Send(epoch, to, message);

    void IOrderingShell.Answer(PeerId to, PeerMessage message) => peers.Send(to, message);

    void IOrderingShell.AppendResultVote(ResultVote vote) => logs.AppendVote(new DurableRecord.OwnResultVote(vote));

    void IOrderingShell.OnEvidence(Evidence evidence)
    {
        if (epochs.Of(evidence.Epoch)?.Verifier.TryVerify(evidence, out Verified<Evidence> verified) == VerificationRejection.None)
            Tell(_replica!, ReplicaMessage.Of(new ReplicaInput.EvidenceReceived(null, verified)));
    }

    void IOrderingShell.OnUnverified(PeerId from, VerificationRejection reason)
    {
        _intake!.OnUnverified(from, reason);
        peers.CountBadFrame(from);
    }

    void IOrderingShell.OnApplied(Height height) => _replica!.OnOrdered(height);

    void IOrderingShell.OnBoundaryKnown(Epoch epoch, Height boundary) => epochs.SetBoundary(epoch, boundary);

    EpochPart IOrderingShell.OnEpochEnds(EpochStart next) => epochs.Add(next);

    void IOrderingShell.OnCheckpoint(OrderingSnapshot snapshot)
    {
        checkpoints.Add(snapshot.Height, snapshots.Write(snapshot, batches.Hold));
        if (logs.PruneWhenFull(snapshots.OldestKept, epochs) is not { } keep) return;
        logger.Pruned(keep.FromHeight);
        Pruned?.Invoke(keep);
    }

    ValueTask IIntakeTarget.ReplicaAsync(ReplicaInput input, Epoch seats, CancellationToken cancellation)
    {
        return _replica!.TellAsync(new ReplicaMessage(input, seats), cancellation);
    }

    void IIntakeTarget.OnConnected(PeerId peer)
    {
        Tell(_ordering!, new OrderingMessage.PeerConnected(peer));
        Tell(_sync!, new SyncMessage.Connected(peer, peerKeys(peer)));
    }

    void IIntakeTarget.OnDisconnected(PeerId peer) => Tell(_sync!, new SyncMessage.Disconnected(peer));

    ValueTask IIntakeTarget.ResultAsync(PeerId from, PeerMessage message, CancellationToken cancellation)
    {
        if (message is not AttestationMessage attestation) return _ordering!.TellAsync(new OrderingMessage.PeerSaid(from, message), cancellation);
        OnAttestation?.Invoke(from, attestation);
        return ValueTask.CompletedTask;
    }

    ValueTask IIntakeTarget.ServeBatchesAsync(PeerId from, BatchRequest request, CancellationToken cancellation)
    {
        // Who asks too often is not answered, and the disk is not read: it asks again, or another.
        if (!IsWithin(_batchUnits, from, 1, request.Kind)) return ValueTask.CompletedTask;

        // An empty answer is one, too: the asker goes on to the next member at once.
        IReadOnlyList<Batch> found = logs.ReadChain(request.Tip, request.First, BatchResponse.MaxBytes);
        _batchUnits.Charge(from, found.Sum(batch => batch.EncodedBytes) / BatchUnitBytes, Environment.TickCount64);
        peers.Send(from, new BatchResponse(request.Lane, found));
        return ValueTask.CompletedTask;
    }

    ValueTask IIntakeTarget.CheckpointAsync(PeerId from, PeerMessage message, CancellationToken cancellation)
    {
        switch (message)
        {
            case CheckpointRequest m:
                Offer(from, m.Above);
                return ValueTask.CompletedTask;
            case PieceRequest m:
                if (IsWithin(_pieces, from, 1, m.Kind)) peers.Send(from, checkpoints.Read(m));
                return ValueTask.CompletedTask;
            case HandOverRequest m:
                if (IsWithin(_pieces, from, RequestPieces, m.Kind))
                    peers.Send(from, new HandOverResponse(m.From, [.. HandOversFrom(m.From).Select(item => (ReadOnlyMemory<byte>)item)]));
                return ValueTask.CompletedTask;
            default:
                return _sync!.Takes(from, message) ? _sync.TellAsync(new SyncMessage.PeerSaid(from, message), cancellation) : ValueTask.CompletedTask;
        }
    }

    private void Offer(PeerId to, Height above)
    {
        if (IsWithin(_pieces, to, RequestPieces, MessageKind.CheckpointRequest)) peers.Send(to, checkpoints.OffersAbove(above));
    }

    private bool IsWithin(ServingBudget budget, PeerId peer, int units, MessageKind asked)
    {
        if (budget.TryTake(peer, units, Environment.TickCount64)) return true;
        _intake!.OnUnserved(peer, asked);
        return false;
    }

    /// <summary>
    /// Tells another actor from an actor's loop. The loops must never wait for each other in a circle, so a full mailbox is waited for beside the
    /// loop; order is kept because what follows queues behind it.
    /// </summary>
    private static void Tell<T>(Actor<T> actor, T message)
    {
        if (actor.TryTell(message)) return;
        ValueTask told = actor.TellAsync(message, CancellationToken.None);
        if (!told.IsCompletedSuccessfully) _ = told.AsTask();
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Runs the deterministic replica over the epochs: one loop feeds it inputs and carries out its effects by the duties of <see cref="ReplicaEffect"/>. What
/// must wait for a sync is queued in order with the log position it waits for, and released when the log says so. A failure here is fatal: a replica
/// whose invariants broke must not go on voting.
/// </summary>
public sealed class ReplicaActor : Actor<ReplicaMessage>
{
    /// <summary>Messages waiting for the replica. 16,384: about a second of a busy committee; peers' connections wait beyond it.</summary>
    private const int MailboxMax = 16_384;

    /// <summary>
    /// Heights that ordering may lag behind. 1,024, twenty seconds of the fastest: beyond it nothing is called archived, so that the replica stops handing
    /// on (ConsensusLimits.OrderAhead later) and keeps or drops what is committed by its own limits. It goes on voting.
    /// </summary>
    internal const int OrderingLagMax = 1_024;

    private static readonly ReplicaMessage Wake = new(null);

    private readonly Epochs _epochs;
    private readonly Func<Epoch, StatementSigner> _signerOf;
    private readonly IReplicaShell _shell;
    private readonly TimeProvider _clock;
    private readonly List<ReplicaEffect> _effects = [];
    private readonly Queue<ReplicaInput> _answers = new();
    private readonly Queue<(long Position, Action Release)> _afterVoteSync = new();
    private readonly Queue<(long Position, ReplicaInput Answer)> _afterBatchSync = new();
    private readonly Queue<ReplicaInput.BlockArchived> _afterOrdering = new();
    private readonly Queue<DurableRecord> _casts = new();

    // That of the effects being carried out: they may be the last of one epoch and the first of the next.
    private Epoch _epoch;
    private readonly Action<Exception> _onFatal;
    private long _votePosition;
    private long _voteFlushed;
    private bool _isBatchAwaited;
    private long _voteDurable;
    private long _batchDurable;
    private ulong _ordered;
    private bool _isOrderingAwaited;

    /// <param name="epochs">The replica over the epochs.</param>
    /// <param name="signerOf">Signs in the name of the own seat of an epoch; asked on this loop only.</param>
    /// <param name="shell">The node's parts.</param>
    /// <param name="clock">Time.</param>
    /// <param name="onFatal">Told when the actor is given up.</param>
    public ReplicaActor(Epochs epochs, Func<Epoch, StatementSigner> signerOf, IReplicaShell shell, TimeProvider clock, Action<Exception> onFatal)
        : base("replica", MailboxMax, Supervision.Fatal)
    {
        _epochs = epochs;
        _signerOf = signerOf;
        _shell = shell;
        _clock = clock;
        _onFatal = onFatal;
    }

    /// <summary>The vote log has synced up to a position. Never lost: a full mailbox means the loop is awake and will look.</summary>
    public void OnVotesDurable(long position)
    {
        Volatile.Write(ref _voteDurable, position);
        TryTell(Wake);
    }

    /// <summary>The batch log has synced up to a position.</summary>
    public void OnBatchesDurable(long position)
    {
        Volatile.Write(ref _batchDurable, position);
        TryTell(Wake);
    }

    /// <summary>Ordering has applied the heights up to this one.</summary>
    public void OnOrdered(Height height)
    {
        Volatile.Write(ref _ordered, height.Value);
        Interlocked.MemoryBarrier();
        if (!Volatile.Read(ref _isOrderingAwaited)) return;
        Volatile.Write(ref _isOrderingAwaited, false);
        TryTell(Wake);
    }

    protected override void OnFailed(Exception error, bool isFinal) => _onFatal(error);

    private StatementSigner Signer => _signerOf(_epoch);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        _epoch = _epochs.Committee.Epoch;
        _epochs.Start(Now(), _effects);
        CarryOut();
        Settle();
        Flush();
        using var wake = new Timer(_ => TryTell(ReplicaMessage.Of(new ReplicaInput.Tick())));
        while (true)
        {
            if (!Mailbox.TryPeek(out _))
            {
                long wait = long.Clamp(_epochs.NextDeadlineMs - Now().MonotonicMs, 0, 60_000);
                wake.Change(wait, Timeout.Infinite);
                if (!await Mailbox.WaitToReadAsync(stopping)) return;
            }

            while (Mailbox.TryRead(out ReplicaMessage message)) Handle(message);
            if (_epochs.NextDeadlineMs <= Now().MonotonicMs) Step(new ReplicaInput.Tick());
            Settle();
            Flush();
            _shell.CompactVoteLog(_epochs, _casts);
            _shell.OnProgress(_epochs.Replica);
        }
    }

    private CoreTime Now() =>
        new(_clock.MonotonicMs(), (ulong)_clock.GetUtcNow().ToUnixTimeMilliseconds());

    private void Handle(ReplicaMessage message)
    {
        if (message.Input is not null) Step(message.Input, message.Seats);
        Settle();
        Flush();
    }

    /// <summary>
    /// Starts the syncs that something waits for, once per message: all that it led to is one group then. A block before its vote would otherwise be
    /// synced alone, and the vote wait for two syncs. What nothing waits for (archived blocks, certificates kept) goes along later.
    /// </summary>
    private void Flush()
    {
        if (_afterVoteSync.Count > 0 && _voteFlushed < _votePosition)
        {
            _voteFlushed = _votePosition;
            _shell.FlushVotes();
        }

        if (!_isBatchAwaited) return;
        _isBatchAwaited = false;
        _shell.FlushBatches();
    }

    /// <summary>An input of the loop's own making, or an answer: it names no seat.</summary>
    private void Step(ReplicaInput input) => Step(input, _epoch);

    private void Step(ReplicaInput input, Epoch seats)
    {
        _epochs.Step(input, seats, Now(), _effects);
        CarryOut();
    }

    /// <summary>Releases what the syncs allow and feeds answers until nothing is left to do.</summary>
    private void Settle()
    {
        while (true)
        {
            if (_answers.TryDequeue(out ReplicaInput? answer)) Step(answer);
            else if (_afterVoteSync.TryPeek(out (long Position, Action Release) vote) && vote.Position <= Volatile.Read(ref _voteDurable))
                _afterVoteSync.Dequeue().Release();
            else if (_afterBatchSync.TryPeek(out (long Position, ReplicaInput Answer) batch) && batch.Position <= Volatile.Read(ref _batchDurable))
                Answer(_afterBatchSync.Dequeue().Answer);
            else if (_afterOrdering.TryPeek(out ReplicaInput.BlockArchived? archived) && IsOrderingNear(archived.Height))
                Step(_afterOrdering.Dequeue());
            else return;
        }
    }

    private void Answer(ReplicaInput answer)
    {
        if (answer is ReplicaInput.BlockArchived archived) _afterOrdering.Enqueue(archived);
        else Step(answer);
    }

    /// <summary>
    /// Whether a block may be called archived. The last ones of an epoch only when ordering has applied them: it fixes who serves the next, and the next
    /// begins upon this. Looks again after saying that it waits: what ordering told in between would be missed.
    /// </summary>
    private bool IsOrderingNear(Height height)
    {
        ulong lag = _epochs.Replica.IsEpochOver ? 0UL : OrderingLagMax;
        if (height.Value <= Volatile.Read(ref _ordered) + lag) return true;
        Volatile.Write(ref _isOrderingAwaited, true);
        Interlocked.MemoryBarrier();
        return height.Value <= Volatile.Read(ref _ordered) + lag;
    }

    private void CarryOut()
    {
        foreach (ReplicaEffect effect in _effects) CarryOut(effect);
        _effects.Clear();
    }

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.Log e: _votePosition = _shell.AppendVote(e.Record); break;
            case ReplicaEffect.CastVote e: Cast(e); break;
            case ReplicaEffect.CastProposal e: Cast(e); break;
            case ReplicaEffect.Send e when e.AfterSync: SendAfterSync(e.To, e.Message); break;
            case ReplicaEffect.Send e: _shell.Send(_epoch, e.To, e.Message); break;
            case ReplicaEffect.SendToFormer e: _shell.Send(e.Epoch, e.To, e.Message); break;
            case ReplicaEffect.SendBatch e: _shell.SendBatch(_epoch, e.To, e.Tip); break;
            case ReplicaEffect.ServeBlocks e: _shell.ServeBlocks(_epoch, e.To, e.Request); break;
            case ReplicaEffect.StoreBatch e:
                _afterBatchSync.Enqueue((_shell.AppendBatch(e.Batch, e.IsAckable), new ReplicaInput.BatchStored(e.Batch.Tip)));
                _isBatchAwaited = true;
                break;
            case ReplicaEffect.SignAck e: _answers.Enqueue(new ReplicaInput.AckSigned(_signerOf(e.Tip.Lane.Epoch).Ack(e.Tip, e.Height))); break;
            case ReplicaEffect.SignViewReport e: _answers.Enqueue(new ReplicaInput.ViewReportSigned(Signer.Report(e.View))); break;
            case ReplicaEffect.SendStatus e:
                SendAfterSync(e.To, Signer.Status(e.FinalSlot, e.Final, e.Current));
                break;
            case ReplicaEffect.OwnBatchCertified e: _shell.OnOwnBatchCertified(e.Proof.Value); break;
            case ReplicaEffect.Deliver e: AfterVoteSync(() => Deliver(e.Block)); break;
            case ReplicaEffect.BatchesLeft e: _shell.OnBatchesLeft(e.Batches); break;
            case ReplicaEffect.EpochEntered e: Enter(e); break;
            case ReplicaEffect.Answer e: AfterVoteSync(() => _shell.Answer(e.Peer, e.Message)); break;
            case ReplicaEffect.AnswerBlocks e: _shell.AnswerBlocks(e.Peer, e.Request); break;
            case ReplicaEffect.RecordEvidence e: _shell.OnEvidence(e.Evidence.Value); break;
            case ReplicaEffect.Alarm e: _shell.OnAlarm(e.Kind, e.Message); break;
            case ReplicaEffect.Trace: break;
            default: Invariant.Throw($"an effect of unhandled kind {effect.GetType().Name}"); break;
        }
    }

    private void Enter(ReplicaEffect.EpochEntered effect)
    {
        _epoch = effect.Committee.Epoch;
        _shell.OnEpochEntered(_epochs, _epochs.TakeHeld());
    }

    private void Cast(ReplicaEffect.CastVote effect)
    {
        Verified<Vote> vote = Signer.Vote(effect.Slot, effect.Kind, effect.Value);
        Cast(new DurableRecord.OwnVote(vote.Value), new ReplicaInput.VoteCast(vote));
    }

    private void Cast(ReplicaEffect.CastProposal effect)
    {
        Verified<Proposal> proposal = Signer.Proposal(effect.Block, effect.Proofs, effect.Justification);
        Cast(new DurableRecord.OwnProposal(proposal.Value), new ReplicaInput.ProposalCast(proposal));
    }

    private void Cast(DurableRecord record, ReplicaInput answer)
    {
        _votePosition = _shell.AppendVote(record);
        _casts.Enqueue(record);
        AfterVoteSync(() =>
        {
            _casts.Dequeue();
            Step(answer);
        });
    }

    private void Deliver(CommittedBlock block)
    {
        _afterBatchSync.Enqueue((_shell.AppendBlock(block), new ReplicaInput.BlockArchived(block.Height)));
        _shell.OnDelivered(block);
    }

    /// <summary>To the seats of the epoch in which the effect came, whichever has begun when it goes out.</summary>
    private void SendAfterSync(ReplicaSet to, PeerMessage message)
    {
        Epoch seats = _epoch;
        AfterVoteSync(() => _shell.Send(seats, to, message));
    }

    private void AfterVoteSync(Action release) => _afterVoteSync.Enqueue((_votePosition, release));
}

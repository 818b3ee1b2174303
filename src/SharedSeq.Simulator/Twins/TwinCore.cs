using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// The real replica of one member, or of its second copy, with a shell that has no lanes: it signs, sends and delivers. Its disk never fails and
/// syncs at once, because twins are about what is said to whom.
/// </summary>
internal sealed class TwinCore : ICommitteeSource
{
    private readonly TwinRun _run;
    private readonly Epochs _epochs;
    private readonly Func<Epoch, StatementSigner> _signerOf;
    private readonly long _wallMs;
    private readonly List<Block> _archive = [];
    private readonly Queue<(ReplicaInput Input, Epoch Seats)> _inputs = new();
    private readonly List<ReplicaEffect> _effects = [];
    private StatementSigner _signer;
    private bool _isStepping;
    private long _deadlineUs = long.MaxValue;

    /// <param name="run">The run.</param>
    /// <param name="index">Its place in the partitions.</param>
    /// <param name="id">The member.</param>
    /// <param name="create">Makes its replica, not started, with this as the source of committees.</param>
    /// <param name="signerOf">Signs with the member's keys in the name of an epoch.</param>
    /// <param name="wallMs">Its wall clock at the start; copies differ, so that they propose different blocks.</param>
    public TwinCore(TwinRun run, int index, ReplicaId id, Func<TwinCore, Epochs> create, Func<Epoch, StatementSigner> signerOf, long wallMs)
    {
        _run = run;
        Index = index;
        Id = id;
        _signerOf = signerOf;
        _signer = signerOf(Epoch.Zero);
        _wallMs = wallMs;
        _epochs = create(this);
    }

    public int Index { get; }

    public ReplicaId Id { get; }

    /// <summary>It takes part no more.</summary>
    public bool IsStopped { get; set; }

    public Slot CurrentSlot => _epochs.Replica.CurrentSlot;

    /// <summary>The present epoch, whose seats effects name.</summary>
    public Epoch Epoch { get; private set; }

    public Height Delivered => new((ulong)_archive.Count);

    private CoreTime Now => new(_run.Schedule.NowUs / 1_000, (ulong)(_wallMs + (_run.Schedule.NowUs / 1_000)));

    public void Start() => Handle(() => _epochs.Start(Now, _effects));

    /// <inheritdoc/>
    public EpochSeat Next(Committee ended, BlockId boundary) => new(_run.CommitteeOf(ended.Epoch.Next(), boundary.Hash), Id);

    /// <summary>A message arrives: what it says, verified, for whoever receives it.</summary>
    public void OnArrival(TwinMessage message)
    {
        if (IsStopped) return;
        ulong peer = (ulong)message.From.Index;
        if (message.Epoch > Epoch)
        {
            Submit(new ReplicaInput.LaterEpochMessage(peer, message.Message));
            return;
        }

        if (message.Epoch < Epoch
            && message.Message is Vote or Proposal or Notarization or CommitProof or Status or CertificateRequest or BlockRequest)
        {
            Submit(new ReplicaInput.EndedEpochMessage(peer, message.Epoch, message.Message));
            return;
        }

        if (message.Epoch == Epoch && ReceivedMessage.SlotOf(message.Message) is { } slot && slot <= _epochs.Replica.FinalSlot
            && !(message.Message is CommitProof && _epochs.Replica.WantsLowerProofs))
        {
            Submit(new ReplicaInput.StaleReceived(message.From.Id, slot));
            return;
        }

        foreach (ReplicaInput input in message.Inputs) Submit(input);
    }

    /// <summary>Hands one input to the replica, now or after the one being handled.</summary>
    public void Submit(ReplicaInput input)
    {
        _inputs.Enqueue((input, Epoch));
        if (!_isStepping) Handle(null);
    }

    private void Handle(Action? first)
    {
        _isStepping = true;
        if (first is not null) Step(first);
        while (_inputs.TryDequeue(out (ReplicaInput Input, Epoch Seats) next)) Step(() => _epochs.Step(next.Input, next.Seats, Now, _effects));
        _isStepping = false;
        WaitForDeadline();
    }

    private void Step(Action step)
    {
        _effects.Clear();
        step();
        foreach (ReplicaEffect effect in _effects) CarryOut(effect);
    }

    private void WaitForDeadline()
    {
        long deadlineMs = _epochs.NextDeadlineMs;
        if (deadlineMs == long.MaxValue) return;
        long atUs = long.Max(deadlineMs * 1_000, _run.Schedule.NowUs + 1);
        if (atUs >= _deadlineUs) return;
        _deadlineUs = atUs;
        _run.Schedule.At(atUs, () =>
        {
            if (IsStopped || _deadlineUs != atUs) return;
            _deadlineUs = long.MaxValue;
            Submit(new ReplicaInput.Tick());
        });
    }

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.Log: break;
            case ReplicaEffect.CastVote cast:
                Verified<Vote> vote = _signer.Vote(cast.Slot, cast.Kind, cast.Value);
                _run.NoteSigned(this, vote.Value);
                Submit(new ReplicaInput.VoteCast(vote));
                break;
            case ReplicaEffect.CastProposal cast:
                Verified<Proposal> proposal = _signer.Proposal(cast.Block, cast.Proofs, cast.Justification);
                _run.NoteSigned(this, proposal.Value);
                Submit(new ReplicaInput.ProposalCast(proposal));
                break;
            case ReplicaEffect.Send send: _run.Send(this, send.To, send.Message); break;
            case ReplicaEffect.SendStatus send: _run.Send(this, send.To, _signer.Status(send.FinalSlot, send.Final, send.Current)); break;
            case ReplicaEffect.ServeBlocks serve:
                if (BlocksFor(serve.Request) is { } blocks) _run.Send(this, ReplicaSet.Of(serve.To), blocks);
                break;
            case ReplicaEffect.EpochEntered entered: OnEpochEntered(entered); break;
            case ReplicaEffect.Answer answer: _run.SendTo(this, (int)answer.Peer, answer.Message); break;
            case ReplicaEffect.AnswerBlocks answer:
                if (BlocksFor(answer.Request) is { } asked) _run.SendTo(this, (int)answer.Peer, asked);
                break;
            case ReplicaEffect.Deliver deliver:
                _archive.Add(deliver.Block.Block);
                _run.NoteDelivered(this, deliver.Block);
                Submit(new ReplicaInput.BlockArchived(deliver.Block.Height));
                break;
            case ReplicaEffect.RecordEvidence record: _run.NoteEvidence(this, record.Evidence.Value); break;
            case ReplicaEffect.Alarm alarm: _run.NoteAlarm(this, alarm); break;
            case ReplicaEffect.Trace trace: _run.Trace(this, $"{trace.Rule} {trace.Slot.Value} {trace.Text}"); break;
            default:
                Invariant.Throw($"a committee without lanes wants {effect.GetType().Name}");
                break;
        }
    }

    private void OnEpochEntered(ReplicaEffect.EpochEntered entered)
    {
        Epoch = entered.Committee.Epoch;
        _signer = _signerOf(Epoch);
        _run.NoteEpochEntered(this);
        foreach (HeldMessage held in _epochs.TakeHeld()) _run.Deliver((int)held.Peer, this, held.Message);
    }

    private BlockResponse? BlocksFor(BlockRequest request)
    {
        var blocks = new List<Block>();
        Height height = request.Block.Height;
        if (height == Height.Zero || height > Delivered || _archive[(int)height.Value - 1].Id != request.Block) return null;
        for (int i = 0; i <= request.Ancestors && height > Height.Zero; i++)
        {
            blocks.Add(_archive[(int)height.Value - 1]);
            height = height.Previous();
        }

        return new BlockResponse(blocks);
    }
}

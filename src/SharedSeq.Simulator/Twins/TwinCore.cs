using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// The real replica of one member, or of its second copy, with a shell that has no lanes: it signs, sends and delivers. Its disk never fails and
/// syncs at once, because twins are about what is said to whom.
/// </summary>
internal sealed class TwinCore
{
    private readonly TwinRun _run;
    private readonly Replica _replica;
    private readonly StatementSigner _signer;
    private readonly long _wallMs;
    private readonly List<Block> _archive = [];
    private readonly Queue<ReplicaInput> _inputs = new();
    private readonly List<ReplicaEffect> _effects = [];
    private bool _isStepping;
    private long _deadlineUs = long.MaxValue;

    /// <param name="run">The run.</param>
    /// <param name="index">Its place in the partitions.</param>
    /// <param name="id">The member.</param>
    /// <param name="replica">The replica, not started.</param>
    /// <param name="signer">The member's keys.</param>
    /// <param name="wallMs">Its wall clock at the start; copies differ, so that they propose different blocks.</param>
    public TwinCore(TwinRun run, int index, ReplicaId id, Replica replica, StatementSigner signer, long wallMs)
    {
        _run = run;
        Index = index;
        Id = id;
        _replica = replica;
        _signer = signer;
        _wallMs = wallMs;
    }

    public int Index { get; }

    public ReplicaId Id { get; }

    /// <summary>It takes part no more.</summary>
    public bool IsStopped { get; set; }

    public Slot CurrentSlot => _replica.CurrentSlot;

    public Height Delivered => new((ulong)_archive.Count);

    private CoreTime Now => new(_run.Schedule.NowUs / 1_000, (ulong)(_wallMs + (_run.Schedule.NowUs / 1_000)));

    public void Start() => Handle(() => _replica.Start(Now, _effects));

    /// <summary>A message arrives: what it says, verified, for whoever receives it.</summary>
    public void OnArrival(ReplicaId from, TwinMessage message)
    {
        if (IsStopped) return;
        if (ReceivedMessage.SlotOf(message.Message) is { } slot && slot <= _replica.FinalSlot)
        {
            Submit(new ReplicaInput.StaleReceived(from, slot));
            return;
        }

        foreach (ReplicaInput input in message.Inputs) Submit(input);
    }

    /// <summary>Hands one input to the replica, now or after the one being handled.</summary>
    public void Submit(ReplicaInput input)
    {
        _inputs.Enqueue(input);
        if (!_isStepping) Handle(null);
    }

    private void Handle(Action? first)
    {
        _isStepping = true;
        if (first is not null) Step(first);
        while (_inputs.TryDequeue(out ReplicaInput? input)) Step(() => _replica.Step(input, Now, _effects));
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
        long deadlineMs = _replica.NextDeadlineMs;
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
            case ReplicaEffect.ServeBlocks serve: ServeBlocks(serve); break;
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

    private void ServeBlocks(ReplicaEffect.ServeBlocks serve)
    {
        var blocks = new List<Block>();
        Height height = serve.Request.Block.Height;
        if (height == Height.Zero || height > Delivered || _archive[(int)height.Value - 1].Id != serve.Request.Block) return;
        for (int i = 0; i <= serve.Request.Ancestors && height > Height.Zero; i++)
        {
            blocks.Add(_archive[(int)height.Value - 1]);
            height = height.Previous();
        }

        _run.Send(this, ReplicaSet.Of(serve.To), new BlockResponse(blocks));
    }
}

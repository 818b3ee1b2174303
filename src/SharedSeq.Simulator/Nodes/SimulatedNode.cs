using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One operator: the shell around the real replica and the real ordering machine. It carries out every <see cref="ReplicaEffect"/> by the duties
/// written there, over simulated disk, network and clock. A Byzantine member is the same node with attackers between replica and world.
/// </summary>
public sealed partial class SimulatedNode
{
    private readonly Attacker[] _attackers;
    private readonly Queue<(ReplicaInput Input, Epoch Seats)> _inputs = new();
    private readonly List<ReplicaEffect> _effects = [];
    private Epochs? _epochs;
    private bool _isStepping;
    private bool _isDead;
    private int _incarnation;
    private long _deadlineUs = long.MaxValue;
    private Slot _enteredSlot;

    public SimulatedNode(SimulatedRun run, NodeId id, SimulatedDisk disk, SimulatedClock clock, Attacker[] attackers, Prng random)
    {
        Run = run;
        Id = id;
        Disk = disk;
        Clock = clock;
        _attackers = attackers;
        _peers = new PeerSession[run.Settings.NodeCount];
        _resultsAnswered = new int[run.Settings.NodeCount];
        _ordering = NewOrdering();
        Enter(run.CommitteeOf(run.Committees.Of(Epoch.Zero), run.Genesis.Hash), Height.Zero);
        foreach (Attacker attacker in attackers) attacker.Attach(this, random.Fork());
    }

    public SimulatedRun Run { get; }

    public NodeId Id { get; }

    public SimulatedDisk Disk { get; }

    public SimulatedClock Clock { get; }

    /// <summary>Signs in the name of the present epoch, in which it has a seat.</summary>
    public StatementSigner Signer => SignerOf(Epoch);

    public bool IsHonest => _attackers.Length == 0;

    public bool IsUp => _epochs is not null;

    /// <summary>Died for good; never starts again.</summary>
    public bool IsDead => _isDead;

    public int Starts => _incarnation;

    /// <summary>The slot of its last commit; 0 while the node is down.</summary>
    public Slot FinalSlot => Replica?.FinalSlot ?? Slot.Zero;

    /// <summary>The running replica of the present epoch; null while the node is down.</summary>
    public Replica? Replica => _epochs?.Replica;

    /// <summary>Messages kept for the next epoch.</summary>
    public int HeldMessages => _epochs?.HeldCount ?? 0;

    /// <summary>Their bytes.</summary>
    public long HeldMessageBytes => _epochs?.HeldBytes ?? 0;

    /// <summary>Starts from what the disk holds.</summary>
    public void Start()
    {
        if (IsUp || _isDead) return;
        OpenDisk();
        _incarnation++;
        Array.Clear(_peers);
        Forget();
        Committee first = Run.CommitteeOf(Run.Committees.Of(Epoch.Zero), Run.Genesis.Hash);
        Enter(first, Height.Zero);
        List<(CommittedBlock Block, OrderingResult Result)> replayed = ReplayOrdering();
        var history = new EpochHistory(new EpochSeat(first, SeatIn(Epoch.Zero)), Run.Genesis.Timestamp, Run.Settings.Epochs, Run.Settings.ReceiptHeights, this);
        RecoveredState recovered = Disk.Recover(history);
        Epoch = history.Seat.Committee.Epoch;
        Run.Agreement.OnStarted(this, recovered.Delivered.Id);
        NoteRecovered(recovered.VoteLog);
        Run.Trace.Line(Id, $"start {_incarnation} height {recovered.Delivered.Id.Height} records {recovered.VoteLog.Count}");
        _epochs = Run.CreateReplica(Id, history, recovered);
        StartOrdering(recovered, replayed);
        StartLane();
        Reinject(Disk.LeftBatches(history, IsMine));
        foreach (Attacker attacker in _attackers) attacker.OnStart();
        int incarnation = _incarnation;
        Run.Schedule.After(Run.Random.Below(PingEveryUs), () => Ping(incarnation));
        Handle(() => _epochs.Start(Clock.Now, _effects));
        StartL1(incarnation);
    }

    /// <summary>The process ends without warning; what was not synced is torn.</summary>
    public void Crash()
    {
        if (!IsUp) return;
        _guarded = (Disk.VoteLog.SyncedPosition, Disk.BatchLog.SyncedPosition);
        int lost = Disk.Crash();
        Run.Coverage.RecordsTorn += lost;
        Run.Trace.Line(Id, $"crash lost {lost}");
        _epochs = null;
        _inputs.Clear();
        _deadlineUs = long.MaxValue;
        _enteredSlot = Slot.Zero;
        StopLane();
    }

    public void DieForGood()
    {
        Crash();
        _isDead = true;
    }

    /// <summary>Hands one input to the replica, now or after the one being handled.</summary>
    public void Submit(ReplicaInput input)
    {
        if (!IsUp) return;
        _inputs.Enqueue((input, Epoch));
        if (!_isStepping) Handle(null);
    }

    /// <summary>Takes the first step if there is one, then all inputs that wait, each with its effects carried out before the next.</summary>
    private void Handle(Action? first)
    {
        _isStepping = true;
        if (first is not null) Step(first);
        while (IsUp && _inputs.TryDequeue(out (ReplicaInput Input, Epoch Seats) next))
            Step(() => _epochs!.Step(next.Input, next.Seats, Clock.Now, _effects));
        _isStepping = false;
        if (IsUp) WaitForDeadline();
    }

    private void Step(Action step)
    {
        _effects.Clear();
        step();
        foreach (ReplicaEffect effect in _effects)
        {
            if (!IsUp) return;
            CarryOut(effect);
        }
    }

    private void WaitForDeadline()
    {
        long deadlineMs = _epochs!.NextDeadlineMs;
        if (deadlineMs == long.MaxValue) return;
        long atUs = Clock.ToScheduleUs(deadlineMs);
        if (atUs >= _deadlineUs && _deadlineUs > Run.Schedule.NowUs) return;
        atUs = long.Max(atUs, Run.Schedule.NowUs + 1);
        _deadlineUs = atUs;
        int incarnation = _incarnation;
        Run.Schedule.At(atUs, () =>
        {
            if (incarnation != _incarnation || !IsUp || _deadlineUs != atUs) return;
            _deadlineUs = long.MaxValue;
            Submit(new ReplicaInput.Tick());
        });
    }
}

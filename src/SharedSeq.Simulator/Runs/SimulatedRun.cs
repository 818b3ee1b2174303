using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One run: a whole committee and those that join it, its network, disks, clocks, clients, attackers and checkers in one thread. Its seed decides everything.
/// </summary>
public sealed class SimulatedRun : IDisposable
{
    private const int MomentUs = 20_000;

    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<Checker> _checkers = [];
    private readonly EnvironmentFaults _faults;

    public SimulatedRun(RunSettings settings, Mutant mutant, TextWriter? traceOutput = null)
    {
        Settings = settings;
        Mutant = mutant;
        Random = new Prng(settings.Seed);
        Trace = new RunTrace(Schedule, traceOutput);
        Signatures = new SimulatedSignatures(settings.NodeCount, Random.Fork());
        Committees = new SimulatedCommittees(settings, Signatures);
        if (settings.L1 is { } l1) L1 = new SimulatedL1(l1, settings.Seed);
        Genesis = SimulatedGenesis.Create(settings, Committees.Of(Epoch.Zero).Members);
        Network = new SimulatedNetwork(Schedule, Random.Fork(), settings.NodeCount, settings.Before, settings.CodecPerMille, _nodes);
        Agreement = new Agreement(this);
        _checkers.AddRange([
            Agreement, new NoHonestEvidence(this), new EqualResults(this), new ReceiptDeadline(this), new NothingLostOrDoubled(this),
            new Liveness(this), new MemoryBounds(this), new EvidenceCommitted(this), new EpochProgress(this), new HandOvers(this),
            new L1Views(this),
        ]);
        for (int i = 0; i < settings.NodeCount; i++) _nodes.Add(CreateNode(new NodeId(i)));
        Client = new SimulatedClient(this, Random.Fork());
        _faults = new EnvironmentFaults(this, Random.Fork());
        Operators = new SimulatedOperators(this, new Prng(settings.Seed ^ 0x0BE2_A702_0000_0000UL));
    }

    public RunSettings Settings { get; }

    public Mutant Mutant { get; }

    /// <summary>For what belongs to no part in particular.</summary>
    public Prng Random { get; }

    public SimulatedSchedule Schedule { get; } = new();

    public RunTrace Trace { get; }

    public Coverage Coverage { get; } = new();

    public SimulatedSignatures Signatures { get; }

    public SigningDomain Domain => Genesis.Domain;

    public Genesis Genesis { get; }

    /// <summary>Who has which seat in which epoch.</summary>
    public SimulatedCommittees Committees { get; }

    /// <summary>The highest epoch any honest replica has entered.</summary>
    public Epoch HighestEpoch { get; private set; }

    public SimulatedNetwork Network { get; }

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    public SimulatedClient Client { get; }

    /// <summary>The L1 that the run follows; null for none.</summary>
    public SimulatedL1? L1 { get; }

    /// <summary>What operators ask for where ordering decides who serves.</summary>
    public SimulatedOperators Operators { get; }

    public Agreement Agreement { get; }

    /// <summary>The network, the disks and the clocks are good from now on, and everybody who lives is up.</summary>
    public bool IsStable { get; internal set; }

    /// <summary>Stabilisation has begun: what is cut heals, what is down starts.</summary>
    public bool IsHealing => _faults.IsStabilised;

    /// <summary>The highest height any honest replica has delivered.</summary>
    public Height HighestDelivered { get; private set; }

    /// <summary>The highest height any honest replica has executed.</summary>
    public Height HighestExecuted { get; private set; }

    /// <summary>The first violation, or null.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>Simulated milliseconds after which the run ends whatever is still owed.</summary>
    private long EndMs =>
        Settings.StabilisationMs + (2L * Settings.LivenessBoundMs) + (8L * Settings.Replica.FreshnessMs) + (2_000 * Settings.Changes.EpochsAfter);

    /// <summary>Runs to its end, or to the first violation.</summary>
    public RunResult Execute()
    {
        Client.Start();
        if (Settings.Changes.IsOrdered) Operators.Start();
        _faults.Start();
        Schedule.After(MomentUs, OnMoment);
        try
        {
            while (Violation is null && !IsOver && Schedule.RunNext(EndMs * 1_000))
            {
            }

            if (Violation is null)
            {
                foreach (Checker checker in _checkers) checker.OnEnd();
            }
        }
        catch (InvariantException broken)
        {
            Violate("Invariant", broken.ToString());
        }

        Coverage.Events = Schedule.Count;
        Coverage.MessagesSent = Network.SentCount;
        Coverage.MessagesLost = Network.LostCount;
        Coverage.Heights = (long)HighestDelivered.Value;
        Coverage.Transactions = Client.Submitted.Count;
        Coverage.Receipts = Client.Receipts.Count;
        return new RunResult(Settings, Mutant, Violation, Trace.Hash(), Schedule.NowUs / 1_000, Coverage);
    }

    public void Violate(string checker, string message)
    {
        if (Violation is not null) return;
        Violation = new Violation(checker, message, Schedule.NowUs / 1_000);
        Trace.Line($"{Schedule.NowUs} violation {checker}: {message}");
    }

    /// <summary>Everything any member signs passes here, sent or not.</summary>
    public void NoteSigned(NodeId by, PeerMessage statement)
    {
        _faults.OnSigned(by, statement);
        foreach (Checker checker in _checkers) checker.OnSigned(by, statement);
    }

    public void NoteDelivered(SimulatedNode node, CommittedBlock block)
    {
        foreach (Checker checker in _checkers) checker.OnDelivered(node, block);
        if (node.Seat is null) Coverage.ObserversDelivered++;
        if (node.IsHonest && block.Height > HighestDelivered)
        {
            HighestDelivered = block.Height;
            if (block.Proof is null) Coverage.CommitsByDescendant++;
            else if (block.Proof.Path == CommitPath.Fast) Coverage.FastCommits++;
            else Coverage.SlowCommits++;
            if (block.Block.Header.IsCarry) Coverage.CarryBlocks++;
            if (block.Batches.Any(tip => tip.Lane.Epoch < block.Block.Header.Epoch)) Coverage.EndedLanesOrdered++;
        }

        Trace.Line(node.Id, "deliver", block.Block.Header.Slot, $"{block.Block.Id} batches {block.Batches.Count}");
    }

    public void NoteExecuted(SimulatedNode node, ExecutedHeight executed)
    {
        foreach (Checker checker in _checkers) checker.OnExecuted(node, executed);
        if (!node.IsHonest || executed.Height <= HighestExecuted) return;
        HighestExecuted = executed.Height;
        if (Settings.Changes.IsOrdered) Operators.OnExecuted(node, executed);
    }

    public void NoteCertified(SimulatedNode node, ResultCertificate certificate)
    {
        Coverage.ResultCertificates++;
        foreach (Checker checker in _checkers) checker.OnCertified(node, certificate);
    }

    public void NoteEvidence(SimulatedNode node, Evidence evidence)
    {
        Coverage.Evidence++;
        foreach (Checker checker in _checkers) checker.OnEvidence(node, evidence);
        Trace.Line(node.Id, $"evidence {evidence.EvidenceKind} against {evidence.Offender} of epoch {evidence.Epoch} {evidence.Id}");
    }

    public void NoteAlarm(SimulatedNode node, ReplicaEffect.Alarm alarm)
    {
        Trace.Line(node.Id, $"alarm {alarm.Kind} {alarm.Message}");
        if (node.IsHonest && alarm.Kind != AlarmKind.ClockJumped) Violate("Alarm", $"replica {node.Id}: {alarm.Kind}: {alarm.Message}");
    }

    /// <param name="node">The node.</param>
    /// <param name="epoch">The epoch it entered.</param>
    /// <param name="before">Its seat in the epoch before.</param>
    public void NoteEpochEntered(SimulatedNode node, Epoch epoch, ReplicaId? before)
    {
        Coverage.EpochsEntered++;
        if (before is null && node.Seat is not null) Coverage.MembersJoined++;
        if (before is null && node.Seat is not null && node.HasLostKeys) Coverage.CameBackWithNewKeys++;
        if (before is not null && node.Seat is null) Coverage.MembersLeft++;
        if (before is not null && node.Seat is not null && before != node.Seat) Coverage.SeatsChanged++;
        if (Committees.IsRotation(node.Id, epoch)) Coverage.MembersRotated++;
        if (Settings.Changes.IsOrdered && Committees.Of(epoch).HasEmptySeat) Coverage.SeatsEmptied++;
        if (node.IsHonest && epoch > HighestEpoch) HighestEpoch = epoch;
        Trace.Line(node.Id, $"epoch {epoch}");
    }

    internal Epochs CreateReplica(NodeId id, EpochHistory history, RecoveredState recovered)
    {
        ReplicaOptions options = Settings.Replica with { Seed = Settings.Replica.Seed + (ulong)id.Value };
        return Mutant.Create(history, options, recovered);
    }

    /// <summary>The committee of an epoch, as a node finds it when it knows the epoch's genesis.</summary>
    internal Committee CommitteeOf(SeatPlan plan, Hash32 genesis) => new(plan.Epoch, Mutant.Shift(plan.Quorum), plan.Members, genesis);

    internal void NoteCommittee(SimulatedNode node, Committee committee)
    {
        foreach (Checker checker in _checkers) checker.OnCommittee(node, committee);
    }

    public void Dispose() => Trace.Dispose();

    private bool IsOver { get; set; }

    private void OnMoment()
    {
        bool isWaiting = !IsStable || Schedule.NowUs < (Settings.StabilisationMs + 400) * 1_000L;
        foreach (Checker checker in _checkers)
        {
            checker.OnMoment();
            isWaiting = isWaiting || checker.IsWaiting;
        }

        IsOver = !isWaiting;
        Schedule.After(MomentUs, OnMoment);
    }

    private SimulatedNode CreateNode(NodeId id)
    {
        Prng random = Random.Fork();
        var disk = new SimulatedDisk(Schedule, random.Fork(), () => IsHealing ? Settings.DiskAfter : Settings.DiskBefore);
        int drift = (int)random.Between(-Settings.ClockDriftPpm, Settings.ClockDriftPpm);
        long error = random.Between(-Settings.ClockErrorMs, Settings.ClockErrorMs);
        var clock = new SimulatedClock(Schedule, drift, error, random.Fork());
        var attackers = new List<Attacker>();
        foreach (LyingMember liar in Settings.Liars)
        {
            if (liar.Member != id) continue;
            foreach (AttackerKind lie in liar.Lies) attackers.Add(AttackerCast.Create(lie));
        }

        return new SimulatedNode(this, id, disk, clock, [.. attackers], random.Fork());
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One scenario of twins: a committee of which one member is there twice, with one key, each copy honest by itself. Messages of a partitioned slot
/// pass within a partition only; then the network heals. Checked are agreement by the union of all votes ever signed, what is delivered, that
/// nobody else is accused, and that everybody delivers 2n more heights in bounded time.
/// </summary>
public sealed class TwinRun
{
    private const int DelayMinUs = 1_000;

    private const int DelayMaxUs = 8_000;

    /// <summary>The network heals at the earliest when a first timer of every core has run out, whatever the others did meanwhile.</summary>
    private const int HealMinMs = 100;

    /// <summary>It heals at the latest when the timers of the partitioned slots could have run out one after the other.</summary>
    private const int HealMaxMs = 600;

    private static readonly ReplicaOptions Options = new()
    {
        SlotTimeoutMs = 60,
        SlotTimeoutMaxMs = 480,
        HeartbeatMs = 12,
        MinHeightMs = 1,
        ResendMs = 150,
        CertificateForwardMs = 5,
        FinalHoldMs = 2,
    };

    private readonly TwinScenario _scenario;
    private readonly Prng _random;
    private readonly CommitteeMember[] _members;
    private readonly QuorumParameters _quorum;
    private readonly SigningDomain _domain = new(new ChainId(1), ProtocolVersion.Current);
    private readonly SimulatedSignatures _signatures;
    private readonly List<(Committee Committee, MessageVerifier Verifier)> _epochs = [];
    private readonly VoteUnion _votes;
    private readonly TwinCore[] _cores;
    private readonly TextWriter? _trace;
    private Violation? _violation;
    private bool _isHealed;
    private bool _isEquivocationSeen;
    private long _healedMs;
    private Height _owed;

    private TwinRun(TwinScenario scenario, Mutant mutant, TextWriter? trace)
    {
        _scenario = scenario;
        _trace = trace;
        int n = scenario.Members;
        _quorum = mutant.Shift(QuorumParameters.ForMembers(n));
        _random = new Prng(scenario.Index ^ ((ulong)n << 48));
        _signatures = new SimulatedSignatures(n, _random.Fork());
        _members = new CommitteeMember[n];
        for (int i = 0; i < n; i++)
        {
            SimulatedKeys keys = _signatures.KeysOf(new NodeId(i));
            _members[i] = new CommitteeMember(keys.Vote.Public, keys.Node.Public);
        }

        _votes = new VoteUnion(_ => (_quorum, 1), n + 1, message => Violate(nameof(Agreement), message));
        Committee first = CommitteeOf(Epoch.Zero, Hash32.Zero);
        _cores = new TwinCore[n + 1];
        for (int i = 0; i < _cores.Length; i++)
        {
            ReplicaId id = scenario.MemberOf(i);
            SimulatedKeys keys = _signatures.KeysOf(new NodeId(id.Value));
            ReplicaOptions options = Options with { Seed = _random.NextU64(), IsTraced = trace is not null };
            _cores[i] = new TwinCore(
                this, i, id, core => CreateReplica(core, mutant, first, options), epoch => new StatementSigner(_domain, epoch, id, keys.Vote, keys.Node),
                SimulatedClock.StartWallMs + (i == n ? 101 : 0));
            _votes.OnStarted(i, DeliveredTip.Genesis(Hash32.Zero, default).Id);
        }
    }

    /// <summary>Where the epoch changes the first height ends it, and its boundary is the one after that.</summary>
    private Epochs CreateReplica(TwinCore core, Mutant mutant, Committee first, ReplicaOptions options)
    {
        EpochTerms terms = _scenario.ChangesEpoch ? new EpochTerms(1, 1) : default;
        var genesis = new TimestampMs((ulong)(SimulatedClock.StartWallMs - (terms.Seconds * 2_000)));
        var history = new EpochHistory(new EpochSeat(first, core.Id), genesis, terms, options.ReceiptDeadlineHeights, core);
        return mutant.Create(history, options, new RecoveredState([], history.Delivered, []));
    }

    /// <summary>The same members in every epoch.</summary>
    internal Committee CommitteeOf(Epoch epoch, Hash32 genesis)
    {
        if ((ulong)_epochs.Count == epoch.Value)
        {
            var committee = new Committee(epoch, _quorum, _members, genesis);
            _epochs.Add((committee, new MessageVerifier(_domain, committee, _signatures)));
        }

        Committee known = _epochs[(int)epoch.Value].Committee;
        if (known.EpochGenesis != genesis) Violate(nameof(Agreement), $"epoch {epoch} begins from {known.EpochGenesis} and from {genesis}");
        return known;
    }

    private MessageVerifier VerifierOf(Epoch epoch) => _epochs[(int)epoch.Value].Verifier;

    internal SimulatedSchedule Schedule { get; } = new();

    /// <summary>The time from healing within which every honest core owes 2n more heights. Simulated milliseconds, as in <see cref="RunSettings"/>.</summary>
    private int BoundMs => (6 * (Options.ResendMs + Options.SlotTimeoutMaxMs)) + (6 * _scenario.Members * Options.SlotTimeoutMs);

    /// <summary>Runs one scenario to its end, or to its first violation.</summary>
    public static TwinResult Execute(TwinScenario scenario, Mutant? mutant = null, TextWriter? trace = null) =>
        new TwinRun(scenario, mutant ?? Mutant.None, trace).Execute();

    private TwinResult Execute()
    {
        _trace?.WriteLine($"{_scenario}");
        try
        {
            foreach (TwinCore core in _cores) Schedule.After(_random.Between(0, DelayMinUs), core.Start);
            while (_violation is null && !_isHealed && Schedule.RunNext(HealMaxMs * 1_000))
            {
                if (Schedule.NowUs >= HealMinMs * 1_000 && HasLeftPartitions()) break;
            }

            if (_violation is null) Heal();
            long endUs = Schedule.NowUs + (BoundMs * 1_000L);
            while (_violation is null && !HasRecovered() && Schedule.RunNext(endUs))
            {
            }

            if (_violation is null && !HasRecovered())
                Violate(nameof(Liveness), $"not every honest core has height {_owed} {BoundMs} ms after healing: {Describe()}");
            if (_violation is null) _votes.OnEnd();
        }
        catch (InvariantException broken)
        {
            Violate("Invariant", broken.ToString());
        }

        int twoBlocks = 0;
        int skipAndBlock = 0;
        foreach ((_, IReadOnlyList<BlockId> values) in _votes.Notarized())
        {
            int blocks = values.Count(value => !value.IsSkip);
            if (blocks > 1) twoBlocks++;
            if (blocks > 0 && blocks < values.Count) skipAndBlock++;
        }

        int entered = (int)_cores.Where(IsHonest).Min(core => core.Epoch.Value);
        return new TwinResult(
            _scenario, _violation, (long)Highest().Value, (Schedule.NowUs / 1_000) - _healedMs, twoBlocks, skipAndBlock, entered, _isEquivocationSeen);
    }

    internal void Send(TwinCore from, ReplicaSet to, PeerMessage message)
    {
        if (from.IsStopped) return;
        TwinMessage? shared = null;
        foreach (TwinCore core in _cores)
        {
            if (core != from && to.Has(core.Id)) Send(from, core, message, ref shared);
        }
    }

    /// <summary>To the session that asked: one copy of a member.</summary>
    internal void SendTo(TwinCore from, int to, PeerMessage message)
    {
        TwinMessage? shared = null;
        if (!from.IsStopped) Send(from, _cores[to], message, ref shared);
    }

    private void Send(TwinCore from, TwinCore to, PeerMessage message, ref TwinMessage? shared)
    {
        if (to.IsStopped) return;
        Slot slot = ReceivedMessage.SlotOf(message) ?? from.CurrentSlot;
        if (!_isHealed && !_scenario.Passes(slot, from.Index, to.Index)) return;
        TwinMessage arriving = shared ??= MessageOf(from, message);
        Schedule.After(_random.Between(DelayMinUs, DelayMaxUs), () => to.OnArrival(arriving));
    }

    /// <summary>What was held for an epoch that begins arrives now.</summary>
    internal void Deliver(int from, TwinCore to, PeerMessage message)
    {
        TwinMessage arriving = MessageOf(_cores[from], message);
        Schedule.After(0, () => to.OnArrival(arriving));
    }

    private TwinMessage MessageOf(TwinCore from, PeerMessage message) => new(VerifierOf, Epochs.EpochOf(message) ?? from.Epoch, from, message);

    /// <summary>In a network that has healed all sessions are there when an epoch begins.</summary>
    internal void NoteEpochEntered(TwinCore core)
    {
        Trace(core, $"epoch {core.Epoch}");
        foreach (TwinCore peer in _cores)
        {
            if (_isHealed && peer.Id != core.Id && !peer.IsStopped) core.Submit(new ReplicaInput.PeerConnected(peer.Id));
        }
    }

    internal void NoteSigned(TwinCore by, PeerMessage statement) => _votes.OnSigned(statement, IsHonest(by));

    internal void NoteDelivered(TwinCore core, CommittedBlock block)
    {
        Trace(core, $"delivers {block.Block.Id}");
        if (IsHonest(core)) _votes.OnDelivered(core.Index, block.Block);
    }

    internal void NoteEvidence(TwinCore core, Evidence evidence)
    {
        if (evidence.Offender == _scenario.Twin) _isEquivocationSeen = true;
        else Violate(nameof(NoHonestEvidence), $"core {core.Index} records {evidence.EvidenceKind} against {evidence.Offender}, who is there once");
    }

    internal void NoteAlarm(TwinCore core, ReplicaEffect.Alarm alarm)
    {
        if (IsHonest(core)) Violate(nameof(ReplicaEffect.Alarm), $"core {core.Index}: {alarm.Kind}: {alarm.Message}");
    }

    internal void Trace(TwinCore core, string text) => _trace?.WriteLine($"{Schedule.NowUs} c{core.Index} {text}");

    private bool IsHonest(TwinCore core) => core.Id != _scenario.Twin;

    private void Violate(string checker, string message)
    {
        _violation ??= new Violation(checker, message, Schedule.NowUs / 1_000);
        _trace?.WriteLine($"{Schedule.NowUs} violation {checker}: {message}");
    }

    /// <summary>Somebody is past all partitioned slots.</summary>
    private bool HasLeftPartitions()
    {
        foreach (TwinCore core in _cores)
        {
            if (core.CurrentSlot.Value > (ulong)_scenario.SlotCount && (core.Epoch > Epoch.Zero || !_scenario.ChangesEpoch)) return true;
        }

        return false;
    }

    /// <summary>Everything passes from now on; sessions that were cut come back, which has what is re-sent sent at once.</summary>
    private void Heal()
    {
        _isHealed = true;
        _healedMs = Schedule.NowUs / 1_000;
        _trace?.WriteLine($"{Schedule.NowUs} healed");
        foreach (TwinCore core in _cores) core.IsStopped = _scenario.FallsSilent && !IsHonest(core);
        _owed = Highest().Plus(2 * (ulong)_scenario.Members);
        foreach (TwinCore core in _cores)
        {
            foreach (TwinCore peer in _cores)
            {
                if (core.Id == peer.Id || core.IsStopped || peer.IsStopped) continue;
                Schedule.After(_random.Between(0, DelayMaxUs), () => core.Submit(new ReplicaInput.PeerConnected(peer.Id)));
            }
        }
    }

    /// <summary>The highest height that an honest core has delivered.</summary>
    private Height Highest()
    {
        Height highest = Height.Zero;
        foreach (TwinCore core in _cores)
        {
            if (IsHonest(core) && core.Delivered > highest) highest = core.Delivered;
        }

        return highest;
    }

    private bool HasRecovered()
    {
        foreach (TwinCore core in _cores)
        {
            if (IsHonest(core) && core.Delivered < _owed) return false;
        }

        return true;
    }

    private string Describe() => string.Join(", ", _cores.Select(core => $"core {core.Index} slot {core.CurrentSlot} height {core.Delivered}"));
}

using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>How the run around stabilisation is shaped. Values appear in JSON.</summary>
public enum RunShape
{
    /// <summary>Faults stop at stabilisation, nothing else happens.</summary>
    Calm = 0,

    /// <summary>Power of the whole committee is cut at stabilisation: every log is torn at once.</summary>
    PowerCut = 1,

    /// <summary>Members restart again and again until stabilisation.</summary>
    RestartStorm = 2,

    /// <summary>
    /// One member is cut off again and again. When it has jumped over a slot without a vote there and has voted above it, the power of the whole
    /// committee is cut: the worst moment for what it jumped over (C1).
    /// </summary>
    PowerCutAfterJump = 3,
}

/// <summary>A member that lies, and how. Two lies on one member act together.</summary>
public sealed record LyingMember(NodeId Member, IReadOnlyList<AttackerKind> Lies);

/// <summary>A member that stops for good without lying.</summary>
public sealed record DyingMember(NodeId Member, int AtMs);

/// <summary>What clients do. Counts are per run, times in simulated milliseconds.</summary>
public sealed record WorkloadSettings
{
    public required int Namespaces { get; init; }

    /// <summary>Transactions submitted until the load ends.</summary>
    public required int Transactions { get; init; }

    /// <summary>Longest payload in bytes.</summary>
    public required int PayloadBytesMax { get; init; }

    /// <summary>How long an operator collects transactions before it seals a batch.</summary>
    public required int SealMs { get; init; }

    /// <summary>Transactions submitted to a second operator as well, per mille.</summary>
    public required int TwicePerMille { get; init; }

    /// <summary>
    /// Payloads so large that one namespace's block holds a few of them only, with caps and queue at their least: what does not fit is carried over, and
    /// what the queue does not hold is rejected as congested.
    /// </summary>
    public bool IsHeavy { get; init; }

    /// <summary>Receipts that the client hands to other operators, per mille.</summary>
    public required int RelayPerMille { get; init; }
}

/// <summary>
/// Everything one run is made of, drawn from its seed. Each seed also decides which faults exist at all (swarm testing): a run with every fault at
/// once hides what a run with two of them shows.
/// </summary>
public sealed record RunSettings
{
    public required ulong Seed { get; init; }

    public required QuorumParameters Quorum { get; init; }

    public required RunShape Shape { get; init; }

    /// <summary>When the network, the disks and the clocks become well-behaved and stay so (GST).</summary>
    public required int StabilisationMs { get; init; }

    public required NetworkConditions Before { get; init; }

    public required NetworkConditions After { get; init; }

    public required SyncLatency DiskBefore { get; init; }

    public required SyncLatency DiskAfter { get; init; }

    /// <summary>Messages that travel as bytes through the codec, per mille.</summary>
    public required int CodecPerMille { get; init; }

    /// <summary>Vote logs are compacted to snapshots now and then.</summary>
    public required bool CompactsVoteLog { get; init; }

    /// <summary>Largest drift of a clock, parts per million.</summary>
    public required int ClockDriftPpm { get; init; }

    /// <summary>Largest jump or initial error of a wall clock before stabilisation; 0 when clocks are good.</summary>
    public required int ClockErrorMs { get; init; }

    /// <summary>Crash and restart of single members before stabilisation, per simulated minute; 0 when there are none.</summary>
    public required int RestartsPerMinute { get; init; }

    /// <summary>Network cuts before stabilisation, per simulated minute; 0 when there are none.</summary>
    public required int CutsPerMinute { get; init; }

    public required IReadOnlyList<LyingMember> Liars { get; init; }

    public required IReadOnlyList<DyingMember> Dying { get; init; }

    /// <summary>Members whose disk fails. Each counts as faulty.</summary>
    public IReadOnlyList<FailingDisk> Disks { get; init; } = [];

    public required ReplicaOptions Replica { get; init; }

    public required WorkloadSettings Workload { get; init; }

    /// <summary>Length of epochs; zero seconds for one epoch without end.</summary>
    public EpochTerms Epochs { get; init; }

    public bool HasEpochs => Epochs.Seconds > 0;

    /// <summary>How the committee changes at boundaries.</summary>
    public CommitteeChanges Changes { get; init; } = CommitteeChanges.None;

    /// <summary>The L1 that the run follows; null for none.</summary>
    public L1Settings? L1 { get; init; }

    /// <summary>The first committee and those that may join.</summary>
    public int NodeCount => Quorum.N + Changes.Joiners;

    /// <summary>Seats that a committee of the run has at most.</summary>
    public int MembersMax => Changes.Joiners == 0 ? Quorum.N : Changes.IsOrdered ? NodeCount : int.Max(CommitteeChanges.MembersMax, Quorum.N);

    /// <summary>Nodes that lie, die, lose their disk or are deceived about L1.</summary>
    public int FaultyCount => Liars.Count + Dying.Count + Disks.Count(failing => !IsLiar(failing.Member))
        + (L1?.Readers.Count(reader => reader.Reading != L1Reading.True) ?? 0);

    /// <summary>D in this run: heights within which a receipt must be kept (ordering.md 5).</summary>
    public required int ReceiptHeights { get; init; }

    /// <summary>What was taken away from what the seed drew (<see cref="Reduction"/>), in order.</summary>
    public IReadOnlyList<string> Reductions { get; init; } = [];

    /// <summary>Bound on the time every honest replica needs for 2n heights after stabilisation. Milliseconds.</summary>
    public int LivenessBoundMs =>
        (6 * (Replica.ResendMs + Replica.SlotTimeoutMaxMs)) + (2 * MembersMax * 3 * Replica.SlotTimeoutMs);

    public bool IsLiar(NodeId member)
    {
        foreach (LyingMember liar in Liars)
        {
            if (liar.Member == member) return true;
        }

        return false;
    }

    /// <summary>Whether it stops for good, or loses its disk and with it its keys: what it promised alone binds nobody.</summary>
    public bool IsDying(NodeId member)
    {
        foreach (FailingDisk failing in Disks)
        {
            if (failing.Member == member) return true;
        }

        foreach (DyingMember dying in Dying)
        {
            if (dying.Member == member) return true;
        }

        return false;
    }
}

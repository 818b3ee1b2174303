using SharedSeq.Consensus;
using SharedSeq.Ordering;

namespace SharedSeq.Simulator;

/// <summary>
/// The protocol with one rule broken on purpose in every honest replica. The list is a self-test: a simulator that does not notice one of them
/// would not notice the same mistake made by accident.
/// </summary>
public sealed class Mutant
{
    private Mutant(string name, string rule)
    {
        Name = name;
        Rule = rule;
    }

    /// <summary>The protocol as it is.</summary>
    public static readonly Mutant None = new("none", "");

    /// <summary>
    /// Every mutant of consensus.md part B, the two of the lanes, and one for each checker that none of those can reach: a checker that never fails
    /// checks nothing.
    /// </summary>
    public static readonly IReadOnlyList<Mutant> All =
    [
        new("quorum minus one", "q") { QuorumShift = -1 },
        new("quorum plus one", "q") { QuorumShift = 1 },
        new("fast quorum minus one", "F") { FastShift = -1 },
        new("many minus one", "M") { ManyShift = -1 },
        new("many plus one", "M") { ManyShift = 1 },
        new("final after extra", "R7") { Mutations = ProtocolMutations.FinalAfterExtra },
        new("extra after final", "R8, R9") { Mutations = ProtocolMutations.ExtraAfterFinal },
        new("skip counted in the maximum", "R8") { Mutations = ProtocolMutations.SkipInMaximum },
        new("forgotten first vote", "S4") { Mutations = ProtocolMutations.ForgottenFirst },
        new("volatile entry and no gap filling", "R1, R2")
        {
            Mutations = ProtocolMutations.VolatileEntry | ProtocolMutations.NoGapFilling,
        },
        new("own batch not durable", "5 (h)") { OwnBatchIsNotDurable = true },
        new("no ack exchange", "7") { AcksGoToAuthorOnly = true },
        new("votes cross the epoch", "8") { Mutations = ProtocolMutations.EpochsMixed, Checker = nameof(NoHonestEvidence) },
        new("observer votes", "8") { ObserversVote = true, Checker = "Seats" },
        new("seats of the epoch before", "8") { SendsToSeatsBefore = true },
        new("no tails", "8") { Mutations = ProtocolMutations.NoTails, Checker = nameof(Agreement) },
        new("old lanes dropped at the boundary", "8") { Mutations = ProtocolMutations.LanesDropped, Checker = nameof(ReceiptDeadline) },
        new("last batch not executed", "7") { SkipsLastBatch = true, Checker = nameof(NothingLostOrDoubled) },
        new("other order of execution", "7") { ReversesOddMembers = true, Checker = nameof(EqualResults) },
        new("evidence not proposed", "8") { Mutations = ProtocolMutations.EvidenceNotProposed, Checker = nameof(EvidenceCommitted) },
        new("evidence repeated", "R4") { Mutations = ProtocolMutations.EvidenceRepeated, Checker = nameof(EvidenceCommitted) },
        new("committee served as first fixed", "8") { TakesCommitteeAsFixed = true, Checker = nameof(HandOvers) },
        new("committee fixed too early", "ordering 11")
        {
            CommitteeMutations = CommitteeMutations.FixedBeforeStatements, Checker = nameof(HandOvers),
        },
        new("more than f changes", "ordering 11") { CommitteeMutations = CommitteeMutations.AnyNumberOfChanges, Checker = nameof(HandOvers) },
        new("ready does not lapse", "ordering 11") { CommitteeMutations = CommitteeMutations.ReadyKept, Checker = nameof(HandOvers) },
        new("committee of three", "ordering 11") { CommitteeMutations = CommitteeMutations.ThreeMembers, Checker = nameof(HandOvers) },
        new("offender keeps its seat", "ordering 11") { CommitteeMutations = CommitteeMutations.OffendersKept, Checker = nameof(HandOvers) },
        new("approvals not counted", "ordering 11") { CommitteeMutations = CommitteeMutations.ApprovalsNotCounted, Checker = nameof(HandOvers) },
        new("statements unsigned", "ordering 11") { CommitteeMutations = CommitteeMutations.StatementsUnsigned, Checker = nameof(HandOvers) },
        new("checkpoints not compared", "ordering 11") { CommitteeMutations = CommitteeMutations.CheckpointsNotCompared, Checker = nameof(HandOvers) },
        new("rolled-back member votes on", "5") { IgnoresGuard = true, Checker = nameof(NoHonestEvidence) },
        new("one report too few", "V2") { Mutations = ProtocolMutations.FewerReports, Checker = nameof(L1Views) },
        new("L1 view goes back", "V3") { Mutations = ProtocolMutations.ViewsRegress, Checker = nameof(L1Views) },
        new("L1 inputs not compared", "V3")
        {
            Mutations = ProtocolMutations.DigestsNotCompared, TrustsReports = true, Checker = nameof(L1Views),
        },
        new("L1 views not compared", "V3") { Mutations = ProtocolMutations.ViewsNotCompared, TrustsReports = true, Checker = nameof(L1Views) },
        new("no cooldown", "V1") { Mutations = ProtocolMutations.NoCooldown, Checker = nameof(L1Views) },
        new("slot window not kept", "3") { WindowFactor = 10_000, Checker = nameof(MemoryBounds) },
    ];

    /// <summary>A mutant, or the protocol as it is, by its name; null when there is none of that name.</summary>
    public static Mutant? Find(string name) => name == None.Name ? None : All.FirstOrDefault(mutant => mutant.Name == name);

    public string Name { get; }

    /// <summary>The rule or threshold that is broken.</summary>
    public string Rule { get; }

    /// <summary>The shell hands an own batch to the replica before it is synced.</summary>
    public bool OwnBatchIsNotDurable { get; private init; }

    /// <summary>The shell sends acks to the batch's author and to nobody else.</summary>
    public bool AcksGoToAuthorOnly { get; private init; }

    /// <summary>The shell starts on a vote log that holds less than the guard knows.</summary>
    public bool IgnoresGuard { get; private init; }

    /// <summary>A node without a seat takes the first one for its own: before it joins, and after it left.</summary>
    public bool ObserversVote { get; private init; }

    /// <summary>The shell sends to the sessions that had the seats in the epoch before.</summary>
    public bool SendsToSeatsBefore { get; private init; }

    /// <summary>The shell serves an epoch with the committee that the first height of the epoch before it fixed, whatever evidence came after.</summary>
    public bool TakesCommitteeAsFixed { get; private init; }

    /// <summary>The shell takes the reports of a proposal for verified.</summary>
    public bool TrustsReports { get; private init; }

    /// <summary>The checker that this mutant is there for; null when any may catch it.</summary>
    public string? Checker { get; private init; }

    /// <summary>It breaks a rule or threshold of one slot: twins must notice it too.</summary>
    public bool IsSoughtByTwins =>
        QuorumShift != 0 || FastShift != 0 || ManyShift != 0
        || (Mutations & (ProtocolMutations.FinalAfterExtra | ProtocolMutations.ExtraAfterFinal | ProtocolMutations.SkipInMaximum)) != 0;

    internal ProtocolMutations Mutations { get; private init; }

    internal CommitteeMutations CommitteeMutations { get; private init; }

    /// <summary>The shell hands a replica the statements of ended epochs as if they were of the present one.</summary>
    public bool MixesEpochs => Mutations.HasFlag(ProtocolMutations.EpochsMixed);

    /// <summary>The shell hands ordering each height without its last batch.</summary>
    private bool SkipsLastBatch { get; init; }

    /// <summary>Every other member hands ordering the batches of a height in reverse.</summary>
    private bool ReversesOddMembers { get; init; }

    /// <summary>How many times the stated window a replica keeps slots ahead.</summary>
    private int WindowFactor { get; init; } = 1;

    private int QuorumShift { get; init; }

    private int FastShift { get; init; }

    private int ManyShift { get; init; }

    internal QuorumParameters Shift(QuorumParameters quorum) =>
        quorum with { QuorumShift = QuorumShift, FastShift = FastShift, ManyShift = ManyShift };

    internal Epochs Create(EpochHistory history, ReplicaOptions options, RecoveredState recovered) =>
        new(options with { SlotWindow = options.SlotWindow * WindowFactor }, history, recovered, Mutations);

    /// <summary>What a member's ordering machine is given for a committed height.</summary>
    internal CommittedBlock Executed(CommittedBlock block, NodeId by)
    {
        if (SkipsLastBatch && block.Batches.Count > 0) return block with { Batches = [.. block.Batches.SkipLast(1)] };
        return ReversesOddMembers && by.Value % 2 == 1 ? block with { Batches = [.. block.Batches.Reverse()] } : block;
    }
}

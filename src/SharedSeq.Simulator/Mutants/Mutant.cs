using SharedSeq.Consensus;
using SharedSeq.Primitives;

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

    /// <summary>Every mutant of consensus.md part B, and the two of the lanes.</summary>
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
        new("own batch not durable", "5 (h)") { Mutations = ProtocolMutations.VolatileOwnBatch, OwnBatchIsNotDurable = true },
        new("no ack exchange", "7") { Mutations = ProtocolMutations.NoAckExchange, AcksGoToAuthorOnly = true },
    ];

    public string Name { get; }

    /// <summary>The rule or threshold that is broken.</summary>
    public string Rule { get; }

    /// <summary>The shell hands an own batch to the replica before it is synced.</summary>
    public bool OwnBatchIsNotDurable { get; private init; }

    /// <summary>The shell sends acks to the batch's author and to nobody else.</summary>
    public bool AcksGoToAuthorOnly { get; private init; }

    internal ProtocolMutations Mutations { get; private init; }

    private int QuorumShift { get; init; }

    private int FastShift { get; init; }

    private int ManyShift { get; init; }

    internal QuorumParameters Shift(QuorumParameters quorum) =>
        quorum with { QuorumShift = QuorumShift, FastShift = FastShift, ManyShift = ManyShift };

    internal Replica Create(Committee committee, ReplicaId id, ReplicaOptions options, RecoveredState recovered) =>
        new(options, committee, id, recovered, Mutations);
}

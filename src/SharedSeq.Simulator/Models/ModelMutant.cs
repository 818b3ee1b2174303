using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>
/// The single-slot model with one rule or threshold broken. Both sides of every threshold are here: a model that misses one of them proves nothing
/// about the thresholds as they are.
/// </summary>
/// <param name="Name">What is broken.</param>
/// <param name="Rule">The rule or threshold.</param>
/// <param name="Rules">The broken rules.</param>
/// <param name="Check">The check that must notice it: <see cref="Agreement"/>, <see cref="Deadlock"/> or <see cref="Both"/>.</param>
public sealed record ModelMutant(string Name, string Rule, SlotRules Rules, string Check)
{
    public const string Agreement = "Agreement";

    public const string Deadlock = "Deadlock";

    public const string Both = "Agreement, Deadlock";

    private static readonly QuorumParameters Four = new(4, 1, 0);

    private static readonly QuorumParameters Six = new(6, 1, 1);

    /// <summary>Every mutant at n = 4 and n = 6; then the committees that are one member too small, and one crash more than n = 6 bears (C9).</summary>
    public static readonly IReadOnlyList<ModelMutant> All =
    [
        .. Broken(Four),
        .. Broken(Six),
        new("n = 5 with f = p = 1", "n >= 3f+2p+1", new SlotRules(new QuorumParameters(5, 1, 0) { QuorumShift = -1, FastShift = -1, ManyShift = 1 }), Both),
        new("a crash beside f liars", "n >= 3f+3p+1", new SlotRules(Six) { Crashed = 1 }, Deadlock),
    ];

    /// <summary>Explores the broken slot.</summary>
    public MutantVerdict Verify()
    {
        SlotModelResult result = SlotModel.Explore(Rules);
        string? caughtBy = (result.AgreementViolations > 0, result.DeadStates > 0) switch
        {
            (true, true) => Both,
            (true, false) => Agreement,
            (false, true) => Deadlock,
            (false, false) => null,
        };
        return new MutantVerdict(Name, Rule, MutantVerdict.Model, Rules.Quorum.N, result.States)
        {
            Checker = Check,
            CaughtBy = caughtBy,
            Message = result.FirstViolation ?? result.FirstDeadState,
        };
    }

    private static IEnumerable<ModelMutant> Broken(QuorumParameters quorum)
    {
        var rules = new SlotRules(quorum);
        yield return new("many minus one", "M", new SlotRules(quorum with { ManyShift = -1 }), Agreement);
        yield return new("many plus one", "M", new SlotRules(quorum with { ManyShift = 1 }), Deadlock);
        yield return new("quorum minus one", "q", new SlotRules(quorum with { QuorumShift = -1 }), Agreement);
        yield return new("fast quorum minus one", "F", new SlotRules(quorum with { FastShift = -1 }), Agreement);
        yield return new("final after extra", "R7", rules with { Mutations = ProtocolMutations.FinalAfterExtra }, Agreement);
        yield return new("extra after final", "R8, R9", rules with { Mutations = ProtocolMutations.ExtraAfterFinal }, Agreement);
        yield return new("first after a first-less final", "R6, R7", rules with { AllowsFinalWithoutFirst = true, AllowsFirstAfterFinal = true }, Agreement);
        yield return new("skip counted in the maximum", "R8", rules with { Mutations = ProtocolMutations.SkipInMaximum }, Deadlock);
        yield return new("f + 1 liars", "f", rules with { Liars = quorum.F + 1 }, Both);
    }
}

namespace SharedSeq.Simulator;

/// <summary>Looks for every mutant: the model explores its slot; twins and the simulator run scenarios and seeds until a check does.</summary>
public static class MutantHunt
{
    /// <summary>Seeds within which each mutant of the simulator must be caught.</summary>
    public const int DefaultSeeds = 1_000;

    /// <summary>Scenarios of twins within which each mutant that breaks agreement must be caught.</summary>
    public const int TwinScenarios = 1_000;

    /// <summary>Four members: the smallest committee, where thresholds are tight on both sides.</summary>
    public const int Members = 4;

    public static IReadOnlyList<MutantVerdict> Run(int seeds, int parallel)
    {
        var hunts = new List<Func<MutantVerdict>>();
        foreach (ModelMutant mutant in ModelMutant.All) hunts.Add(mutant.Verify);
        foreach (Mutant mutant in Mutant.All)
        {
            if (mutant.IsSoughtByTwins) hunts.Add(() => TwinCampaign.Hunt(mutant, Members, TwinScenarios));
        }

        foreach (Mutant mutant in Mutant.All) hunts.Add(() => Hunt(mutant, seeds));
        var verdicts = new MutantVerdict[hunts.Count];
        Parallel.For(0, verdicts.Length, new ParallelOptions { MaxDegreeOfParallelism = parallel }, i => verdicts[i] = hunts[i]());
        return verdicts;
    }

    /// <summary>Tries seeds 1, 2, ... until one of them catches the mutant.</summary>
    public static MutantVerdict Hunt(Mutant mutant, int seeds)
    {
        for (int i = 1; i <= seeds; i++)
        {
            if (Campaign.RunOne((ulong)i, Members, mutant).Violation is not { } violation) continue;
            return new MutantVerdict(mutant.Name, mutant.Rule, MutantVerdict.Simulator, Members, i)
            {
                Seed = (ulong)i,
                Checker = mutant.Checker,
                CaughtBy = violation.Checker,
                Message = violation.Message,
            };
        }

        return new MutantVerdict(mutant.Name, mutant.Rule, MutantVerdict.Simulator, Members, seeds);
    }
}

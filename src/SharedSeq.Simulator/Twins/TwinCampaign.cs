namespace SharedSeq.Simulator;

/// <summary>Runs a range of scenarios of twins, one after the other.</summary>
public static class TwinCampaign
{
    /// <param name="members">Size of the committee.</param>
    /// <param name="slots">Slots that are partitioned.</param>
    /// <param name="from">The first scenario.</param>
    /// <param name="count">How many, upwards from it.</param>
    /// <param name="mutant">The protocol with a rule broken; null for the protocol as it is.</param>
    /// <param name="onResult">Called after each.</param>
    /// <param name="changesEpoch">Whether the first epoch ends within the partitioned slots.</param>
    public static TwinTotals Run(
        int members, int slots, ulong from, ulong count, Mutant? mutant = null, Action<TwinResult>? onResult = null, bool changesEpoch = false)
    {
        var totals = new TwinTotals();
        for (ulong i = 0; i < count; i++)
        {
            TwinResult result = TwinRun.Execute(TwinScenario.Of(members, slots, from + i) with { ChangesEpoch = changesEpoch }, mutant);
            totals.Add(result);
            onResult?.Invoke(result);
        }

        return totals;
    }

    /// <summary>Tries scenarios 0, 1, ... until one of them catches the mutant.</summary>
    public static MutantVerdict Hunt(Mutant mutant, int members, int scenarios)
    {
        for (int i = 0; i < scenarios; i++)
        {
            TwinResult result = TwinRun.Execute(TwinScenario.Of(members, TwinScenario.DefaultSlots, (ulong)i), mutant);
            if (result.Violation is not { } violation) continue;
            return new MutantVerdict(mutant.Name, mutant.Rule, MutantVerdict.Twins, members, i + 1)
            {
                Seed = (ulong)i,
                CaughtBy = violation.Checker,
                Message = violation.Message,
            };
        }

        return new MutantVerdict(mutant.Name, mutant.Rule, MutantVerdict.Twins, members, scenarios);
    }

    /// <summary>The command that runs one scenario again and prints its trace.</summary>
    public static string ReplayCommand(TwinScenario scenario) =>
        $"./sharedseq simulate twins --members {scenario.Members} --slots {scenario.SlotCount} --from {scenario.Index} --count 1"
        + (scenario.ChangesEpoch ? " --epochs --trace" : " --trace");
}

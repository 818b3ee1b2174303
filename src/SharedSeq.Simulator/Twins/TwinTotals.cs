namespace SharedSeq.Simulator;

/// <summary>What a range of scenarios of twins met.</summary>
public sealed class TwinTotals
{
    public long Scenarios { get; private set; }

    public long Violations { get; private set; }

    public long Heights { get; private set; }

    /// <summary>Scenarios in which two blocks of one slot were notarized.</summary>
    public long WithTwoBlocksNotarized { get; private set; }

    /// <summary>Scenarios in which skip and a block of one slot were notarized.</summary>
    public long WithSkipAndBlockNotarized { get; private set; }

    /// <summary>Scenarios after which some core could show that the twin contradicted itself.</summary>
    public long WithEvidence { get; private set; }

    /// <summary>Scenarios in which every honest core entered another epoch.</summary>
    public long WithEpochEntered { get; private set; }

    /// <summary>Longest time from healing to 2n more heights everywhere, simulated milliseconds.</summary>
    public long RecoveryMsMax { get; private set; }

    public void Add(TwinResult result)
    {
        Scenarios++;
        Heights += result.Heights;
        if (result.Violation is not null) Violations++;
        if (result.TwoBlocksNotarized > 0) WithTwoBlocksNotarized++;
        if (result.SkipAndBlockNotarized > 0) WithSkipAndBlockNotarized++;
        if (result.IsEquivocationSeen) WithEvidence++;
        if (result.EpochsEntered > 0) WithEpochEntered++;
        RecoveryMsMax = long.Max(RecoveryMsMax, result.RecoveryMs);
    }

    /// <summary>Name and value of each counter, in a fixed order.</summary>
    public IEnumerable<(string Name, long Value)> All()
    {
        yield return ("scenarios", Scenarios);
        yield return ("violations", Violations);
        yield return ("heights", Heights);
        yield return ("withTwoBlocksNotarized", WithTwoBlocksNotarized);
        yield return ("withSkipAndBlockNotarized", WithSkipAndBlockNotarized);
        yield return ("withEvidence", WithEvidence);
        yield return ("withEpochEntered", WithEpochEntered);
        yield return ("recoveryMsMax", RecoveryMsMax);
    }
}

using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>Two cores with one key in enumerated partitions.</summary>
public sealed class TwinTests
{
    public static TheoryData<string> Mutants => [.. Mutant.All.Where(mutant => mutant.IsSoughtByTwins).Select(mutant => mutant.Name)];

    [Fact]
    public void Every_scenario_of_one_partitioned_slot_keeps_agreement_and_recovers() =>
        AssertClean(4, 1, 0, TwinScenario.CountOf(4, 1));

    [Theory]
    [InlineData(4, 4, 3_000)]
    [InlineData(7, 4, 800)]
    [InlineData(10, 3, 100)]
    public void A_slice_of_the_scenarios_keeps_agreement_and_recovers(int members, int slots, ulong count)
    {
        TwinTotals totals = AssertClean(members, slots, 1_000, count);
        Assert.True(totals.WithEvidence > 0, "no scenario in which the twin was seen to contradict itself");
        Assert.True(totals.WithSkipAndBlockNotarized > 0, "no slot with skip and a block notarized");
    }

    [Theory]
    [InlineData(4, 4, 1_500)]
    [InlineData(7, 4, 300)]
    public void An_epoch_that_ends_within_the_partitions_keeps_agreement_and_recovers(int members, int slots, ulong count)
    {
        TwinTotals totals = AssertClean(members, slots, 1_000, count, changesEpoch: true);
        Assert.Equal(totals.Scenarios, totals.WithEpochEntered);
        Assert.True(totals.WithEvidence > 0, "no scenario in which the twin was seen to contradict itself");
    }

    [Theory]
    [MemberData(nameof(Mutants))]
    public void Each_mutant_of_a_slot_is_caught(string name)
    {
        MutantVerdict verdict = TwinCampaign.Hunt(Mutant.All.Single(mutant => mutant.Name == name), 4, MutantHunt.TwinScenarios);
        Assert.True(verdict.IsCaught, $"'{name}' escaped {verdict.Tried} scenarios");
    }

    [Fact]
    public void Every_number_is_another_scenario()
    {
        var seen = new HashSet<string>();
        for (ulong i = 0; i < TwinScenario.CountOf(4, 1); i++)
            Assert.True(seen.Add(TwinScenario.Of(4, 1, i).ToString()), $"scenario {i} is there twice");
        Assert.Equal(4 * 2 * 16 * 6, seen.Count);
        Assert.Equal(TwinScenario.Of(4, 1, 3).ToString(), TwinScenario.Of(4, 1, 3 + (ulong)seen.Count).ToString());
    }

    [Fact]
    public void The_same_number_gives_the_same_trace()
    {
        using var first = new StringWriter();
        using var second = new StringWriter();
        TwinRun.Execute(TwinScenario.Of(4, 4, 77), trace: first);
        TwinRun.Execute(TwinScenario.Of(4, 4, 77), trace: second);
        Assert.Contains("healed", first.ToString(), StringComparison.Ordinal);
        Assert.Equal(first.ToString(), second.ToString());
    }

    private static TwinTotals AssertClean(int members, int slots, ulong from, ulong count, bool changesEpoch = false)
    {
        TwinTotals totals = TwinCampaign.Run(members, slots, from, count, changesEpoch: changesEpoch, onResult: result => Assert.True(
            result.Violation is null, $"{result.Violation}\n{result.Scenario}\n{TwinCampaign.ReplayCommand(result.Scenario)}"));
        Assert.Equal((long)count, totals.Scenarios);
        return totals;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using SharedSeq.Simulator;
using Xunit.Abstractions;

namespace SharedSeq.Simulation.Tests;

/// <summary>Runs of the whole committee: seeds that once failed, a fixed batch, and fresh random ones.</summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    /// <summary>Fresh runs of four members; seven members get a quarter of it. More with SHAREDSEQ_SIMULATION_RUNS.</summary>
    private const int DefaultRuns = 200;

    private const int GoalRuns = 600;

    [Fact]
    public void Seeds_that_once_failed_pass()
    {
        Assert.NotEmpty(RegressionSeeds.All);
        foreach (RegressionSeed item in RegressionSeeds.All)
        {
            RunResult result = Campaign.RunOne(item.Seed, item.Members);
            Assert.True(result.Violation is null, $"once: {item.Found}\n{(result.Violation is null ? "" : RunReport.Describe(result))}");
        }
    }

    [Theory]
    [InlineData(7, 15)]
    [InlineData(10, 3)]
    public void A_fixed_batch_has_no_violation(int members, int runs) => AssertClean(Campaign.Run(1, runs, members, Environment.ProcessorCount));

    [Theory]
    [InlineData(4, 1)]
    [InlineData(7, 4)]
    public void A_fresh_random_batch_has_no_violation(int members, int divisor)
    {
        string? configured = Environment.GetEnvironmentVariable("SHAREDSEQ_SIMULATION_RUNS");
        int runs = int.Max(1, (configured is null ? DefaultRuns : int.Parse(configured, CultureInfo.InvariantCulture)) / divisor);
        ulong first = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
        output.WriteLine($"seeds {first} to {first + (ulong)runs - 1}, {members} members");
        AssertClean(Campaign.Run(first, runs, members, Environment.ProcessorCount));
    }

    /// <summary>The fixed batch of four members, large enough for every goal.</summary>
    [Fact]
    public void A_batch_reaches_every_goal_and_has_no_violation()
    {
        CampaignResult total = Campaign.Run(1, GoalRuns, 4, Environment.ProcessorCount);
        AssertClean(total);
        Assert.Empty(total.GoalsMissed.Select(goal => goal.Name));
        Assert.All(total.RunsReaching, runs => Assert.InRange(runs, 1, GoalRuns));
    }

    [Fact]
    public void A_campaign_names_the_goals_that_it_did_not_reach()
    {
        CampaignResult total = Campaign.Run(1, 1, 4, 1);
        Assert.NotEmpty(total.GoalsMissed);
        Assert.DoesNotContain(total.GoalsMissed, goal => goal.Of(total.Coverage) > 0);
        Assert.Equal(CoverageGoal.All.Count, CoverageGoal.All.Select(goal => goal.Name).Distinct().Count());
    }

    private static void AssertClean(CampaignResult total) =>
        Assert.True(total.Failures.Count == 0, string.Join("\n", total.Failures.Select(RunReport.Describe)));
}

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

    [Fact]
    public void Seeds_that_once_failed_pass()
    {
        foreach (RegressionSeed item in RegressionSeeds.All)
        {
            RunResult result = Campaign.RunOne(item.Seed, item.Members);
            Assert.True(result.Violation is null, $"once: {item.Found}\n{(result.Violation is null ? "" : RunReport.Describe(result))}");
        }
    }

    [Theory]
    [InlineData(4, 60)]
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

    [Fact]
    public void A_batch_reaches_the_rare_paths()
    {
        CampaignResult total = Campaign.Run(1, 60, 4, Environment.ProcessorCount);
        Coverage seen = total.Coverage;
        Assert.True(seen.FastCommits > 0, "no fast commit");
        Assert.True(seen.SlowCommits > 0, "no slow commit");
        Assert.True(seen.Skips > 0, "no skipped slot");
        Assert.True(seen.DoubleNotarizations > 0, "no slot with two notarized values");
        Assert.True(seen.Restarts > 0, "no restart");
        Assert.True(seen.RecordsTorn > 0, "no torn log");
        Assert.True(seen.Receipts > 0, "no receipt");
        Assert.True(seen.ResultCertificates > 0, "no result certificate");
        Assert.True(seen.FramesRefused > 0, "no garbage frame");
        Assert.True(seen.ProofsBuiltByOthers > 0, "no proof of availability built in its author's place");
        Assert.True(seen.HeightsCarriedOver > 0, "no height that left transactions waiting");
        Assert.True(seen.Congested > 0, "no congested namespace");
    }

    private static void AssertClean(CampaignResult total) =>
        Assert.True(total.Failures.Count == 0, string.Join("\n", total.Failures.Select(RunReport.Describe)));
}

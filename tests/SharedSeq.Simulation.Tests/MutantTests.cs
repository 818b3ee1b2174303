using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>The simulator's self-test: each rule broken on purpose is noticed.</summary>
public sealed class MutantTests
{
    public static TheoryData<string> Names => [.. Mutant.All.Select(mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_mutant_is_caught(string name)
    {
        MutantVerdict verdict = MutantHunt.Hunt(Mutant.All.Single(mutant => mutant.Name == name), MutantHunt.DefaultSeeds);
        Assert.True(verdict.IsCaught, $"'{name}' after {verdict.Tried} seeds: caught by {verdict.CaughtBy ?? "nobody"}");
    }
}

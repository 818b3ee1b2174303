using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>A failing seed is made small, and what is left can be replayed.</summary>
public sealed class ShrinkerTests
{
    private const string Broken = "final after extra";

    [Fact]
    public void A_failing_seed_shrinks_to_a_smaller_run_that_the_same_checker_fails()
    {
        RunResult failure = Failing();
        ShrunkRun shrunk = Shrinker.Shrink(failure);
        RunSettings was = failure.Settings;
        RunSettings left = shrunk.Result.Settings;
        Assert.Equal(failure.Violation!.Checker, shrunk.Result.Violation!.Checker);
        Assert.NotEmpty(left.Reductions);
        Assert.InRange(shrunk.Runs, left.Reductions.Count, Shrinker.DefaultRuns);
        Assert.True(left.Workload.Transactions < was.Workload.Transactions, "no load is needed for this mutant");
        Assert.True(left.StabilisationMs <= was.StabilisationMs);
        foreach (Reduction reduction in Reduction.All)
        {
            if (reduction.Apply(left) is not { } smaller) continue;
            RunResult result = Campaign.RunOne(smaller, failure.Mutant);
            Assert.True(result.Violation?.Checker != failure.Violation.Checker, $"{reduction.Name} could still be taken away");
        }
    }

    [Fact]
    public void The_printed_command_replays_the_shrunk_run()
    {
        RunResult shrunk = Shrinker.Shrink(Failing()).Result;
        string command = RunReport.ReplayCommand(shrunk);
        Assert.Contains($"--mutant \"{Broken}\"", command, StringComparison.Ordinal);
        string names = command.Split(' ').SkipWhile(word => word != "--reduce").ElementAt(1);
        Assert.True(Reduction.TryParse(names, out IReadOnlyList<Reduction> reductions, out string? unknown), unknown);
        RunSettings settings = Swarm.Draw(shrunk.Settings.Seed, shrunk.Settings.Quorum.N);
        foreach (Reduction reduction in reductions) settings = reduction.Apply(settings)!;
        RunResult replayed = Campaign.RunOne(settings, shrunk.Mutant);
        Assert.Equal(shrunk.TraceHash, replayed.TraceHash);
        Assert.Equal(shrunk.Violation, replayed.Violation);
    }

    [Fact]
    public void A_name_that_is_no_reduction_is_named()
    {
        Assert.False(Reduction.TryParse("no-cuts, no-moon", out _, out string? unknown));
        Assert.Equal("no-moon", unknown);
    }

    private static RunResult Failing()
    {
        Mutant mutant = Mutant.Find(Broken)!;
        MutantVerdict verdict = MutantHunt.Hunt(mutant, MutantHunt.DefaultSeeds);
        return Campaign.RunOne(verdict.Seed!.Value, MutantHunt.Members, mutant);
    }
}

using SharedSeq.Cli;

namespace SharedSeq.Node.Tests.Configuration;

/// <summary>What the simulate command takes and what it refuses, and its exit codes.</summary>
public sealed class SimulateCommandTests
{
    [Theory]
    [InlineData("--seed 3 --seeds 2 --parallel 1", 0)]
    [InlineData("--seed 3", 0)]
    [InlineData("--seed 1 --seeds 2 --parallel 1 --require-coverage", 1)]
    [InlineData("--seed 1 --mutant \"many plus one\" --reduce no-load,calm", 1)]
    [InlineData("model", 0)]
    [InlineData("twins --count 3", 0)]
    [InlineData("mutants --seeds 1", 1)]
    public async Task It_runs_and_says_by_its_exit_code_whether_all_was_well(string arguments, int expected) =>
        Assert.Equal(expected, await SimulateCommand.Create().Parse(arguments).InvokeAsync());

    [Theory]
    [InlineData("--seeds 0", "--seeds must be at least 1")]
    [InlineData("--seeds 2 --trace", "for a single seed")]
    [InlineData("--seeds 2 --reduce calm", "for a single seed")]
    [InlineData("--reduce no-moon", "'no-moon' is no reduction")]
    [InlineData("--mutant moon", "none called 'moon'")]
    [InlineData("twins --members 3", "--members must be 4 to 16")]
    [InlineData("twins --slots 9", "--slots must be 1 to 6")]
    public void What_makes_no_sense_is_refused_by_name(string arguments, string expected) =>
        Assert.Contains(SimulateCommand.Create().Parse(arguments).Errors, error => error.Message.Contains(expected, StringComparison.Ordinal));
}

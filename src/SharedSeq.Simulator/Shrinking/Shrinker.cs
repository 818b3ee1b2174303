namespace SharedSeq.Simulator;

/// <summary>A failing run made small.</summary>
/// <param name="Result">The smallest run found that the same checker fails.</param>
/// <param name="Runs">Runs it took.</param>
public sealed record ShrunkRun(RunResult Result, int Runs);

/// <summary>
/// Makes a failing run smaller: whatever can be taken away so that the same checker still fails is taken away, until nothing can. A run's parts draw
/// from streams of their own, so that what is left mostly stays what it was.
/// </summary>
public static class Shrinker
{
    /// <summary>Runs after which the smallest one found so far is good enough: a few seconds.</summary>
    public const int DefaultRuns = 200;

    public static ShrunkRun Shrink(RunResult failure, int runsMax = DefaultRuns)
    {
        RunResult smallest = failure;
        int runs = 0;
        bool again = true;
        while (again)
        {
            again = false;
            foreach (Reduction reduction in Reduction.All)
            {
                while (runs < runsMax && reduction.Apply(smallest.Settings) is { } settings)
                {
                    runs++;
                    RunResult result = Campaign.RunOne(settings, smallest.Mutant);
                    if (result.Violation?.Checker != failure.Violation?.Checker) break;
                    smallest = result;
                    again = true;
                }
            }
        }

        return new ShrunkRun(smallest, runs);
    }
}

using System.Text.Json;

namespace SharedSeq.Simulator;

/// <summary>Whether a mutant was caught, by whom, and how soon.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="Members">Size of the committee it was caught in, or was last tried in.</param>
/// <param name="Seed">The seed that caught it.</param>
/// <param name="SeedsTried">Runs until then, or in all.</param>
/// <param name="Violation">What was seen; null when it escaped.</param>
public sealed record MutantVerdict(Mutant Mutant, int Members, ulong Seed, int SeedsTried, Violation? Violation)
{
    public bool IsCaught => Violation is not null;
}

/// <summary>Runs each mutant on the ordinary seeds until a checker notices it.</summary>
public static class MutantHunt
{
    /// <summary>Seeds within which each mutant must be caught.</summary>
    public const int DefaultSeeds = 1_000;

    /// <summary>Four members: the smallest committee, where thresholds are tight on both sides.</summary>
    public const int Members = 4;

    public static IReadOnlyList<MutantVerdict> Run(int seeds, int parallel)
    {
        var verdicts = new MutantVerdict[Mutant.All.Count];
        Parallel.For(0, verdicts.Length, new ParallelOptions { MaxDegreeOfParallelism = parallel }, i =>
            verdicts[i] = Hunt(Mutant.All[i], seeds));
        return verdicts;
    }

    /// <summary>Tries seeds 1, 2, ... until one of them catches the mutant.</summary>
    public static MutantVerdict Hunt(Mutant mutant, int seeds)
    {
        for (int i = 1; i <= seeds; i++)
        {
            RunResult result = Campaign.RunOne((ulong)i, Members, mutant);
            if (result.Violation is not null) return new MutantVerdict(mutant, Members, (ulong)i, i, result.Violation);
        }

        return new MutantVerdict(mutant, Members, 0, seeds, null);
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<MutantVerdict> verdicts)
    {
        json.WriteStartArray();
        foreach (MutantVerdict verdict in verdicts)
        {
            json.WriteStartObject();
            json.WriteString("mutant", verdict.Mutant.Name);
            json.WriteString("rule", verdict.Mutant.Rule);
            json.WriteNumber("members", verdict.Members);
            json.WriteNumber("seedsTried", verdict.SeedsTried);
            json.WriteString("caughtBy", verdict.Violation?.Checker);
            json.WriteString("message", verdict.Violation?.Message);
            if (verdict.IsCaught) json.WriteNumber("seed", verdict.Seed);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

using System.Text.Json;

namespace SharedSeq.Simulator;

/// <summary>Whether a mutant was caught, by whom, and how soon.</summary>
/// <param name="Mutant">What was broken.</param>
/// <param name="Rule">The rule or threshold that was broken.</param>
/// <param name="Means">What looked for it: <see cref="Model"/>, <see cref="Twins"/> or <see cref="Simulator"/>.</param>
/// <param name="Members">Size of the committee.</param>
/// <param name="Tried">Runs until it was caught, or in all; the model's reachable states.</param>
public sealed record MutantVerdict(string Mutant, string Rule, string Means, int Members, int Tried)
{
    public const string Simulator = "simulator";

    public const string Model = "model";

    public const string Twins = "twins";

    /// <summary>The seed or scenario that caught it; null where there is none.</summary>
    public ulong? Seed { get; init; }

    /// <summary>What noticed it; null when it escaped.</summary>
    public string? CaughtBy { get; init; }

    /// <summary>What was seen.</summary>
    public string? Message { get; init; }

    /// <summary>The check that must notice it; null when any may.</summary>
    public string? Checker { get; init; }

    /// <summary>Noticed, and by the check that is there for it.</summary>
    public bool IsCaught => CaughtBy is not null && (Checker is null || Checker == CaughtBy);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("mutant", Mutant);
        json.WriteString("rule", Rule);
        json.WriteString("means", Means);
        json.WriteNumber("members", Members);
        json.WriteNumber("tried", Tried);
        if (Seed is { } seed) json.WriteNumber("seed", seed);
        json.WriteBoolean("caught", IsCaught);
        json.WriteString("caughtBy", CaughtBy);
        json.WriteString("message", Message);
        json.WriteEndObject();
    }
}

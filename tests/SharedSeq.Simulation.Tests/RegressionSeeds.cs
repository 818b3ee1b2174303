namespace SharedSeq.Simulation.Tests;

/// <summary>A seed that once failed, and what it found. It stays here for good.</summary>
public sealed record RegressionSeed(ulong Seed, int Members, string Found);

/// <summary>
/// Seeds that found bugs, replayed with every change. What a seed does moves when the swarm's draws move: a bug that needs one exact schedule
/// also has a scenario of its own with the core's tests.
/// </summary>
public static class RegressionSeeds
{
    public static readonly IReadOnlyList<RegressionSeed> All =
    [
        new(262, 4, "LaneForker added a transaction to a batch that was full already, and a DecodeException ended the simulator"),
    ];
}

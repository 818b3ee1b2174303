using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A broken promise: which checker saw it, what it saw, and when in simulated milliseconds.</summary>
public sealed record Violation(string Checker, string Message, long AtMs);

/// <summary>What one run came to. Everything here follows from the seed.</summary>
public sealed record RunResult(
    RunSettings Settings, Mutant Mutant, Violation? Violation, Hash32 TraceHash, long SimulatedMs, Coverage Coverage);

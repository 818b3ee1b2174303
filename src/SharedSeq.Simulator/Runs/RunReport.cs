using System.Reflection;
using System.Text.Json;

namespace SharedSeq.Simulator;

/// <summary>Results as JSON and as text. No wall time and no machine facts: the same seed prints the same bytes.</summary>
public static class RunReport
{
    /// <summary>git describe of the sources this was built from, or "unknown".</summary>
    public static string Commit { get; } = FindCommit();

    /// <summary>The command that runs one seed again and prints its trace.</summary>
    public static string ReplayCommand(RunResult result)
    {
        string mutant = result.Mutant == Mutant.None ? "" : $" --mutant \"{result.Mutant.Name}\"";
        string reduced = result.Settings.Reductions.Count == 0 ? "" : $" --reduce {string.Join(',', result.Settings.Reductions)}";
        return $"./sharedseq simulate --seed {result.Settings.Seed} --members {result.Settings.Quorum.N}{mutant}{reduced} --trace";
    }

    /// <summary>One run as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, RunResult result)
    {
        RunSettings settings = result.Settings;
        json.WriteStartObject();
        json.WriteNumber("seed", settings.Seed);
        json.WriteNumber("members", settings.Quorum.N);
        json.WriteNumber("f", settings.Quorum.F);
        json.WriteNumber("p", settings.Quorum.P);
        json.WriteString("shape", settings.Shape.ToString());
        json.WriteStartArray("liars");
        foreach (LyingMember liar in settings.Liars)
        {
            json.WriteStringValue($"{liar.Member}: {string.Join(" + ", liar.Lies)}");
        }

        json.WriteEndArray();
        json.WriteStartArray("dying");
        foreach (DyingMember dying in settings.Dying) json.WriteStringValue($"{dying.Member} at {dying.AtMs} ms");
        json.WriteEndArray();
        json.WriteStartArray("disks");
        foreach (FailingDisk failing in settings.Disks) json.WriteStringValue($"{failing.Member}: {failing.Fault} at {failing.AtMs} ms");
        json.WriteEndArray();
        json.WriteString("committees", settings.Changes.Joiners == 0 ? "one" : settings.Changes.IsOrdered ? "ordered" : "drawn");
        json.WriteBoolean("l1", settings.L1 is not null);
        json.WriteNumber("simulatedMs", result.SimulatedMs);
        json.WriteString("traceHash", result.TraceHash.ToString());
        if (result.Violation is { } violation)
        {
            json.WriteStartObject("violation");
            json.WriteString("checker", violation.Checker);
            json.WriteString("message", violation.Message);
            json.WriteNumber("atMs", violation.AtMs);
            json.WriteString("replay", ReplayCommand(result));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("violation");
        }

        WriteCoverage(json, result.Coverage);
        json.WriteEndObject();
    }

    public static void WriteCoverage(Utf8JsonWriter json, Coverage coverage)
    {
        json.WriteStartObject("coverage");
        foreach ((string name, long value) in coverage.All()) json.WriteNumber(name, value);
        json.WriteEndObject();
    }

    /// <summary>What a person needs to see of a failure: seed, commit, checker, message, and how to see it again.</summary>
    public static string Describe(RunResult failure)
    {
        Violation violation = failure.Violation!;
        return $"""
            VIOLATION seed {failure.Settings.Seed}, {failure.Settings.Quorum.N} members, commit {Commit}, at {violation.AtMs} ms
              {violation.Checker}: {violation.Message}
              replay: {ReplayCommand(failure)}
            """;
    }

    /// <summary>The smallest run that fails as the first one did, with what is left in it.</summary>
    public static string Describe(ShrunkRun shrunk)
    {
        RunResult result = shrunk.Result;
        RunSettings run = result.Settings;
        var left = new List<string> { $"shape {run.Shape}", $"stabilisation at {run.StabilisationMs} ms", $"{run.Workload.Transactions} transactions" };
        foreach (LyingMember liar in run.Liars) left.Add($"liar {liar.Member}: {string.Join(" + ", liar.Lies)}");
        foreach (FailingDisk failing in run.Disks) left.Add($"disk of {failing.Member} {failing.Fault} at {failing.AtMs} ms");
        foreach (DyingMember dying in run.Dying) left.Add($"{dying.Member} dies at {dying.AtMs} ms");
        if (run.HasEpochs) left.Add($"epochs of {run.Epochs.Seconds} s");
        if (run.Changes.Joiners > 0) left.Add($"{run.Changes.Joiners} joiners, committees {(run.Changes.IsOrdered ? "as ordering decides" : "drawn")}");
        if (run.RestartsPerMinute > 0) left.Add($"{run.RestartsPerMinute} restarts a minute");
        if (run.CutsPerMinute > 0) left.Add($"{run.CutsPerMinute} cuts a minute");
        if (run.Before != run.After) left.Add($"delays up to {run.Before.DelayMaxUs / 1_000} ms, {run.Before.LossPerMille} of 1,000 messages lost");
        if (run.DiskBefore != run.DiskAfter) left.Add("slow disks");
        if (run.ClockDriftPpm > 0 || run.ClockErrorMs > 0) left.Add("bad clocks");
        return $"""
            SHRUNK in {shrunk.Runs} runs, with {run.Reductions.Count} reductions, to a violation at {result.Violation!.AtMs} ms
              {result.Violation.Checker}: {result.Violation.Message}
              left: {string.Join("; ", left)}
              replay: {ReplayCommand(result)}
            """;
    }

    private static string FindCommit()
    {
        foreach (AssemblyMetadataAttribute item in typeof(RunReport).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>())
        {
            if (item.Key == "Commit" && !string.IsNullOrEmpty(item.Value)) return item.Value;
        }

        return "unknown";
    }
}

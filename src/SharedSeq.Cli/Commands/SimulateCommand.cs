using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SharedSeq.Simulator;

namespace SharedSeq.Cli;

/// <summary><c>sharedseq simulate</c>: runs whole committees in one thread each, decided by a seed, and checks every promise of the protocol.</summary>
internal static class SimulateCommand
{
    private const int ProgressEveryMs = 500;

    /// <summary>Failures after which a campaign stops: the first one matters, a few more show whether it is one bug.</summary>
    private const int FailuresKept = 10;

    public static Command Create()
    {
        var seed = new Option<ulong>("--seed") { Description = "First seed.", DefaultValueFactory = _ => 1 };
        var seeds = new Option<int>("--seeds") { Description = "How many seeds, upwards from the first.", DefaultValueFactory = _ => 1 };
        var members = new Option<int>("--members") { Description = "Size of the committee.", DefaultValueFactory = _ => 4 };
        var trace = new Option<bool>("--trace") { Description = "Print the trace of a single seed." };
        var json = new Option<bool>("--json") { Description = "Print the results as JSON; equal seeds give equal bytes." };
        var parallel = new Option<int>("--parallel")
        {
            Description = "Runs at a time; each run has one thread.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var requireCoverage = new Option<bool>("--require-coverage")
        {
            Description = "Fail when something that must happen sometimes never did; takes some hundred seeds.",
        };
        seeds.Validators.Add(result => RequireAtLeastOne(result, seeds));
        members.Validators.Add(result => RequireAtLeastOne(result, members));
        parallel.Validators.Add(result => RequireAtLeastOne(result, parallel));
        var command = new Command("simulate", "Run the protocol in the simulator and check its promises.")
        {
            seed, seeds, members, trace, json, parallel, requireCoverage,
            SimulateMutantsCommand.Create(), SimulateModelCommand.Create(),
            SimulateTwinsCommand.Create(),
        };
        command.SetAction(parsed =>
        {
            ulong first = parsed.GetValue(seed);
            int count = parsed.GetValue(seeds);
            int size = parsed.GetValue(members);
            bool isCoverageRequired = parsed.GetValue(requireCoverage);
            return count == 1 && !isCoverageRequired
                ? RunOne(first, size, parsed.GetValue(trace), parsed.GetValue(json))
                : RunMany(first, count, size, parsed.GetValue(parallel), parsed.GetValue(json), isCoverageRequired);
        });
        return command;
    }

    private static void RequireAtLeastOne(System.CommandLine.Parsing.OptionResult result, Option<int> option)
    {
        if (result.GetValue(option) < 1) result.AddError($"{option.Name} must be at least 1.");
    }

    private static int RunOne(ulong seed, int members, bool isTraced, bool isJson)
    {
        RunResult result = Campaign.RunOne(seed, members, trace: isTraced ? Console.Out : null);
        if (isJson)
        {
            JsonOutput.Write(json => RunReport.Write(json, result));
        }
        else if (result.Violation is null)
        {
            Console.WriteLine(
                $"seed {seed}, {members} members: no violation, {result.Coverage.Heights} heights in {result.SimulatedMs} ms, "
                + $"trace {result.TraceHash}");
        }

        if (result.Violation is null) return 0;
        Console.Error.WriteLine(RunReport.Describe(result));
        return 1;
    }

    private static int RunMany(ulong first, int seeds, int members, int parallel, bool isJson, bool isCoverageRequired)
    {
        var clock = Stopwatch.StartNew();
        long shownMs = 0;
        bool isTerminal = !Console.IsErrorRedirected;
        var results = new List<RunResult>();
        CampaignResult total = Campaign.Run(
            first, seeds, members, parallel,
            result =>
            {
                if (isJson) results.Add(result);
                if (result.Violation is not null) Console.Error.WriteLine((isTerminal ? "\r" : "") + RunReport.Describe(result));
                if (isTerminal && clock.ElapsedMilliseconds - shownMs >= ProgressEveryMs)
                {
                    shownMs = clock.ElapsedMilliseconds;
                    ShowProgress(result.Settings.Seed - first + 1, seeds, clock.Elapsed);
                }
            },
            FailuresKept);
        if (isTerminal) Console.Error.Write("\r" + new string(' ', 70) + "\r");
        if (isJson) JsonOutput.Write(json => WriteCampaign(json, results, total));
        else PrintSummary(total, members, clock.Elapsed);
        CoverageGoal[] missed = isCoverageRequired ? [.. total.GoalsMissed] : [];
        foreach (CoverageGoal goal in missed) Console.Error.WriteLine($"NEVER REACHED: {goal.Name}");
        return total.Failures.Count == 0 && missed.Length == 0 ? 0 : 1;
    }

    private static void ShowProgress(ulong done, int seeds, TimeSpan elapsed)
    {
        double rate = done / elapsed.TotalSeconds;
        TimeSpan left = TimeSpan.FromSeconds((seeds - (double)done) / rate);
        Console.Error.Write($"\r{done}/{seeds} runs, {rate:F1} per second, {left:hh\\:mm\\:ss} left   ");
    }

    private static void PrintSummary(CampaignResult total, int members, TimeSpan elapsed)
    {
        Console.WriteLine($"{total.Runs} runs of {members} members, {total.Failures.Count} violations, commit {RunReport.Commit}");
        foreach ((string name, long value) in total.Coverage.All()) Console.WriteLine($"  {name,-28} {value,14:N0}");
        Console.WriteLine($"  {"reached sometimes",-46} {"runs",8} {"times",12}");
        for (int i = 0; i < CoverageGoal.All.Count; i++)
        {
            CoverageGoal goal = CoverageGoal.All[i];
            long times = goal.Of(total.Coverage);
            Console.WriteLine($"  {goal.Name,-46} {total.RunsReaching[i],8:N0} {times,12:N0}{(times == 0 ? "  NEVER" : "")}");
        }

        Console.WriteLine($"took {elapsed.TotalSeconds:F1} s, {total.Runs / elapsed.TotalSeconds:F1} runs per second");
    }

    private static void WriteCampaign(Utf8JsonWriter json, IReadOnlyList<RunResult> results, CampaignResult total)
    {
        json.WriteStartObject();
        json.WriteString("commit", RunReport.Commit);
        json.WriteNumber("runs", total.Runs);
        json.WriteNumber("violations", total.Failures.Count);
        RunReport.WriteCoverage(json, total.Coverage);
        json.WriteStartObject("goals");
        for (int i = 0; i < CoverageGoal.All.Count; i++) json.WriteNumber(CoverageGoal.All[i].Name, total.RunsReaching[i]);
        json.WriteEndObject();
        json.WriteStartArray("results");
        foreach (RunResult result in results) RunReport.Write(json, result);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

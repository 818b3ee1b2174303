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
        var mutant = new Option<string>("--mutant")
        {
            Description = "Break a rule on purpose; the names are those of 'simulate mutants'.",
            DefaultValueFactory = _ => Mutant.None.Name,
        };
        var reduce = new Option<string>("--reduce")
        {
            Description = $"Take these away from what a seed drew: {string.Join(", ", Reduction.All.Select(reduction => reduction.Name))}.",
            DefaultValueFactory = _ => "",
        };
        seeds.Validators.Add(result => RequireAtLeastOne(result, seeds));
        members.Validators.Add(result => RequireAtLeastOne(result, members));
        parallel.Validators.Add(result => RequireAtLeastOne(result, parallel));
        mutant.Validators.Add(result =>
        {
            if (Mutant.Find(result.GetValue(mutant)!) is null) result.AddError($"--mutant: there is none called '{result.GetValue(mutant)}'.");
        });
        reduce.Validators.Add(result =>
        {
            if (!Reduction.TryParse(result.GetValue(reduce)!, out _, out string? unknown)) result.AddError($"--reduce: '{unknown}' is no reduction.");
        });
        var command = new Command("simulate", "Run the protocol in the simulator and check its promises.")
        {
            seed, seeds, members, trace, json, parallel, requireCoverage, mutant, reduce,
            SimulateMutantsCommand.Create(), SimulateModelCommand.Create(), SimulateTwinsCommand.Create(),
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(seeds) > 1 && (result.GetValue(reduce) is { Length: > 0 } || result.GetValue(trace)))
                result.AddError("--reduce and --trace are for a single seed.");
        });
        command.SetAction(parsed =>
        {
            if (!Reduction.TryParse(parsed.GetValue(reduce)!, out IReadOnlyList<Reduction> reductions, out _)) return 1;
            var request = new Request(
                parsed.GetValue(seed), parsed.GetValue(seeds), parsed.GetValue(members), Mutant.Find(parsed.GetValue(mutant)!)!, reductions,
                parsed.GetValue(parallel), parsed.GetValue(trace), parsed.GetValue(json), parsed.GetValue(requireCoverage));
            return request.Seeds == 1 && !request.IsCoverageRequired ? RunOne(request) : RunMany(request);
        });
        return command;
    }

    /// <summary>What was asked for.</summary>
    private sealed record Request(
        ulong First, int Seeds, int Members, Mutant Mutant, IReadOnlyList<Reduction> Reductions, int Parallel, bool IsTraced, bool IsJson,
        bool IsCoverageRequired);

    private static void RequireAtLeastOne(System.CommandLine.Parsing.OptionResult result, Option<int> option)
    {
        if (result.GetValue(option) < 1) result.AddError($"{option.Name} must be at least 1.");
    }

    private static int RunOne(Request request)
    {
        RunSettings settings = Swarm.Draw(request.First, request.Members);
        foreach (Reduction reduction in request.Reductions) settings = reduction.Apply(settings) ?? settings;
        RunResult result = Campaign.RunOne(settings, request.Mutant, request.IsTraced ? Console.Out : null);
        if (request.IsJson)
        {
            JsonOutput.Write(json => RunReport.Write(json, result));
        }
        else if (result.Violation is null)
        {
            Console.WriteLine(
                $"seed {request.First}, {request.Members} members: no violation, {result.Coverage.Heights} heights in {result.SimulatedMs} ms, "
                + $"trace {result.TraceHash}");
        }

        if (result.Violation is null) return 0;
        Console.Error.WriteLine(RunReport.Describe(result));
        if (!request.IsTraced && request.Reductions.Count == 0) Console.Error.WriteLine(RunReport.Describe(Shrinker.Shrink(result)));
        return 1;
    }

    private static int RunMany(Request request)
    {
        var clock = Stopwatch.StartNew();
        long shownMs = 0;
        bool isTerminal = !Console.IsErrorRedirected;
        var results = new List<RunResult>();
        CampaignResult total = Campaign.Run(
            request.First, request.Seeds, request.Members, request.Parallel,
            result =>
            {
                if (request.IsJson) results.Add(result);
                if (result.Violation is not null) Console.Error.WriteLine((isTerminal ? "\r" : "") + RunReport.Describe(result));
                if (isTerminal && clock.ElapsedMilliseconds - shownMs >= ProgressEveryMs)
                {
                    shownMs = clock.ElapsedMilliseconds;
                    ShowProgress(result.Settings.Seed - request.First + 1, request.Seeds, clock.Elapsed);
                }
            },
            request.Mutant,
            FailuresKept);
        if (isTerminal) Console.Error.Write("\r" + new string(' ', 70) + "\r");
        if (request.IsJson) JsonOutput.Write(json => WriteCampaign(json, results, total));
        else PrintSummary(total, request.Members, clock.Elapsed);
        if (total.Failures.Count > 0) Console.Error.WriteLine(RunReport.Describe(Shrinker.Shrink(total.Failures[0])));
        CoverageGoal[] missed = request.IsCoverageRequired ? [.. total.GoalsMissed] : [];
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

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>drill list|run: faults made on purpose on networks of their own on this machine, with pass criteria.</summary>
internal static class DrillCommand
{
    public static Command Create()
    {
        var command = new Command("drill", "Make faults on purpose on a network of its own and check what must hold then.");
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateRun());
        return command;
    }

    /// <summary>Runs one drill to its end and says what it showed; an unmet criterion or a fault is part of the report.</summary>
    public static async Task<DrillReport> RunAsync(Drill drill, CancellationToken cancellation)
    {
        var run = new DrillRun();
        long from = Stopwatch.GetTimestamp();
        string fault = "";
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(drill.SecondsMax));
        try
        {
            await drill.RunAsync(run, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            fault = $"did not end within {drill.SecondsMax} s";
        }
        catch (CommandException e)
        {
            fault = e.Message;
        }
        catch (Exception e)
        {
            // Whatever ends one drill is its failure; the others still run.
            fault = $"{e.GetType().Name}: {e.Message}";
        }

        // What is stopped from outside says nothing, whichever error that stop showed as.
        cancellation.ThrowIfCancellationRequested();

        return run.Report(drill, fault, Stopwatch.GetElapsedTime(from));
    }

    private static Command CreateList()
    {
        var command = new Command("list", "The drills. Example: sharedseq drill list");
        command.SetAction(_ =>
        {
            foreach (Drill drill in Drill.All) Console.WriteLine($"{drill.Name,-4} {drill.Title}\n     passes when: {drill.PassesWhen}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateRun()
    {
        var names = new Argument<string[]>("name") { Description = "Drills by name, or all.", Arity = ArgumentArity.OneOrMore };
        var times = new Option<int>("--times") { Description = "Runs of each.", DefaultValueFactory = _ => 1 };
        times.Validators.Add(result =>
        {
            if (result.GetValue(times) < 1) result.AddError("--times must be at least 1.");
        });
        var json = new Option<bool>("--json") { Description = "One JSON object per run." };
        var command = new Command("run", "Run drills; exit code 1 when one fails. Example: sharedseq drill run D18") { names, times, json };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            IReadOnlyList<Drill> drills = Drill.Named(result.GetRequiredValue(names));
            var reports = new List<DrillReport>();
            for (int time = 0; time < result.GetValue(times); time++)
            {
                foreach (Drill drill in drills)
                {
                    DrillReport report;
                    try
                    {
                        report = await RunAsync(drill, cancellation);
                    }
                    catch (OperationCanceledException)
                    {
                        return ExitCode.Interrupted;
                    }

                    reports.Add(report);
                    if (result.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, JsonSerializerOptions.Web));
                    else Print(report);
                }
            }

            if (!result.GetValue(json)) PrintTable(reports);
            return reports.TrueForAll(report => report.IsPassed) ? ExitCode.Ok : ExitCode.Failed;
        }));
        return command;
    }

    private static void Print(DrillReport report)
    {
        Console.WriteLine(DrillRun.Text($"{report.Name} {(report.IsPassed ? "PASSED" : "FAILED")} in {report.Seconds:0} s: {report.Title}"));
        foreach (DrillCheck check in report.Checks) Console.WriteLine($"  {(check.IsMet ? "ok  " : "FAIL")} {check.Criterion}: {check.Measured}");
        if (report.Fault.Length > 0) Console.WriteLine($"  FAIL {report.Fault}");
        foreach (string step in report.OperatorSteps) Console.WriteLine($"  operator step: {step}");
    }

    private static void PrintTable(List<DrillReport> reports)
    {
        Console.WriteLine();
        Console.WriteLine("drill  result  detection s  MTTR s   rolled back  accepted lost  operator steps");
        foreach (DrillReport r in reports)
        {
            Console.WriteLine(
                $"{r.Name,-5}  {(r.IsPassed ? "passed" : "FAILED")}  {Number(r.DetectionSeconds),11}  {Number(r.MttrSeconds),6}  "
                + $"{Count(r.HeightsRolledBack),12}  {Count((ulong?)r.AcceptedLost),13}  {r.OperatorSteps.Count,14}");
        }
    }

    private static string Count(ulong? count) => count is { } value ? value.ToString(CultureInfo.InvariantCulture) : "not compared";

    private static string Number(double? seconds) => seconds is { } value ? value.ToString("0.00", CultureInfo.InvariantCulture) : "-";
}

using System.CommandLine;
using SharedSeq.Simulator;

namespace SharedSeq.Cli;

/// <summary><c>sharedseq simulate mutants</c>: one rule at a time is broken on purpose, and each must be noticed.</summary>
internal static class SimulateMutantsCommand
{
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds")
        {
            Description = "Seeds within which every mutant of the simulator must be caught.",
            DefaultValueFactory = _ => MutantHunt.DefaultSeeds,
        };
        var json = new Option<bool>("--json") { Description = "Print the table as JSON." };
        var command = new Command("mutants", "Break one rule at a time on purpose: each must be caught.") { seeds, json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<MutantVerdict> verdicts = MutantHunt.Run(parsed.GetValue(seeds), Environment.ProcessorCount);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(writer =>
                {
                    writer.WriteStartArray();
                    foreach (MutantVerdict verdict in verdicts) verdict.Write(writer);
                    writer.WriteEndArray();
                });
            }
            else
            {
                Print(verdicts);
            }

            return verdicts.All(verdict => verdict.IsCaught) ? 0 : 1;
        });
        return command;
    }

    private static void Print(IReadOnlyList<MutantVerdict> verdicts)
    {
        Console.WriteLine($"{"mutant",-34} {"rule",-14} {"sought by",-10} {"members",7}  {"caught by",-22} {"found at",9} {"tried",7}");
        foreach (MutantVerdict verdict in verdicts)
        {
            string by = verdict.IsCaught ? verdict.CaughtBy! : $"NOT CAUGHT {(verdict.CaughtBy is null ? "" : $"({verdict.CaughtBy})")}";
            string seed = verdict.Seed is { } found ? $"{found}" : "-";
            Console.WriteLine(
                $"{verdict.Mutant,-34} {verdict.Rule,-14} {verdict.Means,-10} {verdict.Members,7}  {by,-22} {seed,9} {verdict.Tried,7}");
        }

        int escaped = verdicts.Count(verdict => !verdict.IsCaught);
        Console.WriteLine(escaped == 0 ? $"all {verdicts.Count} caught" : $"{escaped} of {verdicts.Count} ESCAPED");
    }
}

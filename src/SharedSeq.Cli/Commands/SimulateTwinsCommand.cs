using System.CommandLine;
using System.Diagnostics;
using SharedSeq.Simulator;

namespace SharedSeq.Cli;

/// <summary><c>sharedseq simulate twins</c>: one member is there twice with one key, partitions are enumerated slot by slot.</summary>
internal static class SimulateTwinsCommand
{
    private const int FailuresShown = 10;

    public static Command Create()
    {
        var members = new Option<int>("--members") { Description = "Size of the committee.", DefaultValueFactory = _ => 4 };
        var slots = new Option<int>("--slots")
        {
            Description = "Slots that are partitioned before the network heals.",
            DefaultValueFactory = _ => TwinScenario.DefaultSlots,
        };
        var from = new Option<ulong>("--from") { Description = "Number of the first scenario.", DefaultValueFactory = _ => 0 };
        var count = new Option<ulong>("--count") { Description = "How many scenarios, upwards from the first.", DefaultValueFactory = _ => 1_000 };
        var epochs = new Option<bool>("--epochs") { Description = "The first epoch ends within the partitioned slots." };
        var trace = new Option<bool>("--trace") { Description = "Print the trace of a single scenario." };
        var json = new Option<bool>("--json") { Description = "Print the totals as JSON." };
        members.Validators.Add(result =>
        {
            int n = result.GetValue(members);
            if (n is < 4 or > 16) result.AddError("--members must be 4 to 16: one of them lies, and partitions are enumerated.");
        });
        slots.Validators.Add(result =>
        {
            if (result.GetValue(slots) is < 1 or > 6) result.AddError("--slots must be 1 to 6.");
        });
        var command = new Command("twins", "Run one member twice with one key, in enumerated partitions.") { members, slots, from, count, epochs, trace, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(members), parsed.GetValue(slots), parsed.GetValue(from), parsed.GetValue(count),
            parsed.GetValue(epochs), parsed.GetValue(trace), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int members, int slots, ulong from, ulong count, bool hasEpochs, bool isTraced, bool isJson)
    {
        var clock = Stopwatch.StartNew();
        int failures = 0;
        if (isTraced) TwinRun.Execute(TwinScenario.Of(members, slots, from) with { ChangesEpoch = hasEpochs }, trace: Console.Out);
        TwinTotals totals = TwinCampaign.Run(members, slots, from, count, changesEpoch: hasEpochs, onResult: result =>
        {
            if (result.Violation is not { } violation || failures++ >= FailuresShown) return;
            Console.Error.WriteLine($"""
                VIOLATION scenario {result.Scenario.Index}, {members} members, commit {RunReport.Commit}, at {violation.AtMs} ms
                  {violation.Checker}: {violation.Message}
                  {result.Scenario}
                  replay: {TwinCampaign.ReplayCommand(result.Scenario)}
                """);
        });
        if (isJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("commit", RunReport.Commit);
                json.WriteNumber("members", members);
                json.WriteNumber("slots", slots);
                json.WriteNumber("from", from);
                foreach ((string name, long value) in totals.All()) json.WriteNumber(name, value);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine($"{members} members and a twin, {slots} partitioned slots: {TwinScenario.CountOf(members, slots):N0} scenarios in all");
            foreach ((string name, long value) in totals.All()) Console.WriteLine($"  {name,-28} {value,14:N0}");
            Console.WriteLine($"took {clock.Elapsed.TotalSeconds:F1} s, {totals.Scenarios / clock.Elapsed.TotalHours:N0} scenarios an hour");
        }

        return totals.Violations == 0 ? 0 : 1;
    }
}

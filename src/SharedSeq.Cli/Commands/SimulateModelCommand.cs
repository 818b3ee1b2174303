using System.CommandLine;
using SharedSeq.Simulator;

namespace SharedSeq.Cli;

/// <summary><c>sharedseq simulate model</c>: every reachable state of one slot, for several committees.</summary>
internal static class SimulateModelCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print the table as JSON." };
        var command = new Command("model", "Explore every reachable state of one slot: agreement, and no slot that stays open.") { json };
        command.SetAction(parsed =>
        {
            SlotModelResult[] results = [.. SlotModelInstance.All.Select(instance => SlotModel.Explore(instance.Rules))];
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(writer =>
                {
                    writer.WriteStartArray();
                    for (int i = 0; i < results.Length; i++) SlotModelInstance.All[i].Write(writer, results[i]);
                    writer.WriteEndArray();
                });
            }
            else
            {
                Print(results);
            }

            return SlotModelInstance.All.Zip(results).All(row => row.First.IsAsKnown(row.Second)) ? 0 : 1;
        });
        return command;
    }

    private static void Print(SlotModelResult[] results)
    {
        Console.WriteLine(
            $"{"committee",-24} {"blocks",6}  {"rules",-21} {"states",7} {"violations",10} {"dead",5} {"dead, certificates lost",23}");
        for (int i = 0; i < results.Length; i++)
        {
            SlotModelInstance instance = SlotModelInstance.All[i];
            SlotRules rules = instance.Rules;
            SlotModelResult result = results[i];
            string committee = $"n={rules.Quorum.N} f={rules.Quorum.F} p={rules.Quorum.P}" + (rules.Crashed > 0 ? $", {rules.Crashed} crashed" : "");
            string name = rules.AllowsFinalWithoutFirst ? "Final without a First" : "R6 and R7";
            string verdict = instance.IsAsKnown(result) ? "" : $"  NOT AS KNOWN: {instance.States} states, {instance.DeadStatesWithoutCertificates} dead";
            Console.WriteLine(
                $"{committee,-24} {rules.Blocks,6}  {name,-21} {result.States,7:N0} {result.AgreementViolations,10} {result.DeadStates,5} "
                + $"{result.DeadStatesWithoutCertificates,23:N0}{verdict}");
            if ((result.FirstViolation ?? result.FirstDeadState) is { } first) Console.WriteLine($"  {first}");
        }
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace SharedSeq.Cli;

/// <summary>devnet l1: shows the L1 of a running devnet, and makes it and its providers go wrong.</summary>
internal static class DevnetL1Command
{
    public static Command Create()
    {
        var command = new Command("l1", "The L1 of a running devnet and the three providers in front of it.");
        command.Subcommands.Add(CreateShow());
        command.Subcommands.Add(CreateSetFault());
        command.Subcommands.Add(CreateReorg());
        return command;
    }

    private static Command CreateShow()
    {
        (Option<string> data, Option<bool> json) = Options();
        var command = new Command("show", "What each provider answers now, and its fault. Example: sharedseq devnet l1 show") { data, json };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            JsonObject answer = await OrderAsync(result.GetRequiredValue(data), "l1-show", cancellation);
            if (result.GetValue(json)) JsonOutput.Print(System.Text.Json.JsonSerializer.SerializeToElement(answer));
            else Show(answer);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateSetFault()
    {
        (Option<string> data, Option<bool> json) = Options();
        var provider = new Option<string>("--provider") { Description = "1, 2, 3, or all.", Required = true };
        provider.AcceptOnlyFromAmong([.. Enumerable.Range(1, L1Place.Providers).Select(number => $"{number}"), "all"]);
        var fault = new Option<string>("--fault") { Description = "One of those below; it replaces the one before.", Required = true };
        fault.Validators.Add(result =>
        {
            if (!L1ProviderFault.TryParse(result.GetValueOrDefault<string>() ?? "", out _, out string why)) result.AddError(why);
        });
        var command = new Command(
            "set-fault",
            "Make a provider go wrong, until another fault is set. Example: sharedseq devnet l1 set-fault --provider 2 --fault lag:12" +
            $"{Environment.NewLine}Faults:{Environment.NewLine}" + string.Join(Environment.NewLine, L1ProviderFault.Forms.Select(Explain)))
        {
            provider, fault, data, json,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            string which = result.GetRequiredValue(provider);
            int[] numbers = which == "all"
                ? [.. Enumerable.Range(1, L1Place.Providers)]
                : [int.Parse(which, System.Globalization.CultureInfo.InvariantCulture)];
            foreach (int number in numbers)
            {
                JsonObject answer = await OrderAsync(
                    result.GetRequiredValue(data), "l1-set-fault", cancellation, ("provider", number), ("fault", result.GetRequiredValue(fault)));
                Console.WriteLine(result.GetValue(json) ? answer.ToJsonString() : $"provider {answer["provider"]}: {answer["fault"]}");
            }

            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateReorg()
    {
        (Option<string> data, Option<bool> json) = Options();
        var depth = new Option<int>("--depth") { Description = $"Blocks to replace, 1 to {DevnetL1.ReorgBlocksMax}.", Required = true };
        var command = new Command(
            "reorg", "Replace the L1's newest blocks by others without their transactions. Example: sharedseq devnet l1 reorg --depth 3") { depth, data, json };
        depth.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > DevnetL1.ReorgBlocksMax) result.AddError($"{depth.Name} is 1 to {DevnetL1.ReorgBlocksMax}");
        });
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            JsonObject answer = await OrderAsync(result.GetRequiredValue(data), "l1-reorg", cancellation, ("depth", result.GetValue(depth)));
            Console.WriteLine(result.GetValue(json) ? answer.ToJsonString() : $"the newest {answer["depth"]} blocks are others; the head is {Head(answer)}");
            return ExitCode.Ok;
        }));
        return command;
    }

    private static (Option<string> Data, Option<bool> Json) Options() => (
        new Option<string>("--data") { Description = "The devnet's folder.", DefaultValueFactory = _ => new DevnetOptions().DataFolder },
        new Option<bool>("--json") { Description = "As JSON." });

    private static Task<JsonObject> OrderAsync(string data, string command, CancellationToken cancellation, params (string Name, JsonNode Value)[] fields)
    {
        var order = new JsonObject { ["command"] = command };
        foreach ((string name, JsonNode value) in fields) order[name] = value;
        return DevnetControl.OrderAsync(data, order, cancellation);
    }

    private static string Explain(L1FaultForm form)
    {
        string amount = form.Placeholder.Length == 0 ? "" : $" ({form.Placeholder}: {form.Least} to {form.Most} {form.Unit}, default {form.Default})";
        return $"  {form.Usage,-18} {form.Says}{amount}";
    }

    private static void Show(JsonObject answer)
    {
        Console.WriteLine($"L1 chain id {answer["chainId"]} at {answer["rpc"]}, pid {answer["pid"]}: {Head(answer)}");
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["provider", "fault", "block", "hash", "finalized", "chain id"]) table.AddColumn(column);
        foreach (JsonNode? one in answer["providers"]!.AsArray())
        {
            JsonNode head = one!["head"]!;
            string[] said = head["error"] is { } error
                ? [Markup.Escape($"{error}")]
                : [$"{head["number"]}", ((string)head["hash"]!)[..10], $"{head["finalized"]}", $"{head["chainId"]}"];
            table.AddRow([$"{one["provider"]}", Markup.Escape($"{one["fault"]}"), .. said]);
        }

        AnsiConsole.Write(table);
    }

    private static string Head(JsonNode answer)
    {
        JsonNode head = answer["head"]!;
        return head["error"] is { } error
            ? $"{error}"
            : $"block {head["number"]} {((string)head["hash"]!)[..10]}, finalized {head["finalized"]}";
    }
}

using System.CommandLine;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;

namespace SharedSeq.Cli;

/// <summary>watch-tower: looks at several operators from outside and tells when something is wrong with them or between them.</summary>
internal static class WatchTowerCommand
{
    public static Command Create()
    {
        var defaults = new WatchOptions();
        var rpc = new Option<string[]>("--rpc") { Description = "An operator's address; once for each. Default: those of the genesis document." };
        var genesis = new Option<string>("--genesis") { Description = "Genesis document to trust.", Required = true };
        var json = new Option<bool>("--json") { Description = "One JSON object a line." };
        Option<int> slotTimeout = Milliseconds(
            "--slot-timeout-ms", "The operators' slot timer; twice as long without progress is an alert.", defaults.SlotTimeout);
        Option<int> patience = Milliseconds("--patience-ms", "How long an operator may be unreachable or behind.", defaults.Patience);
        Option<int?> span = Milliseconds(
            new Option<int?>("--lead-span-ms")
            {
                Description = "How long a member may lead no block while the network moves on. Default: an epoch, or a minute in a network without.",
            });
        Option<int> interval = Milliseconds("--interval-ms", "Pause between two looks at an operator.", TimeSpan.FromMilliseconds(200));
        var command = new Command(
            "watch-tower",
            "Watch operators from outside until Ctrl-C. Alerts have an id, a line when they start and one when they end, and do not change the exit "
            + "code. Example: sharedseq watch-tower --rpc http://a:8700 --rpc http://b:8700 --genesis genesis.json")
        {
            rpc, genesis, json, slotTimeout, patience, span, interval,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            Genesis trusted = GenesisFiles.Read(result.GetRequiredValue(genesis));
            var options = new WatchOptions
            {
                SlotTimeout = TimeSpan.FromMilliseconds(result.GetValue(slotTimeout)),
                Patience = TimeSpan.FromMilliseconds(result.GetValue(patience)),
                LeadSpan = LeadSpanOf(trusted, result.GetValue(span)) ?? defaults.LeadSpan,
            };
            Uri[] operators = Addresses(result.GetValue(rpc), trusted);
            var run = new WatchTowerRun(trusted, operators, options, TimeSpan.FromMilliseconds(result.GetValue(interval)), result.GetValue(json));
            await run.RunAsync(cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>As given, or an epoch of the network; null for a network without epochs.</summary>
    private static TimeSpan? LeadSpanOf(Genesis genesis, int? given) =>
        given is { } ms ? TimeSpan.FromMilliseconds(ms)
        : genesis.Policy.EpochSeconds > 0 ? TimeSpan.FromSeconds(genesis.Policy.EpochSeconds)
        : null;

    private static Option<int> Milliseconds(string name, string description, TimeSpan value) =>
        Milliseconds(new Option<int>(name) { Description = description, DefaultValueFactory = _ => (int)value.TotalMilliseconds });

    private static Option<T> Milliseconds<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is int and (< 10 or > 86_400_000)) result.AddError($"{option.Name} is 10 to 86400000");
        });
        return option;
    }

    private static Uri[] Addresses(string[]? given, Genesis genesis)
    {
        IEnumerable<string> addresses = given is { Length: > 0 } ? given : genesis.Endpoints.Select(endpoint => endpoint.Rpc).OfType<string>();
        Uri[] operators = [.. addresses.Select(UserErrors.AddressOf).Distinct()];
        return operators.Length > 0
            ? operators
            : throw new CommandException("the genesis document names no operator's public address: give --rpc ADDRESS once for each");
    }
}

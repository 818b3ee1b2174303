using System.CommandLine;

namespace SharedSeq.Cli;

/// <summary>devnet: a whole network on this machine.</summary>
internal static class DevnetCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Folder of keys, logs and ledgers.", DefaultValueFactory = _ => ".sharedseq" };
        var fresh = new Option<bool>("--fresh") { Description = "Start over: remove the folder's devnet first." };
        var operators = new Option<int>("--operators") { Description = "Operators, 4 to 13, each a process.", DefaultValueFactory = _ => 4 };
        var rollups = new Option<int>("--rollups") { Description = "EVM rollups, 0 to 16.", DefaultValueFactory = _ => 2 };
        var attesters = new Option<int>("--attesters") { Description = "Operators that run execution clients; 0 for all.", DefaultValueFactory = _ => 0 };
        var opaque = new Option<int>("--opaque") { Description = "Further namespaces without execution, for load tests.", DefaultValueFactory = _ => 0 };
        var withoutL1 = new Option<bool>("--no-l1") { Description = "Start no L1: one execution client less." };
        var epochs = new Option<int>("--epoch-seconds") { Description = "Least seconds of an epoch; 0 for one without end.", DefaultValueFactory = _ => 0 };
        var timeout = new Option<int>("--ready-timeout") { Description = "Seconds until everything must be ready.", DefaultValueFactory = _ => 60 };
        var restart = new Option<bool>("--restart") { Description = "Start an operator again when its process dies." };
        var json = new Option<bool>("--json") { Description = "One JSON object per line instead of a table." };
        Range(operators, 4, 13);
        Range(rollups, 0, 16);
        Range(attesters, 0, 13);
        Range(opaque, 0, 16_000);
        Range(epochs, 0, 31 * 24 * 3_600);
        Range(timeout, 1, 3_600);
        var command = new Command("devnet", "Start operators, EVM rollups and an L1 on this machine. Example: sharedseq devnet --fresh")
        {
            data, fresh, operators, rollups, attesters, opaque, withoutL1, epochs, timeout, restart, json,
        };
        command.Subcommands.Add(DevnetL1Command.Create());
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(() => new DevnetRunner(new DevnetOptions
        {
            DataFolder = result.GetRequiredValue(data),
            IsFresh = result.GetValue(fresh),
            Operators = result.GetValue(operators),
            Rollups = result.GetValue(rollups),
            Attesters = int.Min(result.GetValue(attesters), result.GetValue(operators)),
            OpaqueNamespaces = result.GetValue(opaque),
            IsWithoutL1 = result.GetValue(withoutL1),
            EpochSeconds = result.GetValue(epochs),
            ReadyTimeoutSeconds = result.GetValue(timeout),
            IsRestarting = result.GetValue(restart),
            IsJson = result.GetValue(json),
        }).RunAsync(cancellation)));
        return command;
    }

    private static void Range(Option<int> option, int low, int high) => option.Validators.Add(result =>
    {
        int value = result.GetValueOrDefault<int>();
        if (value < low || value > high) result.AddError($"{option.Name} is {low} to {high}");
    });
}

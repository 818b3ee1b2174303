using System.Collections;
using System.CommandLine;
using Microsoft.Extensions.Logging;
using SharedSeq.Client;
using SharedSeq.Node;

namespace SharedSeq.Cli;

/// <summary>node run: one operator in this process, until Ctrl-C.</summary>
internal static class NodeCommand
{
    public static Command Create()
    {
        var command = new Command("node", "Run and inspect one operator's node.");
        command.Subcommands.Add(CreateRun());
        command.Subcommands.Add(CreateInit());
        command.Subcommands.Add(CreateStatus());
        command.Subcommands.Add(CreateDoctor());
        return command;
    }

    private static Command CreateInit()
    {
        var folder = new Argument<string>("folder") { Description = "Folder to make." };
        var password = new Option<string?>("--password-file") { Description = "File with the password of the new keys." };
        var unprotected = new Option<bool>("--unprotected") { Description = "Keys in clear; development only." };
        var command = new Command("init", "Make keys and a configuration for a new operator. Example: sharedseq node init my-operator --password-file pw")
        {
            folder, password, unprotected,
        };
        command.SetAction((result, _) => UserErrors.GuardAsync(() => Task.FromResult(
            NodeInit.Run(result.GetRequiredValue(folder), result.GetValue(password), result.GetValue(unprotected)))));
        return command;
    }

    private static Command CreateStatus()
    {
        var rpc = new Option<string>("--rpc") { Description = "The node's public address.", DefaultValueFactory = _ => "http://127.0.0.1:8700" };
        var command = new Command("status", "What a running node says of itself. Example: sharedseq node status --rpc http://127.0.0.1:8700") { rpc };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using var client = new OperatorClient(UserErrors.AddressOf(result.GetRequiredValue(rpc)));
            System.Text.Json.JsonElement health = await client.CallAsync("sharedseq_health", [], cancellation);
            JsonOutput.Print(health);
            bool isReady = UserErrors.Understand(client.Rpc, "sharedseq_health", () => health.GetProperty("ready").GetBoolean());
            return isReady ? ExitCode.Ok : ExitCode.Failed;
        }));
        return command;
    }

    private static Command CreateDoctor()
    {
        var config = new Option<string>("--config") { Description = "Configuration file of the node.", Required = true };
        var command = new Command(
            "doctor", "Check everything a start needs and say what is missing. Example: sharedseq node doctor --config node.json")
        {
            config,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(() => NodeDoctor.RunAsync(result.GetRequiredValue(config), cancellation)));
        return command;
    }

    private static Command CreateRun()
    {
        var config = new Option<string>("--config") { Description = "Configuration file of the node.", Required = true };
        var set = new Option<string[]>("--set") { Description = "Override one key: --set rpc.listen=127.0.0.1:0", AllowMultipleArgumentsPerToken = false };
        var stopWithStdin = new Option<bool>("--stop-with-stdin") { Description = "Stop when standard input closes, for a supervising process." };
        var command = new Command("run", "Run a node. Example: sharedseq node run --config operator-0/node.json") { config, set, stopWithStdin };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(
            () => RunAsync(result.GetRequiredValue(config), result.GetValue(set) ?? [], result.GetValue(stopWithStdin), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(string path, string[] overrides, bool stopsWithStdin, CancellationToken cancellation)
    {
        NodeConfiguration configuration = ConfigurationLoader.Load(path, EnvironmentVariables(), [.. overrides.Select(ParseOverride)]);
        using ILoggerFactory loggers = CreateLoggers(configuration.Telemetry);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (stopsWithStdin) _ = StopWithStdinAsync(stop);
        while (true)
        {
            await using var node = new NodeHost(configuration, loggers);
            await node.StartAsync(stop.Token);
            Console.WriteLine($"ready rpc={node.Rpc} genesis={node.Genesis.Hash}");
            Task stopped = Task.Delay(Timeout.Infinite, stop.Token);
            Task ended = await Task.WhenAny(stopped, node.Fatal, node.Synced);
            if (ended == stopped) return ExitCode.Ok;
            if (ended == node.Fatal)
            {
                await Console.Error.WriteLineAsync($"sharedseq: the node must stop: {await node.Fatal}");
                return ExitCode.Failed;
            }

            Console.WriteLine($"starting again from the checkpoint of height {await node.Synced}");
        }
    }

    private static async Task StopWithStdinAsync(CancellationTokenSource stop)
    {
        await using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0)
        {
        }

        await stop.CancelAsync();
    }

    private static KeyValuePair<string, string> ParseOverride(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new KeyValuePair<string, string>(text[..equals], text[(equals + 1)..])
            : throw new CommandException($"--set {text}: write key=value");
    }

    private static Dictionary<string, string> EnvironmentVariables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string)(entry.Value ?? ""), StringComparer.Ordinal);

    private static ILoggerFactory CreateLoggers(TelemetrySection telemetry) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(Enum.Parse<LogLevel>(telemetry.LogLevel));
        if (telemetry.LogJson) builder.AddJsonConsole();
        else builder.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
    });
}

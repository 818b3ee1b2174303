using System.CommandLine;

namespace SharedSeq.Cli;

internal static class Program
{
    /// <summary>
    /// From a signal to stop until the process ends whatever it still does. 30 s, as orchestrators give: logs are closed and a devnet's processes stopped.
    /// </summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    internal static async Task<int> Main(string[] args)
    {
        ParseResult command = Root().Parse(args);
        int code = await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = StopPatience });
        return command.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    private static RootCommand Root() =>
        new("SharedSeq: a Byzantine fault-tolerant shared sequencer for rollups.")
        {
            DevnetCommand.Create(),
            NodeCommand.Create(),
            KeysCommand.Create(),
            TxCommand.Create(),
            TxCommand.CreateWatch(),
            WatchTowerCommand.Create(),
            VerifyCommand.Create(),
            EvidenceCommand.Create(),
            CommitteeCommand.Create(),
            OperatorCommand.Create(),
            StoreCommand.Create(),
            SimulateCommand.Create(),
            BenchCommand.Create(),
            DrillCommand.Create(),
        };
}

using System.CommandLine;

namespace SharedSeq.Cli;

internal static class Program
{
    internal static async Task<int> Main(string[] args)
    {
        ParseResult command = Root().Parse(args);
        int code = await command.InvokeAsync();
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

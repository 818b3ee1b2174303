using System.CommandLine;

namespace SharedSeq.Cli;

internal static class Program
{
    private static Task<int> Main(string[] args) =>
        new RootCommand("SharedSeq: a Byzantine fault-tolerant shared sequencer for rollups.")
        {
            DevnetCommand.Create(),
            NodeCommand.Create(),
            KeysCommand.Create(),
            TxCommand.Create(),
            TxCommand.CreateWatch(),
            WatchTowerCommand.Create(),
            VerifyCommand.Create(),
            EvidenceCommand.Create(),
            StoreCommand.Create(),
            SimulateCommand.Create(),
            BenchCommand.Create(),
            DrillCommand.Create(),
        }.Parse(args).InvokeAsync();
}

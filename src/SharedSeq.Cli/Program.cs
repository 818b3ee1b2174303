using System.CommandLine;

namespace SharedSeq.Cli;

internal static class Program
{
    private static int Main(string[] args) =>
        new RootCommand("SharedSeq: a Byzantine fault-tolerant shared sequencer for rollups.").Parse(args).Invoke();
}

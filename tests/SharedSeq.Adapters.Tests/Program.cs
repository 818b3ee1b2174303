using System.Globalization;
using SharedSeq.Adapters.EvmDev;

namespace SharedSeq.Adapters.Tests;

/// <summary>What a test starts as a process of its own, to kill it.</summary>
internal static class Program
{
    /// <summary>hold-anvil BINARY: starts anvil, prints its pid and port, and stays until killed.</summary>
    public static async Task Main(string[] args)
    {
        if (args is not ["hold-anvil", var binary]) throw new ArgumentException("usage: hold-anvil BINARY");
        await using AnvilProcess anvil =
            await AnvilProcess.StartAsync(
                new AnvilOptions { BinaryPath = binary, ChainId = 1, GenesisTimestampSeconds = 1 });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{anvil.Pid} {anvil.Port}"));
        await anvil.Exited;
    }
}

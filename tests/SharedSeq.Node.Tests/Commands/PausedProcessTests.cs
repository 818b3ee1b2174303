using System.Diagnostics;
using System.Globalization;
using SharedSeq.Cli;
using SharedSeq.Node.Tests.Network;

namespace SharedSeq.Node.Tests.Commands;

/// <summary>A process that is stopped goes on when its stopper says so, and when its stopper dies.</summary>
public sealed class PausedProcessTests
{
    [Fact]
    public async Task A_stopped_process_goes_on_when_the_pause_ends()
    {
        using Process sleeper = Process.Start("sleep", "60");
        try
        {
            PausedProcess pause = PausedProcess.Begin(sleeper.Id)!;
            await UntilStateAsync(sleeper, 'T');
            pause.Dispose();
            await UntilStateAsync(sleeper, 'S');
        }
        finally
        {
            sleeper.Kill();
        }

        await sleeper.WaitForExitAsync();
        Assert.Null(PausedProcess.Begin(sleeper.Id));
    }

    private static Task UntilStateAsync(Process process, char state) => TestNetwork.UntilAsync($"the process is in state {state}", async () =>
    {
        string stat = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/stat"));
        return stat[stat.LastIndexOf(')') + 2] == state;
    });
}

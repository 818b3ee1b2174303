using System.Diagnostics;
using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>
/// A process stopped by a signal. A shell beside it lets it go on as soon as the pipe between this program and that shell closes: when this is disposed of,
/// and also when this program is killed, so that nothing stays stopped for ever that can not see that its parent is gone.
/// </summary>
internal sealed class PausedProcess : IDisposable
{
    private readonly Process _shell;

    private PausedProcess(Process shell) => _shell = shell;

    /// <summary>Stops a process; null when it can not be signalled: it has ended.</summary>
    public static PausedProcess? Begin(int pid)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");

        // Ctrl-C of a terminal goes to all of its processes: this one ends with the pipe alone.
        start.ArgumentList.Add(string.Create(
            CultureInfo.InvariantCulture, $"trap '' INT HUP; kill -STOP {pid} && echo stopped || exit 1; read _; kill -CONT {pid}"));
        Process shell = Process.Start(start)!;
        if (shell.StandardOutput.ReadLine() == "stopped") return new PausedProcess(shell);
        shell.WaitForExit();
        shell.Dispose();
        return null;
    }

    /// <summary>Lets it go on.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}

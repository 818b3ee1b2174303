using System.Diagnostics;
using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>
/// One operator as a process of its own: the very program that started the devnet, running `node run`. It stops when its standard input closes, so
/// that nothing stays behind when the devnet itself is killed.
/// </summary>
internal sealed class OperatorProcess : IDisposable
{
    private readonly Process _process;
    private readonly StreamWriter _log;
    private PausedProcess? _pause;

    private OperatorProcess(DevnetOperator place, Process process, StreamWriter log)
    {
        Operator = place;
        _process = process;
        _log = log;
    }

    public DevnetOperator Operator { get; }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public static OperatorProcess Start(DevnetOperator place)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = place.Folder,
        };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") start.ArgumentList.Add(typeof(OperatorProcess).Assembly.Location);
        foreach (string argument in (string[])["node", "run", "--config", place.ConfigFile, "--stop-with-stdin"]) start.ArgumentList.Add(argument);

        var log = new StreamWriter(new FileStream(place.LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"--- started {DateTimeOffset.UtcNow:u}"));
        Process process = Process.Start(start)!;
        var result = new OperatorProcess(place, process, log);
        process.OutputDataReceived += (_, line) => result.Write(line.Data);
        process.ErrorDataReceived += (_, line) => result.Write(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return result;
    }

    /// <summary>The process runs no more until <see cref="Resume"/>, and does not know it.</summary>
    public void Pause() => _pause ??= PausedProcess.Begin(Pid) ?? throw new CommandException($"operator {Operator.Index} can not be paused: it has ended");

    public void Resume()
    {
        _pause?.Dispose();
        _pause = null;
    }

    /// <summary>Until the process is gone, and its locks with it.</summary>
    public Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>kill -9: as a crash would end it.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks the process to stop, waits, and kills it by its id when it does not.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        Resume();
        if (!_process.HasExited)
        {
            try
            {
                _process.StandardInput.Close();
            }
            catch (IOException)
            {
                // it died by itself
            }

            using var deadline = new CancellationTokenSource(patience);
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        Dispose();
    }

    /// <summary>The last lines of the log, to show why a start failed.</summary>
    public static string LastLines(DevnetOperator place, int count)
    {
        try
        {
            using var stream = new FileStream(place.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(count));
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    public void Dispose()
    {
        Resume();
        _process.Dispose();
        lock (_log) _log.Dispose();
    }

    private void Write(string? line)
    {
        if (line is null) return;
        lock (_log)
        {
            if (_log.BaseStream is { CanWrite: true }) _log.WriteLine(line);
        }
    }
}

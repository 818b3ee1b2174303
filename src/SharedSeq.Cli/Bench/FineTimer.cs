using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SharedSeq.Cli;

/// <summary>
/// Waits that end within about a tenth of a millisecond of their time. The platform's timers end one or two late, which a latency that counts from the
/// scheduled send time would take for the network's.
/// </summary>
internal sealed partial class FineTimer : IDisposable
{
    /// <summary>Microseconds of one sleep at most. 1,000: so much later may an earlier wait end that is asked for during a sleep.</summary>
    private const long SleepMicrosMax = 1_000;

    private readonly object _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waits = new();
    private readonly Thread _thread;
    private bool _isStopped;

    public FineTimer()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "fine timer" };
        _thread.Start();
    }

    /// <summary>Waits for a time.</summary>
    /// <param name="due">In ticks of <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public Task UntilAsync(long due, CancellationToken cancellation)
    {
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waits.Enqueue(wait, due);
            if (_waits.Count == 1) Monitor.Pulse(_gate);
        }

        return wait.Task.WaitAsync(cancellation);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (EndDueWaits() is { } micros)
        {
            if (micros > 0) _ = USleep((uint)long.Min(micros, SleepMicrosMax));
        }
    }

    /// <returns>Microseconds until the next wait ends; null when stopped.</returns>
    private long? EndDueWaits()
    {
        lock (_gate)
        {
            while (!_isStopped && _waits.Count == 0) Monitor.Wait(_gate);
            if (_isStopped) return null;
            long now = Stopwatch.GetTimestamp();
            while (_waits.TryPeek(out TaskCompletionSource? wait, out long due))
            {
                if (due > now) return (long)Stopwatch.GetElapsedTime(now, due).TotalMicroseconds;
                _waits.Dequeue();
                wait.SetResult();
            }

            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int USleep(uint micros);
}

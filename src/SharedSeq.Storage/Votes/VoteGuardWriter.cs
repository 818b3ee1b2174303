using System.Diagnostics;

namespace SharedSeq.Storage;

/// <summary>
/// Carries the highest durable vote to the guard file on a thread of its own, at most once per interval. The guard is
/// written after the log, so it is never ahead of it; it may lag by the interval and one sync. A rollback by less than
/// that since the last start is not seen; one that reaches behind the last start always is, by the incarnation.
/// </summary>
internal sealed class VoteGuardWriter : IDisposable
{
    private readonly VoteGuardFile _file;
    private readonly int _intervalMs;
    private readonly Action<StorageException> _onFailed;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private VoteGuard _wanted;
    private VoteGuard _written;
    private bool _isClosing;
    private bool _isAbandoned;

    public VoteGuardWriter(VoteGuardFile file, VoteGuard written, int intervalMs, Action<StorageException> onFailed)
    {
        _file = file;
        _written = _wanted = written;
        _intervalMs = intervalMs;
        _onFailed = onFailed;
        _thread = new Thread(Run) { IsBackground = true, Name = "vote guard" };
        _thread.Start();
    }

    /// <summary>What the guard file holds.</summary>
    public VotePosition Written
    {
        get
        {
            lock (_gate) return _written.Voted;
        }
    }

    /// <summary>Called after a sync of the log; never waits for the guard's disk.</summary>
    public void Raise(VotePosition voted)
    {
        lock (_gate)
        {
            if (voted <= _wanted.Voted) return;
            _wanted = _wanted with { Voted = voted };
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Writes what is owed and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosing = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
        _file.Dispose();
    }

    /// <summary>Ends as a crash would: what is owed is not written.</summary>
    public void Abandon()
    {
        lock (_gate) _isAbandoned = true;
        Dispose();
    }

    private void Run()
    {
        while (true)
        {
            VoteGuard next;
            lock (_gate)
            {
                while (_wanted == _written && !_isClosing) Monitor.Wait(_gate);
                if (_isAbandoned || _wanted == _written) return;
                next = _wanted;
            }
            try
            {
                _file.Write(next);
                lock (_gate) _written = next;
            }
            catch (StorageException e)
            {
                // Not tried again: after a failed sync nobody knows what the disk holds.
                _onFailed(e);
                return;
            }
            WaitInterval();
        }
    }

    private void WaitInterval()
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!_isClosing)
            {
                int left = _intervalMs - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                if (left <= 0) break;
                Monitor.Wait(_gate, left);
            }
        }
    }
}

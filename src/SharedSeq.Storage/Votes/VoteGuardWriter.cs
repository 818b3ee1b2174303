using System.Diagnostics;

namespace SharedSeq.Storage;

/// <summary>
/// Carries how far the log is durable to the guard file on a thread of its own, at most once per interval. The guard is
/// written after the log, so it is never ahead of it; it may lag by the interval and two syncs. Of a log that lost what
/// became durable within that time before it ended nothing is seen; any other loss is, to the record.
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
    public void Raise(VotePosition voted, long position)
    {
        lock (_gate)
        {
            Want(_wanted with
            {
                Voted = voted > _wanted.Voted ? voted : _wanted.Voted,
                Position = long.Max(position, _wanted.Position),
            });
        }
    }

    /// <summary>The same of the batch log.</summary>
    public void RaiseBatches(LogInstanceId batches, long position)
    {
        lock (_gate)
        {
            long known = _wanted.Batches == batches ? _wanted.BatchPosition : 0;
            Want(_wanted with { Batches = batches, BatchPosition = long.Max(position, known) });
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

    private void Want(VoteGuard wanted)
    {
        if (wanted == _wanted) return;
        _wanted = wanted;
        Monitor.PulseAll(_gate);
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

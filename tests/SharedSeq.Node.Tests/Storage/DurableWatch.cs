using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>Receives what a log reports and lets a test wait for it by name.</summary>
internal sealed class DurableWatch
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly object _gate = new();
    private long _durable;
    private StorageException? _failure;
    private int _failures;

    public long Durable
    {
        get
        {
            lock (_gate) return _durable;
        }
    }

    public int Failures
    {
        get
        {
            lock (_gate) return _failures;
        }
    }

    public void OnDurable(long position)
    {
        lock (_gate)
        {
            Assert.True(position > _durable, $"durable position went from {_durable} to {position}");
            _durable = position;
            Monitor.PulseAll(_gate);
        }
    }

    public void OnFailed(StorageException failure)
    {
        lock (_gate)
        {
            _failure = failure;
            _failures++;
            Monitor.PulseAll(_gate);
        }
    }

    public void WaitFor(long position) =>
        Wait(() => _durable >= position || _failure is not null, $"position {position} durable");

    public StorageException WaitForFailure()
    {
        Wait(() => _failure is not null, "a reported failure");
        return _failure!;
    }

    private void Wait(Func<bool> happened, string what)
    {
        DateTime end = DateTime.UtcNow + Deadline;
        lock (_gate)
        {
            while (!happened())
            {
                TimeSpan left = end - DateTime.UtcNow;
                Assert.True(left > TimeSpan.Zero && Monitor.Wait(_gate, left), $"missing after {Deadline}: {what}");
            }
        }
    }
}

/// <summary>Waits for a condition that has no event of its own, with a deadline that says what was missing.</summary>
internal static class Eventually
{
    public static void True(Func<bool> condition, string what) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), $"missing after 30 s: {what}");
}

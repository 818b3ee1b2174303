namespace SharedSeq.Simulator;

/// <summary>The one queue of everything that will happen in a run. Microseconds from the run's start; equal times run in the order they were entered.</summary>
public sealed class SimulatedSchedule
{
    private readonly PriorityQueue<Action, ulong> _queue = new();
    private uint _order;

    /// <summary>Simulated time, microseconds.</summary>
    public long NowUs { get; private set; }

    /// <summary>Events carried out so far.</summary>
    public long Count { get; private set; }

    public void At(long timeUs, Action action) => _queue.Enqueue(action, ((ulong)long.Max(timeUs, NowUs) << 32) | _order++);

    public void After(long delayUs, Action action) => At(NowUs + delayUs, action);

    /// <summary>Carries out the next event unless it lies behind <paramref name="endUs"/>.</summary>
    /// <returns>False when nothing is left before the end.</returns>
    public bool RunNext(long endUs)
    {
        if (!_queue.TryPeek(out _, out ulong key) || (long)(key >> 32) > endUs) return false;
        Action action = _queue.Dequeue();
        NowUs = (long)(key >> 32);
        Count++;
        action();
        return true;
    }
}

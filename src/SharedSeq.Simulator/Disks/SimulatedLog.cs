using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>How fast one disk syncs. Microseconds; a sync is slow with probability SlowPerMille.</summary>
public sealed record SyncLatency(int MinUs, int MaxUs, int SlowPerMille, int SlowUs);

/// <summary>
/// One append-only log with group commit: a sync makes everything durable that was appended before it began. A crash loses what was not synced,
/// except for a prefix of it of random length, which the disk happened to have written.
/// </summary>
public sealed class SimulatedLog<T>(SimulatedSchedule schedule, Prng random, Func<SyncLatency> latency)
{
    private readonly List<T> _records = [];
    private readonly Queue<(int Position, Action Action)> _waiting = new();
    private int _synced;
    private long _replaced;
    private bool _isSyncing;
    private int _generation;

    /// <summary>Everything written, synced or not: what a reader of the running process sees.</summary>
    public IReadOnlyList<T> Records => _records;

    public int SyncedCount => _synced;

    /// <summary>Number of the last durable record, counted from the log's beginning: it only grows, also when records are replaced by fewer.</summary>
    public long SyncedPosition => _replaced + _synced;

    /// <summary>What is durable.</summary>
    public IReadOnlyList<T> Synced() => _records.GetRange(0, _synced);

    /// <summary>Of a log that nobody uses: it holds these records, as it did when the last of them had this position.</summary>
    public void Restore(IReadOnlyList<T> records, long position)
    {
        Crash();
        _records.Clear();
        _records.AddRange(records);
        _synced = records.Count;
        _replaced = position - records.Count;
    }

    public void Append(T record)
    {
        _records.Add(record);
        if (_isSyncing) return;
        _isSyncing = true;
        int generation = _generation;
        schedule.After(0, () => BeginSync(generation));
    }

    /// <summary>Runs the action when everything appended so far is durable: at once when it is already. Actions run in the order they were given.</summary>
    public void WhenDurable(Action action)
    {
        if (_waiting.Count == 0 && _synced == _records.Count) action();
        else _waiting.Enqueue((_records.Count, action));
    }

    /// <summary>Power is cut: waiting actions never happen, and the tail that was not synced is torn at a random record.</summary>
    /// <returns>The number of records lost.</returns>
    public int Crash()
    {
        _generation++;
        _isSyncing = false;
        _waiting.Clear();
        int kept = (int)random.Between(_synced, _records.Count);
        int lost = _records.Count - kept;
        _records.RemoveRange(kept, lost);
        _synced = kept;
        return lost;
    }

    /// <summary>Everything is synced and nobody waits.</summary>
    public bool IsAtRest => !_isSyncing && _waiting.Count == 0 && _synced == _records.Count;

    /// <summary>All records at once become these, durably: a new segment that takes the place of the old ones.</summary>
    public void Replace(IEnumerable<T> records)
    {
        Invariant.Check(IsAtRest, "a log is replaced at rest");
        T[] kept = [.. records];
        _replaced = SyncedPosition + 1 - kept.Length;
        _records.Clear();
        _records.AddRange(kept);
        _synced = kept.Length;
    }

    private void BeginSync(int generation)
    {
        if (generation != _generation) return;
        int target = _records.Count;
        SyncLatency times = latency();
        long takes = random.Chance(times.SlowPerMille) ? random.Between(times.MaxUs, times.SlowUs) : random.Between(times.MinUs, times.MaxUs);
        schedule.After(takes, () => EndSync(generation, target));
    }

    private void EndSync(int generation, int target)
    {
        if (generation != _generation) return;
        _synced = target;
        _isSyncing = false;
        if (_records.Count > target)
        {
            _isSyncing = true;
            BeginSync(generation);
        }

        while (generation == _generation && _waiting.TryPeek(out (int Position, Action Action) next) && next.Position <= _synced)
        {
            _waiting.Dequeue();
            next.Action();
        }
    }
}

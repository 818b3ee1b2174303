using System.Numerics;

namespace SharedSeq.Storage;

/// <summary>
/// How long syncs took: counts per eighth of a power of two of microseconds, so percentiles are exact to about 12 %.
/// </summary>
public sealed class SyncTimes
{
    private const int StepsPerDoubling = 8;
    private readonly long[] _counts = new long[40 * StepsPerDoubling];
    private long _count;

    /// <summary>Syncs since the log was opened.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>
    /// The time in microseconds that <paramref name="perMille"/> of the syncs did not exceed; 0 without syncs.
    /// </summary>
    public long PercentileUs(int perMille)
    {
        long wanted = (Count * perMille + 999) / 1000;
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += Volatile.Read(ref _counts[i]);
            if (seen >= wanted && seen > 0) return UpperBoundUs(i);
        }
        return 0;
    }

    /// <summary>Called by the writer thread only.</summary>
    internal void Add(TimeSpan time)
    {
        ulong us = (ulong)long.Max(1, (long)time.TotalMicroseconds);
        int doubling = BitOperations.Log2(us);
        int step = (int)(((us << 3) >> doubling) & (StepsPerDoubling - 1));
        ref long count = ref _counts[(doubling * StepsPerDoubling) + step];
        Volatile.Write(ref count, count + 1);
        Volatile.Write(ref _count, _count + 1);
    }

    private static long UpperBoundUs(int index)
    {
        int doubling = index / StepsPerDoubling;
        int step = index % StepsPerDoubling;
        return ((StepsPerDoubling + step + 1L) << doubling) / StepsPerDoubling;
    }
}

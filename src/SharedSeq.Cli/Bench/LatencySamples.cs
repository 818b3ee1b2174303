using System.Diagnostics;

namespace SharedSeq.Cli;

/// <summary>What became of one frame, for all its transactions.</summary>
/// <param name="Operator">Index of the operator it was sent to.</param>
/// <param name="Scheduled">When it was to be sent, in Stopwatch ticks.</param>
/// <param name="Done">When its commit arrived; long.MaxValue when it was refused.</param>
/// <param name="Count">Transactions.</param>
internal readonly record struct FrameSample(int Operator, long Scheduled, long Done, int Count)
{
    public bool IsCommitted => Done != long.MaxValue;

    public double Milliseconds => IsCommitted ? Stopwatch.GetElapsedTime(Scheduled, Done).TotalMilliseconds : double.PositiveInfinity;
}

/// <summary>Every frame of a run with its times. Safe to add to from several threads.</summary>
internal sealed class LatencySamples
{
    private readonly Lock _gate = new();
    private readonly List<FrameSample> _samples = [];

    public void Add(FrameSample sample)
    {
        lock (_gate) _samples.Add(sample);
    }

    /// <summary>What has been added until now.</summary>
    public IReadOnlyList<FrameSample> Snapshot()
    {
        lock (_gate) return [.. _samples];
    }

    /// <summary>The latency that this share of the transactions did not exceed, milliseconds; infinite when as many were refused, 0 of none.</summary>
    public static double PercentileMs(IEnumerable<FrameSample> samples, double share)
    {
        List<FrameSample> sorted = [.. samples.OrderBy(s => s.Milliseconds)];
        if (sorted.Count == 0) return 0;
        long wanted = (long)(sorted.Sum(s => (long)s.Count) * share);
        long seen = 0;
        foreach (FrameSample sample in sorted)
        {
            seen += sample.Count;
            if (seen >= wanted) return sample.Milliseconds;
        }

        return sorted[^1].Milliseconds;
    }
}

namespace SharedSeq.Cli;

/// <summary>Latencies of a run in microseconds; a sample stands for all transactions of a frame.</summary>
internal sealed class LatencySamples
{
    private readonly Lock _gate = new();
    private readonly List<(long Micros, int Count)> _samples = [];

    public void Add(long micros, int count)
    {
        lock (_gate) _samples.Add((micros, count));
    }

    /// <summary>The latency that this share of transactions did not exceed, milliseconds.</summary>
    public double PercentileMs(double share)
    {
        lock (_gate)
        {
            if (_samples.Count == 0) return 0;
            _samples.Sort();
            long wanted = (long)(_samples.Sum(s => (long)s.Count) * share);
            long seen = 0;
            foreach ((long micros, int count) in _samples)
            {
                seen += count;
                if (seen >= wanted) return micros / 1000.0;
            }

            return _samples[^1].Micros / 1000.0;
        }
    }
}

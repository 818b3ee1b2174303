namespace SharedSeq.Node;

/// <summary>
/// How long the lane's builder waits before it seals a batch: nothing when idle, so that a lone transaction is quick; up to the largest gap under
/// load, so that batches are large and cost per transaction falls. Sealing as soon as nothing is in flight is wrong under load: it settles at one
/// client frame per batch.
/// </summary>
public sealed class LanePacing
{
    /// <summary>Largest gap, milliseconds. 10: measured cost per batch is a thousandth of a second over all nodes, so 100 batches a second of
    /// each lane stay below a fifth of two cores.</summary>
    public const int GapMaxMs = 10;

    /// <summary>Transactions per second at which the gap is largest. 10,000.</summary>
    private const double FullRate = 10_000;

    /// <summary>Below this rate a lane does not wait at all. 1,000 a second.</summary>
    private const double IdleRate = 1_000;
    private double _rate;
    private long _lastMs;

    /// <summary>Counts transactions into the smoothed rate (time constant 200 ms).</summary>
    public void Add(int transactions, long nowMs)
    {
        double elapsed = double.Max(nowMs - _lastMs, 0.0);
        _lastMs = nowMs;
        _rate = (_rate * double.Exp(-elapsed / 200.0)) + (transactions * 5.0);
    }

    /// <summary>Least milliseconds between the last seal and the next one.</summary>
    public int GapMs => _rate < IdleRate ? 0 : (int)double.Min(GapMaxMs, GapMaxMs * _rate / FullRate);
}

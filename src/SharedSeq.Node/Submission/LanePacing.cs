namespace SharedSeq.Node;

/// <summary>
/// How long the lane's builder waits before it seals a batch: nothing when idle, so that a lone transaction is quick; up to the largest gap under
/// load, so that batches are large and cost per transaction falls. Sealing as soon as nothing is in flight is wrong under load: it settles at one
/// client frame per batch. The gap is also half of what a batch lately took to be certified: more batches than that under way would wait for each
/// other on a busy machine, and each would cost what the joined one does.
/// </summary>
public sealed class LanePacing
{
    /// <summary>Largest gap, milliseconds. 15: measured cost per batch is over a thousandth of a second over all nodes, so 65 batches a second of
    /// each of four lanes stay below a fifth of two cores.</summary>
    public const int GapMaxMs = 15;

    /// <summary>Transactions per second of the lane at which the gap is largest. 3,000.</summary>
    private const double FullRate = 3_000;

    /// <summary>Below this rate a lane does not wait for its rate's sake. 500 a second.</summary>
    private const double IdleRate = 500;

    /// <summary>Weight of a new certification time in the smoothed one. An eighth.</summary>
    private const double CertifyWeight = 0.125;
    private double _rate;
    private double _certifyMs;
    private long _lastMs;

    /// <summary>Counts transactions into the smoothed rate (time constant 200 ms).</summary>
    public void Add(int transactions, long nowMs)
    {
        double elapsed = double.Max(nowMs - _lastMs, 0.0);
        _lastMs = nowMs;
        _rate = (_rate * double.Exp(-elapsed / 200.0)) + (transactions * 5.0);
    }

    /// <summary>Counts the time from a batch's seal to its proof of availability into the smoothed one.</summary>
    public void Certified(long milliseconds) => _certifyMs += CertifyWeight * (milliseconds - _certifyMs);

    /// <summary>Least milliseconds between the last seal and the next one.</summary>
    public int GapMs
    {
        get
        {
            double byRate = _rate < IdleRate ? 0 : GapMaxMs * _rate / FullRate;
            return (int)double.Min(GapMaxMs, double.Max(byRate, _certifyMs / 2));
        }
    }
}

namespace SharedSeq.Node;

/// <summary>
/// The least time between own heights, from the load: a height costs a proposal, votes and syncs whatever is in it, so under load fewer, larger ones
/// carry the same transactions for less; when idle a lone transaction should not wait.
/// </summary>
public sealed class HeightPacing
{
    /// <summary>Largest gap, milliseconds. 15: some 65 heights a second, at which heights cost a tenth of two cores over four operators.</summary>
    private const int GapMaxMs = 15;

    /// <summary>Transactions a second per millisecond of gap. 2,000: the largest gap is reached at 30,000 a second.</summary>
    private const double RatePerMs = 2_000;
    private readonly int _idleMs;
    private double _rate;
    private long _lastMs;

    /// <param name="idleMs">Milliseconds between own heights when idle.</param>
    public HeightPacing(int idleMs)
    {
        _idleMs = idleMs;
        GapMs = idleMs;
    }

    /// <summary>Milliseconds between own heights at the present load.</summary>
    public int GapMs { get; private set; }

    /// <summary>Counts a delivered height; true when the gap changed. The rate is smoothed over half a second.</summary>
    public bool Add(int transactions, long nowMs)
    {
        double elapsed = double.Max(nowMs - _lastMs, 0.0);
        _lastMs = nowMs;
        _rate = (_rate * double.Exp(-elapsed / 500.0)) + (transactions * 2.0);
        int gap = int.Clamp((int)(_rate / RatePerMs), _idleMs, int.Max(_idleMs, GapMaxMs));
        if (gap == GapMs) return false;
        GapMs = gap;
        return true;
    }
}

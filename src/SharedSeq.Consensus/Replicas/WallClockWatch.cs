namespace SharedSeq.Consensus;

/// <summary>Compares the wall clock's steps with the monotonic clock's: a jump is worth an alarm, because proposals and votes go by the wall clock.</summary>
internal sealed class WallClockWatch
{
    private CoreTime? _last;

    public bool HasJumped(CoreTime now, int toleranceMs, out long byMs)
    {
        byMs = 0;
        if (_last is { } last) byMs = (long)(now.WallMs - last.WallMs) - (now.MonotonicMs - last.MonotonicMs);
        _last = now;
        return byMs > toleranceMs || byMs < -toleranceMs;
    }
}

namespace SharedSeq.Node;

/// <summary>The monotonic clock in the unit that the actors and the core reckon in.</summary>
internal static class MonotonicTime
{
    /// <summary>
    /// Milliseconds of the monotonic clock. Seconds and their fraction apart: a counter of nanoseconds times 1,000 does not fit 63 bits from 107 days of
    /// uptime on, and a clock that wraps leaves every timer set before in a future that never comes.
    /// </summary>
    public static long MonotonicMs(this TimeProvider clock)
    {
        long ticks = clock.GetTimestamp();
        long perSecond = clock.TimestampFrequency;
        return (ticks / perSecond * 1000) + (ticks % perSecond * 1000 / perSecond);
    }
}

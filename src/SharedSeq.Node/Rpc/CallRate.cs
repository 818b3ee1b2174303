namespace SharedSeq.Node;

/// <summary>
/// The calls that one client connection may make: a second's worth at once, refilled evenly. One connection makes one call after the other, so it is
/// asked by one thread at a time.
/// </summary>
/// <param name="perSecond">Calls a second.</param>
/// <param name="clock">What a second is measured by.</param>
/// <param name="address">The client's address, whose calls a second all of its connections share; null for none.</param>
public sealed class CallRate(int perSecond, TimeProvider clock, ClientAddress? address = null)
{
    /// <summary>Whose calls these are, with those of its other connections; null where that is not counted.</summary>
    public ClientAddress? Address => address;

    private readonly long _second = clock.TimestampFrequency;
    private readonly long _interval = long.Max(1, clock.TimestampFrequency / perSecond);

    /// <summary>When the next call would be due if they came evenly; at most a second ago.</summary>
    private long _due = clock.GetTimestamp() - clock.TimestampFrequency;

    /// <summary>Takes one call, or says in how many milliseconds there is room for one.</summary>
    public bool TryTake(out int retryAfterMs)
    {
        long now = clock.GetTimestamp();
        _due = long.Max(_due, now - _second);
        long early = _due + _interval - now;
        retryAfterMs = early > 0 ? (int)(1 + (early * 1000 / _second)) : 0;
        if (early > 0 || (address is not null && !address.TryTake(out retryAfterMs))) return false;
        _due += _interval;
        return true;
    }
}

namespace SharedSeq.Node.Tests.Network;

/// <summary>The wall clock with an error that a test sets; durations are right, as on a machine whose time is set anew.</summary>
internal sealed class JumpingClock : TimeProvider
{
    private long _offset;

    public TimeSpan Offset
    {
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + TimeSpan.FromTicks(Interlocked.Read(ref _offset));
}

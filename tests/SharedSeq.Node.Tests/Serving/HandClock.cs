namespace SharedSeq.Node.Tests.Serving;

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class HandClock : TimeProvider
{
    public long Milliseconds { get; set; } = 5_000_000;

    public DateTimeOffset Utc { get; set; } = DateTimeOffset.UnixEpoch;

    public override DateTimeOffset GetUtcNow() => Utc;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => Milliseconds * 1_000;
}

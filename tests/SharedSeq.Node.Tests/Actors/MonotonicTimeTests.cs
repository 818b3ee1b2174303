namespace SharedSeq.Node.Tests.Actors;

public sealed class MonotonicTimeTests
{
    [Theory]
    [InlineData(1_000_000_000, 1)]
    [InlineData(1_000_000_000, 107)]
    [InlineData(1_000_000_000, 100_000)]
    [InlineData(10_000_000, 100_000)]
    public void Milliseconds_go_on_at_any_uptime(long perSecond, long days)
    {
        long seconds = days * 86_400;
        Assert.Equal((seconds * 1000) + 250, new Counter(perSecond, (seconds * perSecond) + (perSecond / 4)).MonotonicMs());
    }

    private sealed class Counter(long perSecond, long value) : TimeProvider
    {
        public override long TimestampFrequency => perSecond;

        public override long GetTimestamp() => value;
    }
}

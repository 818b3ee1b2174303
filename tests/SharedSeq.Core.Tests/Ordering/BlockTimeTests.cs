using SharedSeq.Ordering;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class BlockTimeTests
{
    private static readonly ulong Soon = StartSecond + 50;

    private static (ulong Number, ulong At, uint Count)[] Closed(OrderingResult result) =>
        [.. result.Closed.Select(c => (c.Block.Number, c.Block.Timestamp.Value - Start, c.Block.Count))];

    [Fact]
    public void A_block_closes_at_the_first_height_at_or_above_its_time_with_exactly_that_time()
    {
        var bench = new OrderingBench(null, Opaque(5, 200));
        Assert.Empty(bench.Apply(199, Tx(5, Soon, 1)).Closed);
        Assert.Equal([(1UL, 200UL, 2U)], Closed(bench.Apply(200, Tx(5, Soon, 2))));
        Assert.Equal([(2UL, 400UL, 1U)], Closed(bench.Apply(433, Tx(5, Soon, 3))));
        Assert.Empty(bench.Apply(599).Closed);
        Assert.Equal([(3UL, 600UL, 0U)], Closed(bench.Apply(600)));
    }

    [Fact]
    public void The_height_that_closes_a_block_puts_its_transactions_into_it_and_due_blocks_after_it_are_empty()
    {
        var bench = new OrderingBench(null, Opaque(5, 200));
        Assert.Equal([(1UL, 200UL, 1U), (2UL, 400UL, 0U), (3UL, 600UL, 0U)], Closed(bench.Apply(799, Tx(5, Soon, 1))));
    }

    [Fact]
    public void Heights_of_blocks_leave_no_gap()
    {
        var bench = new OrderingBench(null, Opaque(5, 100));
        bench.Apply(10);
        bench.Apply(20);
        OrderingResult result = bench.Apply(350, Tx(5, Soon, 1));
        Assert.Equal(
            [(1UL, 3UL), (3UL, 3UL), (3UL, 3UL)], result.Closed.Select(c => (c.Block.FirstHeight.Value, c.Block.LastHeight.Value)));
        bench.Apply(360);
        NamespaceBlock next = bench.Apply(400).Closed[0].Block;
        Assert.Equal((4UL, 5UL), (next.FirstHeight.Value, next.LastHeight.Value));
    }

    [Fact]
    public void One_height_closes_at_most_64_blocks_and_the_following_ones_catch_up()
    {
        var bench = new OrderingBench(null, Opaque(5, 100));
        Assert.Equal(64, bench.Apply(10_000, Tx(5, Soon, 1)).Closed.Count);
        (ulong Number, ulong At, uint Count)[] second = Closed(bench.Apply(10_001));
        Assert.Equal(36, second.Length);
        Assert.Equal((100UL, 10_000UL, 0U), second[^1]);
        Assert.Empty(bench.Apply(10_099).Closed);
    }

    [Fact]
    public void Exactly_64_due_blocks_are_all_built_in_either_mode()
    {
        foreach (TimeGaps gaps in new[] { TimeGaps.Fill, TimeGaps.Jump })
        {
            var bench = new OrderingBench(null, Opaque(5, 100) with { TimeGaps = gaps });
            OrderingResult result = bench.Apply(6_499);
            Assert.Equal(64, result.Closed.Count);
            Assert.All(result.Closed, c => Assert.Equal(NamespaceBlockFlags.None, c.Block.Flags));
        }
    }

    [Fact]
    public void A_namespace_that_jumps_leaves_out_the_times_of_a_long_pause_but_no_number()
    {
        var bench = new OrderingBench(null, Opaque(5, 100) with { TimeGaps = TimeGaps.Jump });
        bench.Apply(99, Tx(5, Soon, 1));
        OrderingResult result = bench.Apply(6_510, Tx(5, Soon, 2));
        Assert.Equal([(1UL, 6_500UL, 2U)], Closed(result));
        Assert.Equal(NamespaceBlockFlags.TimeJump, result.Closed[0].Block.Flags);
        OrderingResult next = bench.Apply(6_600);
        Assert.Equal([(2UL, 6_600UL, 0U)], Closed(next));
        Assert.Equal(NamespaceBlockFlags.None, next.Closed[0].Block.Flags);
    }

    [Fact]
    public void Equal_timestamps_close_nothing_twice()
    {
        var bench = new OrderingBench(null, Opaque(5, 100));
        Assert.Single(bench.Apply(100).Closed);
        Assert.Empty(bench.Apply(100, Tx(5, Soon, 1)).Closed);
        Assert.Equal([(2UL, 200UL, 1U)], Closed(bench.Apply(200)));
    }

    [Fact]
    public void The_open_block_grows_by_what_each_height_places_and_never_changes_what_it_has()
    {
        var bench = new OrderingBench(null, Opaque(5, 1000));
        TestTransaction a = Tx(5, Soon, 1), b = Tx(5, Soon, 2), c = Tx(5, Soon, 3);
        NamespaceGrowth first = bench.Apply(10, a).Growth.Single();
        NamespaceGrowth second = bench.Apply(20, b, c).Growth.Single();
        Assert.Equal((1UL, 0, 1), (first.Number, first.First, first.Count));
        Assert.Equal((1UL, 1, 2), (second.Number, second.First, second.Count));
        Assert.Equal([a.Id], bench.Ids(first.Content));
        Assert.Equal([b.Id, c.Id], bench.Ids(second.Content, second.First));
        OrderingResult closing = bench.Apply(1000);
        Assert.Empty(closing.Growth);
        Assert.Equal([a.Id, b.Id, c.Id], bench.Ids(closing.Closed[0].Content));
    }

    [Fact]
    public void Growth_names_each_block_that_a_height_filled()
    {
        // Two full blocks wait; one height closes both and starts the third.
        var bench = new OrderingBench(null, Opaque(5, 100) with { ByteCap = NamespacePolicy.MinByteCap });
        int half = (int)(NamespacePolicy.MinByteCap / 2);
        bench.ApplyBatches(10, [.. Enumerable.Range(0, 6).Select(i => Sized(5, half, (byte)i))]);
        OrderingResult result = bench.Apply(250);
        Assert.Equal([(1UL, 100UL, 2U), (2UL, 200UL, 2U)], Closed(result));
        Assert.Equal([(2UL, 0, 2), (3UL, 0, 2)], result.Growth.Select(g => (g.Number, g.First, g.Count)));
    }

    [Fact]
    public void Namespaces_keep_their_own_pace()
    {
        var bench = new OrderingBench(null, Opaque(5, 100), Opaque(6, 250), Opaque(7));
        OrderingResult result = bench.Apply(260, Tx(5, Soon, 1), Tx(6, Soon, 1), Tx(7, Soon, 1));
        Assert.Equal(
            [(5UL, 100UL), (5UL, 200UL), (6UL, 250UL), (7UL, 260UL)],
            result.Closed.Select(c => (c.Block.Namespace.Value, c.Block.Timestamp.Value - Start)));
    }
}

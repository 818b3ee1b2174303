using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>Which blocks of a namespace are kept in memory.</summary>
public sealed class NamespaceFeedTests
{
    private static readonly NamespaceId Id = new(5);
    private readonly BatchStore _batches = new(_ => null);
    private readonly NamespaceFeed _feed;
    private readonly List<ulong> _readFromDisk = [];
    private ulong _appended;

    public NamespaceFeedTests()
    {
        _feed = new NamespaceFeed(Id, 0, number =>
        {
            _readFromDisk.Add(number);
            return BlockOf(number);
        });
    }

    [Fact]
    public void A_namespace_that_nobody_reads_keeps_its_newest_blocks_only()
    {
        Append(2 * NamespaceFeed.RecentMax);
        ulong lowest = _appended - NamespaceFeed.UnreadMax + 1;
        Read(lowest);
        Assert.Empty(_readFromDisk);
        Read(lowest - 1);
        Assert.Equal([lowest - 1], _readFromDisk);
    }

    [Fact]
    public void A_namespace_that_is_read_now_and_then_keeps_all_its_recent_blocks()
    {
        for (int i = 0; i < 4; i++)
        {
            Append(NamespaceFeed.RecentMax - 1);
            Read(_appended);
        }

        Append(1);
        Read(_appended - NamespaceFeed.RecentMax + 1);
        Assert.Empty(_readFromDisk);
        Read(_appended - NamespaceFeed.RecentMax);
        Assert.Equal([_appended - NamespaceFeed.RecentMax], _readFromDisk);
    }

    [Fact]
    public void Recent_blocks_gather_again_for_who_begins_to_read()
    {
        Append(2 * NamespaceFeed.RecentMax);
        Read(_appended + 1);
        ulong lowest = _appended - NamespaceFeed.UnreadMax + 1;
        Append(NamespaceFeed.RecentMax / 2);
        Read(lowest);
        Assert.Empty(_readFromDisk);
    }

    private void Append(int count)
    {
        for (int i = 0; i < count; i++) _feed.Append(BlockOf(++_appended));
    }

    private void Read(ulong number)
    {
        FeedRejection rejection = _feed.TryRead(number, out StreamBlock? block);
        Assert.Equal(number > _appended ? FeedRejection.BeyondHead : FeedRejection.None, rejection);
        if (rejection == FeedRejection.None) Assert.Equal(number, block!.Block.Number);
    }

    private StreamBlock BlockOf(ulong number)
    {
        var block = new NamespaceBlock
        {
            Namespace = Id,
            Number = number,
            Branch = 0,
            FirstHeight = new Height(number),
            LastHeight = new Height(number),
            ParentHash = default,
            Timestamp = new TimestampMs(number),
            L1Origin = L1Origin.None,
            PolicyVersion = 0,
            TxRoot = default,
            Count = 0,
            Bytes = 0,
            Flags = NamespaceBlockFlags.None,
        };
        return new StreamBlock(block, block.Hash, new BlockContent(Array.Empty<BatchSegment>(), Array.Empty<int>()), _batches);
    }
}

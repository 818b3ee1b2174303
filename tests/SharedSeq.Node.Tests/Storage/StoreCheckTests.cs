using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class StoreCheckTests
{
    private const int Size = 61;

    [Fact]
    public void A_sound_store_is_reported_with_its_records()
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: true);
        LogReport votes = StoreCheck.Run("/store", files)[0];
        Assert.Null(votes.Damage);
        Assert.True(votes.ClosedInOrder);
        // The closing record counts too.
        Assert.Equal(101, votes.Records);
        Assert.Equal(101, votes.LastPosition);
        Assert.True(votes.Segments > 2);
        Assert.Equal(0, votes.TornBytes);
    }

    [Fact]
    public void A_store_without_logs_is_reported_as_empty_and_nothing_is_created()
    {
        SimulatedFileLayer files = new();
        Assert.All(StoreCheck.Run("/store", files), report => Assert.Equal(0, report.Segments));
        Assert.Empty(files.Names(Folder));
    }

    [Fact]
    public void A_torn_tail_is_reported_unchanged_and_cut_by_the_repair_only()
    {
        SimulatedFileLayer files = Written(count: 5, Size, closeInOrder: false);
        long end = SegmentFormat.HeaderBytes + 5 * SegmentFormat.TotalBytes(2 + Size);
        using (IStorageFile file = files.Open(PathOf(1), FileOpening.Existing)) file.Write(new byte[10], end - 30);
        for (int round = 0; round < 2; round++)
        {
            LogReport torn = StoreCheck.Run("/store", files)[0];
            Assert.Null(torn.Damage);
            Assert.Equal(4, torn.Records);
            Assert.True(torn.TornBytes > 0);
            Assert.Equal(PathOf(1), torn.TornFile);
        }
        Assert.True(StoreRepair.TruncateTornTail(LogKind.Votes, Folder, files) > 0);
        Assert.Equal(0, StoreRepair.TruncateTornTail(LogKind.Votes, Folder, files));
        LogReport cut = StoreCheck.Run("/store", files)[0];
        Assert.Equal((4, 0), (cut.Records, cut.TornBytes));
    }

    [Fact]
    public void Damage_is_reported_with_file_and_offset_and_never_repaired()
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: false);
        FaultyFileLayer.FlipBit(files, PathOf(2), SegmentFormat.HeaderBytes + 100, 3);
        LogFinding damage = StoreCheck.Run("/store", files)[0].Damage!;
        Assert.Equal(StorageRejection.Corrupted, damage.Reason);
        Assert.Equal(PathOf(2), damage.File);
        Assert.Equal(SegmentFormat.HeaderBytes, damage.Offset);
        StorageException refused = Assert.Throws<StorageException>(
            () => StoreRepair.TruncateTornTail(LogKind.Votes, Folder, files));
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
    }

    [Fact]
    public void A_store_in_use_is_refused_and_one_on_a_read_only_disk_is_examined()
    {
        SimulatedFileLayer files = Written(count: 5, Size, closeInOrder: true);
        using (Open(Options(files), new DurableWatch()))
        {
            StorageException refused = Assert.Throws<StorageException>(() => StoreCheck.Run("/store", files));
            Assert.Equal(StorageRejection.FolderInUse, refused.Reason);
        }
        FaultyFileLayer readOnly = new(files, new StorageFaults { ReadOnly = true });
        Assert.Null(StoreCheck.Run("/store", readOnly)[0].Damage);
    }
}

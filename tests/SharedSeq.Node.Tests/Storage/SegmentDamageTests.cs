using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class SegmentDamageTests
{
    private const int Size = 61;

    [Fact]
    public void A_tail_torn_at_any_byte_of_the_last_record_is_cut_back_to_the_record_before()
    {
        SimulatedFileLayer whole = Written(count: 5, Size, closeInOrder: false);
        long start = EndOf(4);
        long end = EndOf(5);
        for (long cut = start; cut < end; cut++)
        {
            SimulatedFileLayer files = whole.Copy();
            using IStorageFile file = files.Open(PathOf(1), FileOpening.Existing);
            file.Write(new byte[end - cut], cut);
            // Only padding is left out when the cut is behind the payload: then the record is complete.
            long expected = cut >= start + SegmentFormat.RecordHeaderBytes + 2 + Size ? 5 : 4;
            Assert.Equal(expected, CountIntact(files, _ => Size));
            Assert.Equal(expected, CountIntact(files, _ => Size));
        }
    }

    [Fact]
    public void A_torn_tail_is_reported_and_appending_goes_on_behind_the_cut()
    {
        SimulatedFileLayer files = Written(count: 5, Size, closeInOrder: false);
        using (IStorageFile file = files.Open(PathOf(1), FileOpening.Existing)) file.Write(new byte[10], EndOf(5) - 30);
        DurableWatch watch = new();
        using (SegmentLog log = Open(Options(files), watch))
        {
            Assert.Equal(4, log.Opening.LastPosition);
            Assert.True(log.Opening.TornBytes > 0);
            Assert.Equal(PathOf(1), log.Opening.TornFile);
            Assert.Equal(EndOf(4), log.Opening.TornOffset);
            Assert.Equal(5, AppendNumbered(log, 5, Size).Position);
            watch.WaitFor(5);
        }
        Assert.Equal(5, CountIntact(files, _ => Size));
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_a_log_closed_in_order_is_refused_with_file_offset_and_command()
    {
        SimulatedFileLayer whole = Written(count: 6, Size, closeInOrder: true);
        for (long offset = SegmentFormat.HeaderBytes; offset < EndOf(6); offset++)
        {
            long within = (offset - SegmentFormat.HeaderBytes) % SegmentFormat.TotalBytes(2 + Size);
            bool isUnused = within is 14 or 15 || within >= SegmentFormat.RecordHeaderBytes + 2 + Size;
            if (isUnused && within is not (14 or 15)) continue;
            SimulatedFileLayer files = whole.Copy();
            FaultyFileLayer.FlipBit(files, PathOf(1), offset, (int)(offset % 8));
            StorageException refused = RefusedToOpen(Options(files));
            Assert.Equal(StorageRejection.Corrupted, refused.Reason);
            Assert.Equal(PathOf(1), refused.File);
            Assert.InRange(refused.Offset, 0, offset);
            Assert.Contains("sharedseq store check --data /store", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_before_a_later_group_is_refused_even_after_a_crash()
    {
        SimulatedFileLayer files = Written(count: 6, Size, closeInOrder: false);
        FaultyFileLayer.FlipBit(files, PathOf(1), EndOf(3) + 40, 3);
        StorageException refused = RefusedToOpen(Options(files));
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
        Assert.Equal(EndOf(3), refused.Offset);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damage_in_a_segment_that_is_not_the_last_is_refused(bool checkBodies)
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: false);
        FaultyFileLayer.FlipBit(files, PathOf(2), SegmentFormat.HeaderBytes + 4, 3);
        SegmentLogOptions options = Options(files) with { CheckBodiesOnOpen = checkBodies };
        StorageException refused = RefusedToOpen(options);
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
        Assert.Equal(PathOf(2), refused.File);
    }

    [Fact]
    public void A_damaged_body_is_found_on_opening_when_asked_and_on_reading_always()
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: false);
        FaultyFileLayer.FlipBit(files, PathOf(2), SegmentFormat.HeaderBytes + 100, 3);
        SegmentLogOptions full = Options(files) with { CheckBodiesOnOpen = true };
        Assert.Equal(StorageRejection.Corrupted, RefusedToOpen(full).Reason);
        using SegmentLog log = Open(Options(files), new DurableWatch());
        StorageException refused = Assert.Throws<StorageException>(
            () => log.TryRead(new RecordLocation(2, SegmentFormat.HeaderBytes, 502), out _));
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
        Assert.Throws<StorageException>(() => log.Replay(1).Count());
    }

    [Fact]
    public void A_missing_segment_is_refused()
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: true);
        files.Delete(PathOf(2));
        StorageException refused = RefusedToOpen(Options(files));
        Assert.Equal(StorageRejection.MissingSegment, refused.Reason);
    }

    [Fact]
    public void A_segment_of_another_log_or_instance_is_refused()
    {
        SimulatedFileLayer files = Written(count: 100, 500, closeInOrder: true);
        StorageException otherKind = RefusedToOpen(Options(files) with { Kind = LogKind.Batches });
        Assert.Equal(StorageRejection.ForeignFile, otherKind.Reason);
        SimulatedFileLayer other = Written(count: 100, 500, closeInOrder: true);
        byte[] bytes = new byte[16 * 1024];
        using (IStorageFile from = other.Open(PathOf(2), FileOpening.ReadOnly)) from.Read(bytes, 0);
        using (IStorageFile to = files.Open(PathOf(2), FileOpening.Existing)) to.Write(bytes, 0);
        Assert.Equal(StorageRejection.ForeignFile, RefusedToOpen(Options(files)).Reason);
    }

    [Fact]
    public void A_newer_format_is_refused_by_name()
    {
        SimulatedFileLayer files = Written(count: 3, Size, closeInOrder: true);
        using (IStorageFile file = files.Open(PathOf(1), FileOpening.Existing)) file.Write([0, 2], 8);
        Assert.Equal(StorageRejection.NewerFormat, RefusedToOpen(Options(files)).Reason);
    }

    [Fact]
    public void A_damaged_header_is_refused_for_the_only_for_a_middle_and_for_the_last_segment()
    {
        SimulatedFileLayer one = Written(count: 3, Size, closeInOrder: true);
        FaultyFileLayer.FlipBit(one, PathOf(1), 20, 1);
        Assert.Equal(StorageRejection.Corrupted, RefusedToOpen(Options(one)).Reason);
        SimulatedFileLayer many = Written(count: 100, 500, closeInOrder: false);
        uint last = many.Names(Folder).Max(name => SegmentStore.TryParseName(name, out uint number) ? number : 0);
        foreach (uint segment in (uint[])[2, last])
        {
            SimulatedFileLayer files = many.Copy();
            FaultyFileLayer.FlipBit(files, PathOf(segment), 30, 1);
            StorageException refused = RefusedToOpen(Options(files));
            Assert.Equal(StorageRejection.Corrupted, refused.Reason);
            Assert.Equal(PathOf(segment), refused.File);
        }
    }

    private static long EndOf(int records) => SegmentFormat.HeaderBytes + records * SegmentFormat.TotalBytes(2 + Size);
}

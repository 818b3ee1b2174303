using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class SegmentFaultTests
{
    [Fact]
    public void A_failed_sync_is_reported_once_and_ends_the_log()
    {
        StorageFaults faults = new() { PathContains = SegmentStore.NameOf(1) };
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new FaultyFileLayer(new SimulatedFileLayer(), faults)), watch);
        AppendNumbered(log, 1, 100);
        watch.WaitFor(1);
        faults.FailSyncs(1);
        AppendNumbered(log, 2, 100);
        Assert.Equal(StorageRejection.SyncFailed, watch.WaitForFailure().Reason);
        StorageException refused = Assert.Throws<StorageException>(() => log.Append(1, [], new byte[10]));
        Assert.Equal(StorageRejection.SyncFailed, refused.Reason);
        Assert.Equal(1, watch.Durable);
        log.Dispose();
        Assert.Equal(1, watch.Failures);
    }

    [Fact]
    public void A_short_write_ends_the_log_and_reopening_cuts_it()
    {
        SimulatedFileLayer files = new();
        StorageFaults faults = new() { PathContains = SegmentStore.NameOf(1) };
        DurableWatch watch = new();
        using (SegmentLog log = Open(Options(new FaultyFileLayer(files, faults)), watch))
        {
            AppendNumbered(log, 1, 100);
            watch.WaitFor(1);
            faults.ShortenWrites(1);
            AppendNumbered(log, 2, 6000);
            Assert.Equal(StorageRejection.WriteFailed, watch.WaitForFailure().Reason);
        }
        Assert.Equal(1, CountIntact(files, _ => 100));
    }

    [Fact]
    public void A_full_disk_refuses_appends_by_value_and_the_log_goes_on_once_there_is_room()
    {
        SimulatedFileLayer files = new();
        StorageFaults faults = new() { FreeBytes = 40 * 1024 };
        DurableWatch watch = new();
        long count = 0;
        using (SegmentLog log = Open(Options(new FaultyFileLayer(files, faults)), watch))
        {
            AppendResult result;
            while ((result = TryAppendNumbered(log, count + 1, 500)).IsAccepted) count++;
            Assert.Equal(StorageRejection.DiskFull, result.Rejection);
            watch.WaitFor(count);
            Assert.Equal(0, watch.Failures);
            faults.FreeBytes = 1024 * 1024;
            Eventually.True(() => TryAppendNumbered(log, count + 1, 500).IsAccepted, "room on the disk");
            count++;
            watch.WaitFor(count);
        }
        Assert.Equal(count, CountIntact(files, _ => 500));
    }

    [Fact]
    public void A_disk_too_full_for_the_first_segment_is_refused_by_name()
    {
        StorageFaults faults = new() { FreeBytes = 8 * 1024 };
        FaultyFileLayer files = new(new SimulatedFileLayer(), faults);
        Assert.Equal(StorageRejection.DiskFull, RefusedToOpen(Options(files)).Reason);
        faults.FreeBytes = 1024 * 1024;
        Open(Options(files), new DurableWatch()).Dispose();
    }

    [Fact]
    public void A_disk_that_is_full_in_truth_is_told_from_other_failures()
    {
        if (!File.Exists("/dev/full")) return;
        using IStorageFile file = DiskFileLayer.Instance.Open("/dev/full", FileOpening.Existing);
        StorageException refused = Assert.Throws<StorageException>(() => file.Write(new byte[10], 0));
        Assert.Equal(StorageRejection.DiskFull, refused.Reason);
    }

    [Fact]
    public void A_read_only_disk_is_refused_by_name_on_opening_and_on_writing()
    {
        SimulatedFileLayer files = Written(5, 100, closeInOrder: true);
        StorageFaults faults = new() { ReadOnly = true };
        FaultyFileLayer layer = new(files, faults);
        Assert.Equal(StorageRejection.ReadOnlyDisk, RefusedToOpen(Options(layer)).Reason);
        faults.ReadOnly = false;
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(layer), watch);
        faults.ReadOnly = true;
        AppendNumbered(log, 6, 100);
        Assert.Equal(StorageRejection.ReadOnlyDisk, watch.WaitForFailure().Reason);
    }

    [Fact]
    public void A_slow_disk_delays_and_loses_nothing()
    {
        StorageFaults faults = new() { SyncDelayMs = 5 };
        SimulatedFileLayer files = new();
        DurableWatch watch = new();
        using (SegmentLog log = Open(Options(new FaultyFileLayer(files, faults)), watch))
        {
            for (int i = 1; i <= 500; i++) AppendNumbered(log, i, 100);
            watch.WaitFor(500);
            Assert.InRange(log.SyncTimes.PercentileUs(500), 5000, 1_000_000);
        }
        Assert.Equal(500, CountIntact(files, _ => 100));
    }

    [Fact]
    public void A_crash_while_a_segment_is_started_leaves_a_log_that_opens()
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = new();
            DurableWatch watch = new();
            SegmentLog log = Open(Options(files), watch);
            int total = prng.Below(60);
            for (int i = 1; i <= total; i++) AppendNumbered(log, i, 900);
            SimulatedFileLayer after = files.Crash(prng);
            log.Abandon();
            Assert.InRange(CountIntact(after, _ => 900), watch.Durable, total);
        }
    }
}

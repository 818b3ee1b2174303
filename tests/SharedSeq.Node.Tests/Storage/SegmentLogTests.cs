using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class SegmentLogTests
{
    [Fact]
    public void What_was_appended_is_replayed_after_reopening_over_many_segments()
    {
        SimulatedFileLayer files = Written(count: 200, size: 500, closeInOrder: true);
        Assert.True(files.Names(Folder).Count(name => SegmentStore.TryParseName(name, out _)) > 5);
        Assert.Equal(200, CountIntact(files, _ => 500));
        using SegmentLog log = Open(Options(files), new DurableWatch());
        Assert.False(log.Opening.IsNew);
        Assert.True(log.Opening.ClosedInOrder);
        Assert.Equal(0, log.Opening.TornBytes);
    }

    [Fact]
    public void A_record_can_be_read_before_and_after_it_reached_its_file()
    {
        SimulatedFileLayer simulated = new();
        StorageFaults faults = new();
        using ManualResetEventSlim mayGoOn = new();
        using ManualResetEventSlim isHeld = new();
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new FaultyFileLayer(simulated, faults)), watch);
        faults.BeforeSync = path =>
        {
            if (!SegmentStore.TryParseName(Path.GetFileName(path), out _)) return;
            isHeld.Set();
            Assert.True(mayGoOn.Wait(TimeSpan.FromSeconds(30)), "missing: leave to sync");
        };
        AppendResult first = AppendNumbered(log, 1, 100);
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: a sync of the first record");
        AppendResult second = AppendNumbered(log, 2, 200);
        Assert.Equal(0, watch.Durable);
        Assert.Equal(Body(1, 100), ReadBody(log, first));
        Assert.Equal(Body(2, 200), ReadBody(log, second));
        mayGoOn.Set();
        watch.WaitFor(2);
        Assert.Equal(Body(1, 100), ReadBody(log, first));
        Assert.Equal(Body(2, 200), ReadBody(log, second));
    }

    [Fact]
    public void Records_wait_for_a_flush_and_share_its_sync()
    {
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new SimulatedFileLayer()) with { LingerMs = 600_000 }, watch);
        AppendNumbered(log, 1, 100);
        AppendNumbered(log, 2, 200);
        Assert.Equal(0, watch.Durable);
        log.Flush();
        watch.WaitFor(2);
        Assert.Equal(1, log.SyncTimes.Count);
    }

    [Fact]
    public void A_record_that_nobody_flushes_becomes_durable_by_itself()
    {
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new SimulatedFileLayer()), watch);
        AppendNumbered(log, 1, 100);
        watch.WaitFor(1);
    }

    [Fact]
    public void Appends_that_arrive_during_a_sync_share_the_next_one()
    {
        SimulatedFileLayer simulated = new();
        StorageFaults faults = new();
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new FaultyFileLayer(simulated, faults), 256 * 1024), watch);
        using ManualResetEventSlim mayGoOn = new();
        using ManualResetEventSlim isHeld = new();
        int syncs = 0;
        faults.BeforeSync = path =>
        {
            if (!SegmentStore.TryParseName(Path.GetFileName(path), out _)) return;
            Interlocked.Increment(ref syncs);
            isHeld.Set();
            Assert.True(mayGoOn.Wait(TimeSpan.FromSeconds(30)), "missing: leave to sync");
        };
        AppendNumbered(log, 1, 100);
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: a sync of the first record");
        for (int i = 2; i <= 100; i++) AppendNumbered(log, i, 100);
        mayGoOn.Set();
        watch.WaitFor(100);
        Assert.Equal(2, syncs);
    }

    [Fact]
    public void Retired_segments_are_recycled_and_their_old_records_never_come_back()
    {
        SimulatedFileLayer files = new();
        List<byte[]> appended = [];
        int keptAtLeast = 0;
        for (int round = 0; round < 12; round++)
        {
            DurableWatch watch = new();
            using SegmentLog log = Open(Options(files), watch);
            List<byte[]> found = [.. log.Replay(1).Select(record => record.Body.ToArray())];
            Assert.InRange(found.Count, keptAtLeast, appended.Count);
            Assert.Equal(appended[^found.Count..], found);
            List<AppendResult> results = [];
            for (int i = 0; i < 40; i++)
            {
                results.Add(AppendNumbered(log, appended.Count, 300 + round * 8));
                appended.Add(Body(appended.Count, 300 + round * 8));
            }
            AppendResult last = results[^1];
            watch.WaitFor(last.Position);
            log.RetireBelow(last.Location.Segment, last.Position);
            Assert.Equal(last.Location.Segment, log.OldestSegment);
            Assert.False(log.TryRead(new RecordLocation(last.Location.Segment - 1, 4096, 300), out _));
            keptAtLeast = results.Count(result => result.Location.Segment == last.Location.Segment);
        }
        Assert.True(files.Names(Folder).Count < 12, "segments are reused, not added");
    }

    [Fact]
    public void A_record_above_the_limit_is_refused_and_the_log_goes_on()
    {
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new SimulatedFileLayer()), watch);
        Assert.Equal(StorageRejection.RecordTooLarge, log.Append(1, [], new byte[8 * 1024 + 1]).Rejection);
        Assert.True(log.Append(1, [], new byte[8 * 1024]).IsAccepted);
        watch.WaitFor(1);
    }

    [Fact]
    public void A_log_at_its_number_of_segments_refuses_until_it_is_pruned()
    {
        DurableWatch watch = new();
        using SegmentLog log = Open(Options(new SimulatedFileLayer()) with { SegmentsMax = 3 }, watch);
        AppendResult result = default;
        AppendResult next;
        while ((next = log.Append(1, [], Body(1, 1000))).IsAccepted) result = next;
        Assert.Equal(StorageRejection.LogFull, next.Rejection);
        Assert.Equal(3u, result.Location.Segment);
        watch.WaitFor(result.Position);
        log.RetireBelow(3, result.Position);
        Eventually.True(() => log.Append(1, [], Body(1, 1000)).IsAccepted, "room after pruning");
        Assert.Equal(0, watch.Failures);
    }

    [Fact]
    public void A_second_holder_of_one_folder_is_refused_and_told_who_has_it()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-storage-").FullName;
        try
        {
            SegmentLogOptions options = OnDisk(folder);
            using (Open(options, new DurableWatch()))
            {
                StorageException refused = RefusedToOpen(options);
                Assert.Equal(StorageRejection.FolderInUse, refused.Reason);
                Assert.Contains($"process {Environment.ProcessId};", refused.Message, StringComparison.Ordinal);
            }
            Open(options, new DurableWatch()).Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_log_on_a_real_disk_survives_reopening()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-storage-").FullName;
        try
        {
            SegmentLogOptions options = OnDisk(folder);
            for (int round = 0; round < 3; round++)
            {
                DurableWatch watch = new();
                using SegmentLog log = Open(options, watch);
                int count = 0;
                foreach (LogRecord record in log.Replay(1)) Assert.Equal(Body(++count, 1000), record.Body.ToArray());
                Assert.Equal(round * 100, count);
                AppendResult last = default;
                for (int i = 1; i <= 100; i++) last = AppendNumbered(log, count + i, 1000);
                watch.WaitFor(last.Position);
                if (round == 1) log.Abandon();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] ReadBody(SegmentLog log, AppendResult appended)
    {
        Assert.True(log.TryRead(appended.Location, out RecordLease lease));
        using (lease)
        {
            Assert.Equal(appended.Position, lease.Position);
            return lease.Body.ToArray();
        }
    }
}

using System.Buffers.Binary;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

public sealed class VoteLogTests
{
    private const string Guard = "/elsewhere/votes.guard";

    [Fact]
    public void Records_are_replayed_with_kind_slot_and_bytes()
    {
        SimulatedFileLayer files = new();
        using (VoteLog log = Open(files, out DurableWatch watch))
        {
            Assert.True(log.Opening.IsNew);
            Assert.Empty(log.Replay());
            log.Append(1, At(0, 1), [1, 2]);
            log.Append(7, VotePosition.None, []);
            watch.WaitFor(log.Append(2, At(1, 1), [3]).Position);
        }
        using VoteLog again = Open(files, out _);
        Assert.Equal(
            ["1 slot 1 of epoch 0 0102", "7 slot 0 of epoch 0 ", "2 slot 1 of epoch 1 03"],
            again.Replay().Select(r => $"{r.Kind} {r.Voted} {Convert.ToHexStringLower(r.Bytes.Span)}"));
        Assert.Equal(At(1, 1), again.HighestVoted);
        Assert.Equal(2ul, again.Incarnation);
    }

    [Fact]
    public void After_rotating_only_the_snapshot_and_what_followed_is_replayed()
    {
        SimulatedFileLayer files = new();
        using (VoteLog log = Open(files, out DurableWatch watch))
        {
            for (ulong slot = 1; slot <= 50; slot++) log.Append(1, At(0, slot), Number(slot));
            AppendResult rotated = log.Rotate([new(1, At(0, 49), Number(49)), new(1, At(0, 50), Number(50))]);
            Assert.True(rotated.IsAccepted);
            Assert.Equal(0, log.BytesSinceSnapshot);
            watch.WaitFor(log.Append(1, At(0, 51), Number(51)).Position);
            Eventually.True(() => log.SegmentCount == 1, "older segments recycled");
        }
        using VoteLog again = Open(files, out _);
        Assert.Equal([49ul, 50, 51], Numbers(again));
        Assert.Equal(At(0, 51), again.HighestVoted);
    }

    [Fact]
    public void A_snapshot_torn_in_any_pattern_leaves_the_old_content_or_the_new()
    {
        HashSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 120; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = new();
            StorageFaults faults = new();
            VoteLog log = Open(new FaultyFileLayer(files, faults), out DurableWatch watch, guard: null);
            for (ulong slot = 1; slot <= 10; slot++) watch.WaitFor(log.Append(1, At(0, slot), Number(slot)).Position);
            using SemaphoreSlim isHeld = new(0);
            using SemaphoreSlim mayGoOn = new(0);
            int syncs = 0;
            faults.BeforeSync = path =>
            {
                // The first sync of the new segment is its header's, the second its snapshot's.
                bool isNewSegment = path.EndsWith(SegmentStore.NameOf(2), StringComparison.Ordinal);
                if (!isNewSegment || ++syncs != 1 + (int)(seed % 2)) return;
                isHeld.Release();
                Assert.True(mayGoOn.Wait(TimeSpan.FromSeconds(30)), "missing: leave to sync");
            };
            List<VoteLogRecord> snapshot = [];
            for (ulong i = 100; i < 130; i++) snapshot.Add(new(2, At(0, 10), Number(i)));
            Assert.True(log.Rotate(snapshot).IsAccepted);
            Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: a sync of the snapshot");
            files = files.Crash(prng);
            mayGoOn.Release();
            log.Abandon();
            ulong[] old = [.. Enumerable.Range(1, 10).Select(i => (ulong)i)];
            ulong[] expected = ReopenTwice(files, old, [.. Enumerable.Range(100, 30).Select(i => (ulong)i)]);
            outcomes.Add(expected[0] == 1 ? "old" : "new");
        }
        Assert.Equal(["new", "old"], outcomes.Order());
    }

    [Fact]
    public void A_snapshot_that_does_not_fit_a_segment_is_refused_and_changes_nothing()
    {
        SimulatedFileLayer files = new();
        using (VoteLog log = Open(files, out DurableWatch watch))
        {
            watch.WaitFor(log.Append(1, At(0, 1), Number(1)).Position);
            VoteLogRecord large = new(1, default, new byte[1000]);
            Assert.Equal(StorageRejection.RecordTooLarge, log.Rotate([.. Enumerable.Repeat(large, 100)]).Rejection);
            watch.WaitFor(log.Append(1, At(0, 2), Number(2)).Position);
        }
        using VoteLog again = Open(files, out _);
        Assert.Equal([1ul, 2], Numbers(again));
    }

    [Fact]
    public void A_log_rolled_back_to_an_earlier_copy_is_refused()
    {
        SimulatedFileLayer files = new();
        VoteLog log = Open(files, out DurableWatch watch);
        watch.WaitFor(log.Append(1, At(0, 5), Number(5)).Position);
        Eventually.True(() => log.GuardedVote == At(0, 5), "guard at slot 5");
        SimulatedFileLayer backup = files.Copy();
        watch.WaitFor(log.Append(1, At(0, 6), Number(6)).Position);
        Eventually.True(() => log.GuardedVote == At(0, 6), "guard at slot 6");
        log.Abandon();
        CopyGuard(files.Kill(), backup);
        StorageException refused = Assert.Throws<StorageException>(() => Open(backup, out _));
        Assert.Equal(StorageRejection.GuardAhead, refused.Reason);
        Assert.Contains("slot 6 of epoch 0", refused.Message, StringComparison.Ordinal);
        Assert.Contains("new key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollback_behind_the_last_start_is_refused_even_without_a_vote_in_between()
    {
        SimulatedFileLayer files = Voted(5);
        SimulatedFileLayer backup = files.Copy();
        Open(files, out _).Dispose();
        CopyGuard(files, backup);
        Assert.Equal(StorageRejection.GuardAhead, Refused(backup));
    }

    [Fact]
    public void A_lost_log_is_refused_when_the_guard_knows_votes()
    {
        SimulatedFileLayer files = Voted(5);
        SimulatedFileLayer empty = new();
        CopyGuard(files, empty);
        Assert.Equal(StorageRejection.GuardAhead, Refused(empty));
    }

    [Fact]
    public void A_guard_of_another_log_a_missing_and_an_unreadable_guard_are_refused_by_name()
    {
        SimulatedFileLayer files = Voted(5);
        SimulatedFileLayer other = Voted(3);
        CopyGuard(other, files);
        Assert.Equal(StorageRejection.GuardForeign, Refused(files));
        SimulatedFileLayer missing = Voted(5);
        missing.Delete(Guard);
        Assert.Equal(StorageRejection.GuardMissing, Refused(missing));
        VoteLogOptions accepting = Options(missing, Guard) with { AcceptMissingGuard = true };
        VoteLog.Open(accepting, _ => { }, _ => { }).Dispose();
        Open(missing, out _).Dispose();
        SimulatedFileLayer damaged = Voted(5);
        FaultyFileLayer.FlipBit(damaged, Guard, 50, 1);
        FaultyFileLayer.FlipBit(damaged, Guard, 4096 + 50, 1);
        Assert.Equal(StorageRejection.GuardCorrupted, Refused(damaged));
    }

    [Fact]
    public void One_torn_copy_of_the_guard_leaves_the_other()
    {
        foreach (long copy in (long[])[0, 4096])
        {
            SimulatedFileLayer files = Voted(5);
            FaultyFileLayer.FlipBit(files, Guard, copy + 50, 1);
            Open(files, out _).Dispose();
        }
    }

    [Fact]
    public void No_crash_makes_the_guard_refuse_a_log_that_was_not_rolled_back()
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = new();
            ulong slot = 1;
            for (int life = 0; life < 6; life++)
            {
                DurableWatch watch = new();
                VoteLogOptions options = Options(files, Guard) with { GuardIntervalMs = prng.Below(2) };
                VoteLog log = VoteLog.Open(options, watch.OnDurable, watch.OnFailed);
                Assert.True(log.HighestVoted.Slot.Value < slot, $"seed {seed}");
                for (int i = prng.Below(30); i > 0; i--)
                {
                    AppendResult vote = log.Append(1, At(0, slot), Number(slot));
                    slot++;
                    if (prng.Chance(300)) watch.WaitFor(vote.Position);
                    if (prng.Chance(50)) Assert.True(log.Rotate([new(1, At(0, slot - 1), Number(slot))]).IsAccepted);
                }
                SimulatedFileLayer after = prng.Chance(500) ? files.Kill() : files.Crash(prng);
                log.Abandon();
                files = after;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_guard_that_can_not_be_written_ends_the_log_and_is_not_tried_again(bool isSync)
    {
        StorageFaults faults = new() { PathContains = Guard };
        DurableWatch watch = new();
        SimulatedFileLayer disk = new();
        using (VoteLog log = VoteLog.Open(Options(new FaultyFileLayer(disk, faults), Guard), watch.OnDurable, watch.OnFailed))
        {
            if (isSync) faults.FailSyncs(1);
            else faults.FailWrites(1);
            watch.WaitFor(log.Append(1, At(0, 1), Number(1)).Position);
            StorageException failure = watch.WaitForFailure();
            Assert.Equal(StorageRejection.GuardNotWritten, failure.Reason);

            // The disk would take it again, and still no vote can be cast.
            long durable = watch.Durable;
            Assert.Equal(StorageRejection.GuardNotWritten, Assert.Throws<StorageException>(() => log.Append(1, At(0, 2), Number(2))).Reason);
            Assert.Equal(StorageRejection.GuardNotWritten, Assert.Throws<StorageException>(() => log.Rotate([])).Reason);
            Assert.Equal((VotePosition.None, durable), (log.GuardedVote, watch.Durable));
        }

        Assert.Equal(1, watch.Failures);

        // A start on a guard that can be written goes on: the guard is behind, never ahead.
        using VoteLog again = Open(disk, out DurableWatch next);
        next.WaitFor(again.Append(1, At(0, 2), Number(2)).Position);
        Eventually.True(() => again.GuardedVote == At(0, 2), "guard at slot 2");
    }

    [Fact]
    public void A_guard_on_a_stuck_disk_does_not_hold_up_votes()
    {
        StorageFaults faults = new() { PathContains = Guard };
        DurableWatch watch = new();
        VoteLogOptions options = Options(new FaultyFileLayer(new SimulatedFileLayer(), faults), Guard);
        using VoteLog log = VoteLog.Open(options, watch.OnDurable, watch.OnFailed);
        using ManualResetEventSlim mayGoOn = new();
        faults.BeforeSync = _ => mayGoOn.Wait(TimeSpan.FromSeconds(30));
        for (ulong slot = 1; slot <= 100; slot++) watch.WaitFor(log.Append(1, At(0, slot), Number(slot)).Position);
        Assert.Equal(VotePosition.None, log.GuardedVote);
        mayGoOn.Set();
        Eventually.True(() => log.GuardedVote == At(0, 100), "guard at the last vote");
        // Closing writes the guard once more.
        faults.BeforeSync = null;
    }

    [Fact]
    public void The_guard_file_has_these_bytes()
    {
        SimulatedFileLayer files = new();
        using (VoteGuardFile guard = VoteGuardFile.Open("/g", files)) guard.Write(new(new(0x0102), 3, At(4, 5), 6, new(0x0708), 9));
        byte[] copy = new byte[96];
        using IStorageFile file = files.Open("/g", FileOpening.ReadOnly);
        file.Read(copy, 4096);
        Assert.Equal(
            "5353514755415244000200000000000000000000000000000000010200000000"
            + "0000000100000000000000030000000000000004000000000000000500000000"
            + "000000060000000000000000000000000000070800000000000000096595b353",
            Convert.ToHexStringLower(copy));
    }

    private static ulong[] ReopenTwice(SimulatedFileLayer files, ulong[] old, ulong[] fresh)
    {
        ulong[] expected = [];
        for (int round = 0; round < 3; round++)
        {
            using VoteLog log = Open(files, out DurableWatch watch, guard: null);
            ulong[] found = [.. Numbers(log)];
            if (round == 0) expected = found[0] == 1 ? old : fresh;
            Assert.Equal(expected, found);
            watch.WaitFor(log.Append(1, default, Number(1000)).Position);
            expected = [.. expected, 1000];
        }
        return expected;
    }

    private static SimulatedFileLayer Voted(ulong slot)
    {
        SimulatedFileLayer files = new();
        using VoteLog log = Open(files, out DurableWatch watch);
        watch.WaitFor(log.Append(1, At(0, slot), Number(slot)).Position);
        return files;
    }

    private static StorageRejection Refused(IFileLayer files) =>
        Assert.Throws<StorageException>(() => Open(files, out _)).Reason;

    private static VoteLog Open(IFileLayer files, out DurableWatch watch, string? guard = Guard)
    {
        watch = new DurableWatch();
        return VoteLog.Open(Options(files, guard), watch.OnDurable, watch.OnFailed);
    }

    private static VoteLogOptions Options(IFileLayer files, string? guard) => new()
    {
        Folder = "/store/votes",
        GuardPath = guard,
        GuardIntervalMs = 1,
        Files = files,
        SegmentBytes = 16 * 1024,
        LingerMs = 1,
    };

    private static VotePosition At(ulong epoch, ulong slot) => new(new(epoch), new(slot));

    private static byte[] Number(ulong value)
    {
        byte[] bytes = new byte[100];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    private static IEnumerable<ulong> Numbers(VoteLog log) =>
        log.Replay().Select(record => BinaryPrimitives.ReadUInt64BigEndian(record.Bytes.Span));

    private static void CopyGuard(IFileLayer from, IFileLayer to)
    {
        byte[] bytes = new byte[8192];
        using (IStorageFile source = from.Open(Guard, FileOpening.ReadOnly)) source.Read(bytes, 0);
        using IStorageFile target = to.Open(Guard, FileOpening.Create);
        target.Write(bytes, 0);
        target.Sync();
        to.SyncFolder("/elsewhere");
    }
}

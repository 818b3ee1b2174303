using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>A group written and not synced: of its sectors any may reach the disk, in any order.</summary>
public sealed class SegmentTornGroupTests
{
    /// <summary>With header and head exactly one sector: each record is torn or kept by itself.</summary>
    private const int Size = 512 - SegmentFormat.RecordHeaderBytes - 2;

    private const int Synced = 3;
    private const int Unsynced = 40;

    [Fact]
    public void A_group_torn_in_any_pattern_is_cut_back_to_its_intact_beginning()
    {
        SimulatedFileLayer written = WithUnsyncedGroup();
        bool someLost = false;
        bool someKept = false;
        for (ulong seed = 1; seed <= 200; seed++)
        {
            long count = CountIntact(written.Copy().Crash(new Prng(seed)), _ => Size);
            Assert.InRange(count, Synced, Synced + Unsynced);
            someLost |= count < Synced + Unsynced;
            someKept |= count > Synced;
        }
        Assert.True(someLost && someKept, "the seeds cover both cuts and survivals");
    }

    [Fact]
    public void Records_of_a_torn_group_never_come_back_after_others_were_written_in_their_place()
    {
        SimulatedFileLayer written = WithUnsyncedGroup();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = written.Copy().Crash(prng);
            for (int round = 0; round < 4; round++)
            {
                long before = CountIntact(files, _ => Size);
                files = AppendOneAndCrashBeforeItsSync(files, before + 1, prng);
                long after = CountIntact(files, _ => Size);
                long ghosts = after - before - 1;
                Assert.True(ghosts <= 0, $"seed {seed}, round {round}: {ghosts} lost records came back");
            }
        }
    }

    [Fact]
    public void What_a_log_showed_on_opening_survives_a_power_cut_right_afterwards()
    {
        SimulatedFileLayer written = WithUnsyncedGroup();
        for (ulong seed = 1; seed <= 50; seed++)
        {
            SimulatedFileLayer files = written.Copy();
            SegmentLog log = Open(Options(files), new DurableWatch());
            long shown = log.Opening.LastPosition;
            Assert.Equal(Synced + Unsynced, shown);
            SimulatedFileLayer after = files.Crash(new Prng(seed));
            log.Abandon();
            Assert.Equal(shown, CountIntact(after, _ => Size));
        }
    }

    private static SimulatedFileLayer AppendOneAndCrashBeforeItsSync(SimulatedFileLayer files, long number, Prng prng)
    {
        StorageFaults faults = new() { PathContains = SegmentStore.NameOf(1) };
        SegmentLog log = Open(Options(new FaultyFileLayer(files, faults), 64 * 1024), new DurableWatch());
        using SemaphoreSlim isHeld = new(0);
        using SemaphoreSlim mayGoOn = new(0);
        faults.BeforeSync = _ =>
        {
            isHeld.Release();
            Assert.True(mayGoOn.Wait(TimeSpan.FromSeconds(30)), "missing: leave to sync");
        };
        AppendNumbered(log, number, Size);
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: the sync of the record");
        SimulatedFileLayer after = files.Crash(prng);
        mayGoOn.Release();
        log.Abandon();
        return after;
    }

    /// <summary>A disk with some synced records and one group that is written and not synced.</summary>
    private static SimulatedFileLayer WithUnsyncedGroup()
    {
        SimulatedFileLayer files = new();
        StorageFaults faults = new() { PathContains = SegmentStore.NameOf(1) };
        DurableWatch watch = new();
        SegmentLog log = Open(Options(new FaultyFileLayer(files, faults), 64 * 1024), watch);
        for (int i = 1; i < Synced; i++)
        {
            AppendNumbered(log, i, Size);
            watch.WaitFor(i);
        }
        using SemaphoreSlim isHeld = new(0);
        using SemaphoreSlim mayGoOn = new(0);
        faults.BeforeSync = _ =>
        {
            isHeld.Release();
            Assert.True(mayGoOn.Wait(TimeSpan.FromSeconds(30)), "missing: leave to sync");
        };
        AppendNumbered(log, Synced, Size);
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: the sync of the last synced record");
        for (int i = 1; i <= Unsynced; i++) AppendNumbered(log, Synced + i, Size);
        mayGoOn.Release();
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "missing: the sync of the group");
        SimulatedFileLayer state = files.Kill();
        mayGoOn.Release();
        log.Abandon();
        Assert.Equal(Synced, watch.Durable);
        return state;
    }
}

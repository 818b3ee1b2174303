using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;
using static SharedSeq.Node.Tests.Storage.LedgerFixture;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>
/// Views on disks that lie once: they can be made again from the logs, so what does not check out is left aside or refused, and never believed.
/// </summary>
public sealed class LyingDiskViewProperties
{
    private const string Index = "/data/transactions";
    private const string Snapshots = "/data/snapshots";
    private const int PerHeight = 20_000;
    private static readonly DiskLie[] Lies = Enum.GetValues<DiskLie>();

    [Fact]
    public void A_snapshot_on_a_lying_disk_is_what_was_written_or_left_aside()
    {
        OrderingBench bench = new(null, Opaque(5));
        SortedSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 60; seed++)
        {
            Prng prng = new(seed);
            DiskLie lie = Lies[seed % (ulong)Lies.Length];
            SimulatedFileLayer disk = new();
            SimulatedFileLayer earlier = new();
            SnapshotFiles snapshots = new(Snapshots, disk);
            Dictionary<string, byte[]> written = [];
            if (lie is DiskLie.LostWrite or DiskLie.MisdirectedWrite) DiskLies.Divert(disk, Snapshots, lie, prng.Below(10), prng);
            for (int i = 0; i < 3; i++)
            {
                bench.Apply(1, Tx(5, StartSecond + 30, [(byte)seed, (byte)i]));
                earlier = disk.Durable();
                written[$"{bench.Machine.Height.Value:d20}.snapshot"] = bench.Machine.BeginSnapshot().ToArray();
                snapshots.Write(bench.Machine.BeginSnapshot(), _ => null);
            }

            if (lie is DiskLie.Unreadable or DiskLie.WrongBytes) DiskLies.Spoil(disk, DiskLies.PathsOf(disk, Snapshots), lie, prng);
            if (lie == DiskLie.RolledBack) disk.RollBack("/data", earlier);
            StoredSnapshot[] found = [.. new SnapshotFiles(Snapshots, disk.Crash(prng)).Read()];
            foreach (StoredSnapshot item in found) Assert.Equal(written[item.Name], CheckpointContent.Read(item.Content).State.ToArray());
            Assert.True(found.Length >= 1, $"seed {seed}, {lie}: one lie took both snapshots");
            outcomes.Add($"{lie} {found.Length}");
        }

        foreach (DiskLie lie in Lies.Where(lie => lie != DiskLie.RolledBack)) Assert.Contains($"{lie} 1", outcomes);
    }

    [Fact]
    public void A_transaction_tail_on_a_lying_disk_finds_all_up_to_its_height_and_the_rest_once_it_is_added_again()
    {
        SortedSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 100; seed++)
        {
            Prng prng = new(seed);
            DiskLie lie = Lies[seed % (ulong)Lies.Length];
            SimulatedFileLayer files = new();
            SimulatedFileLayer earlier = new();
            if (lie is DiskLie.LostWrite or DiskLie.MisdirectedWrite) DiskLies.Divert(files, Index, lie, prng.Below(20), prng);
            using (TransactionIndex index = new(Index, files))
            {
                files.SyncFolder(Index);
                for (ulong height = 1; height <= 30; height++)
                {
                    index.Add([HeightOf(height, 20)]);
                    if (prng.Chance(300)) index.Flush();
                    if (height == 20) earlier = files.Durable();
                }
                index.Flush();
            }
            if (lie is DiskLie.Unreadable or DiskLie.WrongBytes) DiskLies.Spoil(files, DiskLies.PathsOf(files, Index), lie, prng);
            if (lie == DiskLie.RolledBack) files.RollBack("/data", earlier);
            using TransactionIndex again = new(Index, prng.Chance(500) ? files.Kill() : files.Crash(prng));
            ulong there = again.IndexedHeight.Value;
            outcomes.Add($"{lie} {(there < 30 ? "shorter" : "whole")}");
            Assert.Equal(there * 21, (ulong)again.Count);
            again.Add(Heights(there + 1, 40, 20));
            for (ulong height = 1; height <= 40; height++) Assert.Equal([(new Height(height), 7)], again.Find(Id(height, 7)));
        }

        foreach (DiskLie lie in Lies) Assert.Contains($"{lie} shorter", outcomes);
    }

    [Fact]
    public void A_chunk_in_whose_place_an_older_one_lies_is_not_passed_over()
    {
        SimulatedFileLayer files = new();
        using (TransactionIndex index = new(Index, files))
            for (ulong height = 1; height <= 8; height++) index.Add([HeightOf(height, 20)]);
        using (IStorageFile tail = files.Open($"{Index}/tail", FileOpening.Existing))
        {
            byte[] chunk = new byte[tail.Length / 8];
            tail.Read(chunk, chunk.Length);
            tail.Write(chunk, 2 * chunk.Length);
        }
        using TransactionIndex again = new(Index, files);
        Assert.Equal(new Height(2), again.IndexedHeight);
        again.Add(Heights(3, 8, 20));
        for (ulong height = 1; height <= 8; height++) Assert.Equal([(new Height(height), 7)], again.Find(Id(height, 7)));
    }

    [Fact]
    public void A_run_on_a_lying_disk_finds_what_was_added_or_names_the_command_that_makes_it_again()
    {
        SimulatedFileLayer whole = new();
        using (TransactionIndex index = new(Index, whole))
            for (ulong height = 1; height <= 14; height++) index.Add([HeightOf(height, PerHeight)]);
        SortedSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 16; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = whole.Copy();
            // Where entries are, or in the header.
            files.Spoil($"{Index}/0000000001.run", seed % 4 == 0 ? 512 * prng.Below(16) : prng.Between(20_000, 4_000_000), isReadable: seed % 2 == 0);
            using TransactionIndex again = new(Index, files);
            string outcome = again.RunCount == 1 ? "whole" : "left aside";
            for (int place = 0; place < 1_000 && again.RunCount == 1; place++)
            {
                try
                {
                    Assert.Equal([(new Height(3), place)], again.Find(Id(3, place)));
                }
                catch (StorageException e)
                {
                    Assert.Equal(StorageRejection.Corrupted, e.Reason);
                    Assert.Contains("sharedseq store rebuild", e.Message, StringComparison.Ordinal);
                    outcome = "refused";
                }
            }

            if (again.RunCount == 0) Assert.Equal(Height.Zero, again.IndexedHeight);
            outcomes.Add(outcome);
        }

        Assert.Contains("refused", outcomes);
        Assert.Contains("left aside", outcomes);
    }
}

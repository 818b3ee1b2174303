using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Storage;

public sealed class SnapshotFilesTests
{
    private const string Folder = "/data/snapshots";

    private readonly OrderingBench _bench = new(null, Opaque(5));

    [Fact]
    public void A_written_snapshot_is_read_back_and_makes_the_same_machine()
    {
        var files = new SnapshotFiles(Folder, new SimulatedFileLayer());
        Take(100_000);
        files.Write(_bench.Machine.BeginSnapshot(), _ => null);

        StoredSnapshot read = Assert.Single(files.Read());
        OrderingMachine restored = CheckpointContent.Read(read.Content).Restore(_bench.Genesis, _bench.Scheme);
        for (int i = 0; i < read.Pieces.Count; i++) Assert.True(read.Pieces.Holds(i, files.ReadPiece(read.Height, read.Pieces, i)));
        Assert.Null(files.ReadPiece(read.Height.Next(), read.Pieces, 0));
        Assert.Equal((100_000U, _bench.Machine.StateRoot()), (restored.RememberedIds, restored.StateRoot()));
    }

    [Fact]
    public void What_a_power_cut_leaves_is_whole_or_not_there_and_the_older_ones_stay_until_two_newer_are_durable()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var disk = new SimulatedFileLayer();
            var files = new SnapshotFiles(Folder, disk);
            for (int i = 0; i < 4; i++)
            {
                Take(1_000);
                files.Write(_bench.Machine.BeginSnapshot(), _ => null);
            }

            byte[][] written = [.. files.Read().Select(snapshot => snapshot.Content.ToArray())];
            byte[][] found = [.. new SnapshotFiles(Folder, disk.Crash(new Prng(seed))).Read().Select(snapshot => snapshot.Content.ToArray())];
            Assert.Equal(2, written.Length);
            Assert.Equal(written, found.Take(2));
        }
    }

    [Fact]
    public void A_damaged_snapshot_is_left_aside_and_a_disk_that_does_not_take_one_keeps_the_one_before()
    {
        var disk = new SimulatedFileLayer();
        var faults = new StorageFaults();
        var files = new SnapshotFiles(Folder, new FaultyFileLayer(disk, faults));
        Take(1_000);
        files.Write(_bench.Machine.BeginSnapshot(), _ => null);
        byte[] first = files.Read().Single().Content.ToArray();
        Take(1_000);
        faults.FailSyncs(1);
        Assert.Throws<StorageException>(() => files.Write(_bench.Machine.BeginSnapshot(), _ => null));
        Assert.Equal(first, files.Read().Single().Content.ToArray());
        files.Write(_bench.Machine.BeginSnapshot(), _ => null);
        using (IStorageFile file = disk.Open($"{Folder}/{_bench.Machine.Height.Value:d20}.snapshot", FileOpening.Existing)) file.Write([0xFF], 100);
        var leftAside = new List<string>();
        Assert.Equal(first, files.Read((name, why) => leftAside.Add($"{name}: {why}")).Single().Content.ToArray());
        Assert.Equal([$"{_bench.Machine.Height.Value:d20}.snapshot: its hash is another than that of its content"], leftAside);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_write_that_fails_leaves_nothing_and_what_a_crash_left_is_removed_at_start(bool isRemovalRefused)
    {
        var disk = new SimulatedFileLayer();
        var faults = new StorageFaults();
        var files = new SnapshotFiles(Folder, new FaultyFileLayer(disk, faults));
        Take(1_000);
        files.Write(_bench.Machine.BeginSnapshot(), _ => null);
        IReadOnlyList<string> whole = disk.Names(Folder);
        Take(1_000);
        faults.FailSyncs(1);
        if (isRemovalRefused) faults.BeforeSync = _ => faults.ReadOnly = true;
        StorageException e = Assert.Throws<StorageException>(() => files.Write(_bench.Machine.BeginSnapshot(), _ => null));
        Assert.Equal(StorageRejection.SyncFailed, e.Reason);
        Assert.Equal(isRemovalRefused ? 2 : 1, disk.Names(Folder).Count);
        faults.ReadOnly = false;
        files.RemoveLeftovers();
        Assert.Equal(whole, disk.Names(Folder));
    }

    [Fact]
    public void Files_of_other_names_are_neither_read_nor_counted_nor_removed()
    {
        string[] foreign = ["mine.snapshot", "mine.snapshot.part", "zzzzzzzzzzzzzzzzzzzz.snapshot", "99999999999999999999.snapshot", ".snapshot"];
        var disk = new SimulatedFileLayer();
        disk.CreateFolder(Folder);
        foreach (string name in foreign) disk.Open($"{Folder}/{name}", FileOpening.Create).Dispose();
        var files = new SnapshotFiles(Folder, disk);
        Assert.Equal(Height.Zero, files.OldestKept);
        for (int i = 0; i < 3; i++)
        {
            Take(1_000);
            files.Write(_bench.Machine.BeginSnapshot(), _ => null);
        }

        Assert.Equal(_bench.Machine.Height.Previous(), files.OldestKept);
        Assert.Equal(2, files.Read().Count());
        files.RemoveLeftovers();
        files.Clear();
        Assert.Equal(foreign.Order(StringComparer.Ordinal), disk.Names(Folder));
    }

    private void Take(int count)
    {
        byte[] height = BitConverter.GetBytes(_bench.Machine.Height.Value);
        IEnumerable<TestTransaction> transactions =
            Enumerable.Range(0, count).Select(i => Tx(5, StartSecond + 30, [.. BitConverter.GetBytes(i), .. height]));
        foreach (TestTransaction[] some in transactions.Chunk(10_000)) _bench.Apply(1, some);
    }
}

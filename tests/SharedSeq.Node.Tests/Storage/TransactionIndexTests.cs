using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.LedgerFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class TransactionIndexTests
{
    private const string Folder = "/index";
    private const int PerHeight = 20_000;

    [Fact]
    public void Every_transaction_is_found_over_runs_and_tail_before_and_after_reopening()
    {
        SimulatedFileLayer files = new();
        using (TransactionIndex index = new(Folder, files))
        {
            for (ulong height = 1; height <= 40; height += 2) index.Add(Heights(height, height + 1, PerHeight));
            Check(index);
        }
        using TransactionIndex again = new(Folder, files);
        Check(again);

        static void Check(TransactionIndex index)
        {
            Assert.Equal(40 * (PerHeight + 1), index.Count);
            Assert.Equal(new Height(40), index.IndexedHeight);
            Assert.Equal(2, index.RunCount);
            Prng prng = new(5);
            for (int i = 0; i < 1000; i++)
            {
                ulong height = (ulong)prng.Between(1, 40);
                int place = prng.Below(PerHeight);
                Assert.Equal([(new Height(height), place)], index.Find(Id(height, place)));
            }
            Assert.Equal([(new Height(9), 0)], index.Find(Id(9, 100_000)));
            Assert.Empty(index.Find(Id(41, 0)));
        }
    }

    [Fact]
    public void A_transaction_placed_twice_is_found_at_both_places_newest_first()
    {
        using TransactionIndex index = new(Folder, new SimulatedFileLayer());
        index.Add([HeightOf(1), HeightOf(2) with { Ids = new[] { Id(1, 1).Prefix } }]);
        Assert.Equal([(new Height(2), 0), (new Height(1), 1)], index.Find(Id(1, 1)));
    }

    [Fact]
    public void A_killed_process_finds_everything_again_and_a_power_cut_costs_only_the_end()
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            Prng prng = new(seed);
            SimulatedFileLayer files = new();
            using (TransactionIndex index = new(Folder, files))
            {
                for (ulong height = 1; height <= 30; height++)
                {
                    index.Add([HeightOf(height, 50)]);
                    if (height == 10) index.Flush();
                }
                files.SyncFolder(Folder);
            }
            SimulatedFileLayer cut = files.Crash(prng);
            using (TransactionIndex killed = new(Folder, files.Copy()))
                Assert.Equal(new Height(30), killed.IndexedHeight);
            using TransactionIndex again = new(Folder, cut);
            ulong there = again.IndexedHeight.Value;
            Assert.InRange(there, 10UL, 30UL);
            Assert.Equal(there * 51, (ulong)again.Count);
            again.Add(Heights(there + 1, 40, 50));
            for (ulong height = 1; height <= 40; height++)
                Assert.Equal([(new Height(height), 7)], again.Find(Id(height, 7)));
        }
    }

    [Fact]
    public void A_run_that_is_not_whole_is_added_again_with_all_that_follows()
    {
        SimulatedFileLayer files = new();
        using (TransactionIndex index = new(Folder, files))
            for (ulong height = 1; height <= 40; height++) index.Add([HeightOf(height, PerHeight)]);
        FaultyFileLayer.FlipBit(files, RunPath(2), 40, 1);
        using TransactionIndex again = new(Folder, files);
        Assert.Equal(1, again.RunCount);
        Assert.Equal(new Height(14), again.IndexedHeight);
        for (ulong height = 1; height <= 40; height++) again.Add([HeightOf(height, PerHeight)]);
        Assert.Equal(40 * (PerHeight + 1), again.Count);
        Assert.Equal([(new Height(33), 3)], again.Find(Id(33, 3)));
    }

    [Fact]
    public void A_damaged_bucket_is_refused_when_it_is_read()
    {
        SimulatedFileLayer files = new();
        using TransactionIndex index = new(Folder, files);
        for (ulong height = 1; height <= 14; height++) index.Add([HeightOf(height, PerHeight)]);
        for (long offset = 16 * 1024; offset < 4_000_000; offset += 2_000)
            FaultyFileLayer.FlipBit(files, RunPath(1), offset, 1);
        StorageException refused = Assert.Throws<StorageException>(() => index.Find(Id(3, 3)));
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
        Assert.Contains("store rebuild", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pruning_removes_whole_runs_only()
    {
        SimulatedFileLayer files = new();
        using TransactionIndex index = new(Folder, files);
        for (ulong height = 1; height <= 40; height++) index.Add([HeightOf(height, PerHeight)]);
        index.Prune(new(20));
        Assert.Equal(1, index.RunCount);
        Assert.Empty(index.Find(Id(14, 3)));
        Assert.Equal([(new Height(15), 3)], index.Find(Id(15, 3)));
        Assert.Equal([(new Height(40), 3)], index.Find(Id(40, 3)));
    }

    private static string RunPath(int number) => Path.Combine(Folder, $"{number:D10}.run");
}

using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.LedgerFixture;

namespace SharedSeq.Node.Tests.Storage;

public sealed class LedgerTests : IDisposable
{
    private static readonly LaneId Lane = new(Epoch.Zero, new(1), 0);
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_applied_is_found_again_after_a_restart()
    {
        using (Ledger ledger = new(_folder))
        {
            ledger.Apply([HeightOf(1), HeightOf(2)]);
            ledger.Apply([HeightOf(3)]);
        }
        using Ledger again = new(_folder);
        Assert.Equal(new Height(3), again.AppliedHeight);
        Assert.Equal(new Height(3), again.IndexedHeight);
        Assert.Equal(3UL, again.HeadOf(Namespace));
        Assert.Equal(0UL, again.HeadOf(new(8)));
        Assert.Equal([new LedgerHead(Namespace, 3)], again.Heads());
        Assert.Equal([2], again.GetBlock(Namespace, 2)!.Block.ToArray());
        Assert.Empty(again.GetBlock(Namespace, 2)!.Content.ToArray());
        Assert.Null(again.GetBlock(Namespace, 4));
        Assert.Equal([2UL, 3], again.GetBlocks(Namespace, 2, 10).Select(block => block.Number));
        Assert.Equal([1UL], again.GetBlocks(Namespace, 0, 1).Select(block => block.Number));
        Assert.Equal([1, 2], again.GetResult(new(2))!);
        Assert.Equal([2, 2], again.GetGrowth(new(2))!);
        Assert.Null(again.GetHeads(new(2)));
        Assert.Null(again.GetResult(new(4)));
        Assert.Equal([(new Height(2), 1)], again.FindTransaction(Id(2, 1)));
        Assert.Equal([(new Height(1), 0)], again.FindTransaction(Id(1, 100_000)));
        Assert.Empty(again.FindTransaction(Id(4, 0)));
        Assert.Equal(3, again.GetRejection(Id(3, 300_000))!.Value.Reason);
        Assert.Null(again.GetRejection(Id(2, 300_000)));
    }

    [Fact]
    public void What_hands_over_from_epoch_to_epoch_stays_whatever_is_pruned()
    {
        using (Ledger ledger = new(_folder))
        {
            for (ulong number = 1; number <= 40; number++)
            {
                LedgerHeight height = HeightOf(number);
                bool isBoundary = number % 10 == 0;
                if (isBoundary) height = height with { Boundary = new LedgerBoundary(new Epoch((number / 10) - 1), new byte[] { 10, (byte)number }) };

                // The last boundary is not certified yet.
                ledger.Apply([height], number == 40 ? [] : [new(new(number), new byte[] { 8, (byte)number })], []);
            }

            ledger.Prune(new(38), []);
            Assert.Equal([8, 38], ledger.GetCertificateAtOrAbove(new(31))!);
        }

        using Ledger again = new(_folder);
        Assert.Equal(["0: 0A-0A 08-0A", "1: 0A-14 08-14", "2: 0A-1E 08-1E"], Show(again.HandOvers(Epoch.Zero, 10)));
        Assert.Equal(["1: 0A-14 08-14"], Show(again.HandOvers(new Epoch(1), 1)));
        Assert.Empty(again.HandOvers(new Epoch(3), 10));

        static IEnumerable<string> Show(IEnumerable<(Epoch Ended, byte[] Next, byte[] Certificate)> items) =>
            items.Select(item => $"{item.Ended}: {BitConverter.ToString(item.Next)} {BitConverter.ToString(item.Certificate)}");
    }

    [Fact]
    public void What_others_signed_and_what_happened_is_kept()
    {
        using (Ledger ledger = new(_folder))
        {
            ledger.Apply([], [new(new(2), new byte[] { 9 })], []);
            ledger.Apply([], [new(new(5), new byte[] { 8 })], []);
            ledger.PutExecution(new(Namespace, 2, new byte[] { 5 }, IsCertified: true));
            ledger.Apply([], [], [new(Lane, new(4), new byte[] { 4 }), new(Lane, new(5), new byte[] { 5 })]);
            ledger.PutEvidence(new(Id(1, 1), new byte[] { 6 }, Height.Zero));
        }
        using Ledger again = new(_folder);
        Assert.Equal([9], again.GetCertificateAtOrAbove(new(1))!);
        Assert.Equal([8], again.GetCertificateAtOrAbove(new(3))!);
        Assert.Null(again.GetCertificateAtOrAbove(new(6)));
        Assert.Equal([8], again.NewestCertificate()!);
        Assert.True(again.GetExecution(Namespace, 2)!.IsCertified);
        Assert.Equal([5], again.GetReceiptAtOrAbove(Lane, new(5))!);
        Assert.Equal([4], again.GetReceiptAtOrAbove(Lane, new(2))!);
        Assert.Null(again.GetReceiptAtOrAbove(Lane, new(6)));
        Assert.Equal([6], Assert.Single(again.Evidence()).Bytes.ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Evidence_is_as_the_first_block_with_it_has_it_whichever_was_seen_first(bool isNotedFirst)
    {
        using Ledger ledger = new(_folder);
        LedgerEvidence noted = new(Id(7, 400_000), new byte[] { 1 }, Height.Zero);
        LedgerEvidence waiting = new(Id(9, 9), new byte[] { 2 }, Height.Zero);
        if (isNotedFirst) ledger.PutEvidence(noted);
        ledger.Apply(Heights(1, 10));
        ledger.PutEvidence(noted);
        ledger.PutEvidence(waiting);
        ledger.PutEvidence(noted with { Bytes = new byte[] { 3 }, Height = new(8) });
        Assert.Equal([new Height(7), Height.Zero], ledger.Evidence().Select(item => item.Height));
        Assert.Equal([7, 7], ledger.GetEvidence(noted.Id)!.Bytes.ToArray());
        Assert.Equal([2], ledger.GetEvidence(waiting.Id)!.Bytes.ToArray());
        Assert.Null(ledger.GetEvidence(Id(9, 10)));
    }

    [Fact]
    public void Evidence_is_read_page_by_page_in_the_order_of_all_of_it()
    {
        using Ledger ledger = new(_folder);
        Assert.Empty(ledger.Evidence(null, 10));
        ledger.Apply(Heights(1, 30));
        for (int i = 0; i < 5; i++) ledger.PutEvidence(new(Id(99, i), new byte[] { (byte)i }, Height.Zero));

        // Two of one height, so that a page may end between them.
        ledger.PutEvidence(new(Id(98, 1), new byte[] { 1 }, new Height(14)));
        List<Hash32> all = [.. ledger.Evidence().Select(item => item.Id)];
        Assert.Equal(10, all.Count);
        for (int size = 1; size <= 11; size++)
        {
            List<Hash32> paged = [];
            LedgerEvidence? last = null;
            while (ledger.Evidence(last, size) is { Count: > 0 } page)
            {
                Assert.InRange(page.Count, 1, size);
                paged.AddRange(page.Select(item => item.Id));
                last = page[^1];
            }

            Assert.Equal(all, paged);
        }
    }

    [Fact]
    public void A_ledger_of_the_first_schema_keeps_its_evidence()
    {
        using (Ledger ledger = new(_folder)) ledger.Apply(Heights(1, 3));
        using (SqlSession old = new(Path.Combine(_folder, "ledger.db"), isReadOnly: false))
        {
            old.Execute("DROP TABLE evidence");
            old.Execute("CREATE TABLE evidence(id BLOB PRIMARY KEY, evidence BLOB NOT NULL) WITHOUT ROWID");
            old.Statement("INSERT INTO evidence(id, evidence) VALUES (?, ?)").Bind(Id(1, 1)).Bind([4]).Run();
            old.Execute("PRAGMA user_version = 1");
        }
        using Ledger again = new(_folder);
        Assert.Equal((Height.Zero, 4), (Assert.Single(again.Evidence()).Height, again.Evidence()[0].Bytes.Span[0]));
    }

    [Fact]
    public void Heights_applied_twice_change_nothing()
    {
        using Ledger ledger = new(_folder);
        ledger.Apply(Heights(1, 20));
        Hash32 before = ledger.ContentDigest();
        ledger.Apply(Heights(1, 20));
        Assert.Equal(before, ledger.ContentDigest());
        Assert.Single(ledger.FindTransaction(Id(1, 0)));
    }

    [Fact]
    public void A_rebuilt_ledger_equals_the_original_however_its_heights_were_grouped()
    {
        using Ledger original = new(Path.Combine(_folder, "original"));
        using Ledger rebuilt = new(Path.Combine(_folder, "rebuilt"));
        for (ulong number = 1; number <= 50; number++) original.Apply([HeightOf(number)]);
        rebuilt.Apply(Heights(1, 30));
        Assert.NotEqual(original.ContentDigest(), rebuilt.ContentDigest());
        Assert.StartsWith("heights: 31 ", original.FirstDifference(rebuilt), StringComparison.Ordinal);
        rebuilt.Apply(Heights(31, 50));
        Assert.Null(original.FirstDifference(rebuilt));
        Assert.Equal(original.ContentDigest(), rebuilt.ContentDigest());
        original.Apply([], [new(new(2), new byte[] { 9 })], []);
        Assert.StartsWith("certificates: 2 09 here, no row there", original.FirstDifference(rebuilt), StringComparison.Ordinal);
        Assert.NotEqual(original.ContentDigest(), rebuilt.ContentDigest());
    }

    [Fact]
    public void Pruned_heights_are_gone_and_the_rest_stays()
    {
        using Ledger ledger = new(_folder);
        ledger.Apply(Heights(1, 20));
        ledger.PutExecution(new(Namespace, 5, new byte[] { 5 }, IsCertified: true));
        ledger.PutExecution(new(Namespace, 15, new byte[] { 5 }, IsCertified: true));
        ledger.Apply([], [], [new(Lane, new(4), new byte[] { 4 }), new(Lane, new(5), new byte[] { 5 })]);
        ledger.Prune(new(10), [new(Lane, new(5))]);
        Assert.Null(ledger.GetResult(new(9)));
        Assert.NotNull(ledger.GetResult(new(10)));
        Assert.Equal(10UL, ledger.GetBlocks(Namespace, 0, 1)[0].Number);
        Assert.Null(ledger.GetExecution(Namespace, 5));
        Assert.NotNull(ledger.GetExecution(Namespace, 15));
        Assert.Null(ledger.GetRejection(Id(9, 300_000)));
        Assert.NotNull(ledger.GetRejection(Id(12, 300_000)));
        Assert.Equal([5], ledger.GetReceiptAtOrAbove(Lane, new(4))!);
    }

    [Fact]
    public void Pruning_goes_on_where_it_stopped_and_leaves_each_namespace_its_newest_block()
    {
        using Ledger ledger = new(_folder);
        ledger.Apply(Heights(1, 20));
        Assert.False(ledger.Prune(new(30), [], heightsMax: 8));
        Assert.Null(ledger.GetResult(new(8)));
        Assert.NotNull(ledger.GetResult(new(9)));
        Assert.False(ledger.Prune(new(30), [], heightsMax: 8));
        Assert.True(ledger.Prune(new(30), [], heightsMax: 100));
        Assert.Null(ledger.GetResult(new(20)));
        Assert.Equal(20UL, ledger.HeadOf(Namespace));
    }

    [Fact]
    public async Task Queries_run_beside_the_writer_and_see_whole_commits()
    {
        using Ledger ledger = new(_folder);
        using CancellationTokenSource done = new();
        Task reading = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                ulong head = ledger.HeadOf(Namespace);
                if (head > 0) Assert.NotNull(ledger.GetResult(new(head)));
                Assert.True(head % 10 == 0, $"head {head} is inside a commit");
            }
        });
        for (ulong from = 1; from <= 500; from += 10) ledger.Apply(Heights(from, from + 9));
        await done.CancelAsync();
        await reading.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_damaged_ledger_is_refused_with_the_way_out()
    {
        File.WriteAllBytes(Path.Combine(_folder, "ledger.db"), [.. Enumerable.Repeat((byte)'x', 8192)]);
        StorageException refused = Assert.Throws<StorageException>(() => new Ledger(_folder));
        Assert.Equal(StorageRejection.Corrupted, refused.Reason);
        Assert.Contains("store rebuild", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ledger_of_a_newer_schema_is_refused_by_name()
    {
        new Ledger(_folder).Dispose();
        using (SqlSession session = new(Path.Combine(_folder, "ledger.db"), isReadOnly: false))
            session.Execute("PRAGMA user_version = 99");
        StorageException refused = Assert.Throws<StorageException>(() => new Ledger(_folder));
        Assert.Equal(StorageRejection.NewerFormat, refused.Reason);
    }

    [Fact]
    public void A_second_process_on_one_ledger_is_refused()
    {
        using Ledger ledger = new(_folder);
        Assert.Equal(StorageRejection.FolderInUse, Assert.Throws<StorageException>(() => new Ledger(_folder)).Reason);
    }

    [Fact]
    public void A_full_disk_is_refused_by_name_and_the_ledger_goes_on_once_there_is_room()
    {
        string path = Path.Combine(_folder, "full.db");
        using SqlSession session = new(path, isReadOnly: false);
        session.Execute("CREATE TABLE t(x)");
        session.Statement("PRAGMA max_page_count = 10").Number();
        StorageException refused = Assert.Throws<StorageException>(
            () => session.Statement("INSERT INTO t VALUES (?)").Bind(new byte[100_000]).Run());
        Assert.Equal(StorageRejection.DiskFull, refused.Reason);
        session.Statement("PRAGMA max_page_count = 1000").Number();
        session.Statement("INSERT INTO t VALUES (?)").Bind(new byte[100_000]).Run();
    }

    [Fact]
    public void Writing_through_a_read_only_connection_is_refused_by_name()
    {
        new Ledger(_folder).Dispose();
        using SqlSession session = new(Path.Combine(_folder, "ledger.db"), isReadOnly: true);
        StorageException refused = Assert.Throws<StorageException>(
            () => session.Statement("INSERT INTO evidence VALUES (x'01', x'00', 0)").Run());
        Assert.Equal(StorageRejection.ReadOnlyDisk, refused.Reason);
    }

    [Fact]
    public void The_height_from_which_a_restart_applies_is_the_lower_of_tables_and_index()
    {
        using (Ledger ledger = new(_folder)) ledger.Apply(Heights(1, 20));
        // What a power cut leaves when the index lost more than the tables.
        File.Delete(Path.Combine(_folder, "transactions", "tail"));
        using Ledger again = new(_folder);
        Assert.Equal(new Height(20), again.AppliedHeight);
        Assert.Equal(Height.Zero, again.CompleteHeight);
        again.Apply(Heights(1, 25));
        Assert.Equal(new Height(25), again.CompleteHeight);
        Assert.Equal([(new Height(3), 1)], again.FindTransaction(Id(3, 1)));
    }
}

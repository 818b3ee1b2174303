using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

public sealed class LedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_applied_is_found_again_after_a_restart()
    {
        using (var ledger = new Ledger(_folder))
        {
            ledger.Apply([HeightOf(1), HeightOf(2)]);
            ledger.PutCertificate(new Height(2), [9]);
            ledger.PutExecution(new LedgerExecution(new NamespaceId(7), 2, new byte[] { 5 }, IsCertified: true));
        }

        using var again = new Ledger(_folder);
        Assert.Equal(new Height(2), again.AppliedHeight);
        Assert.Equal(new Height(2), again.IndexedHeight);
        Assert.Equal(2UL, again.HeadOf(new NamespaceId(7)));
        Assert.Equal([2], again.GetBlock(new NamespaceId(7), 2)!.Block.ToArray());
        Assert.Null(again.GetBlock(new NamespaceId(7), 3));
        Assert.Equal([9], again.GetCertificateAtOrAbove(new Height(1))!);
        Assert.Null(again.GetCertificateAtOrAbove(new Height(3)));
        Assert.Equal([(new Height(2), 1)], again.FindTransaction(Id(2, 1)));
        Assert.Empty(again.FindTransaction(Id(3, 0)));
        Assert.Equal(Id(1, 0), again.ResolveAlias(Id(1, 100)));
        Assert.Equal(3, again.GetRejection(Id(2, 50))!.Value.Reason);
        Assert.True(again.GetExecution(new NamespaceId(7), 2)!.IsCertified);
    }

    [Fact]
    public void Heights_applied_twice_change_nothing()
    {
        using var ledger = new Ledger(_folder);
        ledger.Apply([HeightOf(1), HeightOf(2)]);
        Hash32 before = ledger.ContentDigest();
        ledger.Apply([HeightOf(1), HeightOf(2)]);
        Assert.Equal(before, ledger.ContentDigest());
        Assert.Single(ledger.FindTransaction(Id(1, 0)));
    }

    [Fact]
    public void A_damaged_ledger_is_refused_with_the_way_out()
    {
        File.WriteAllBytes(Path.Combine(_folder, "ledger.db"), [.. Enumerable.Repeat((byte)'x', 8192)]);
        StorageException e = Assert.Throws<StorageException>(() => new Ledger(_folder));
        Assert.Equal(StorageRejection.Corrupted, e.Reason);
        Assert.Contains("store rebuild", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_index_finds_every_transaction_over_many_runs_and_flushes()
    {
        string folder = Path.Combine(_folder, "index");
        const int perHeight = 20_000;
        using (var index = new TransactionIndex(folder))
        {
            for (ulong height = 1; height <= 40; height++)
            {
                index.Add(new Height(height), [.. Enumerable.Range(0, perHeight).Select(i => Id(height, i))]);
                if (height % 7 == 0) index.Flush();
            }
        }

        using var again = new TransactionIndex(folder);
        Assert.Equal(40 * perHeight, again.Count);
        Assert.Equal(new Height(40), again.IndexedHeight);
        var random = new Prng(5);
        for (int i = 0; i < 500; i++)
        {
            ulong height = (ulong)random.Between(1, 40);
            int place = random.Below(perHeight);
            Assert.Contains((new Height(height), place), again.Find(Id(height, place)));
        }
    }

    private static LedgerHeight HeightOf(ulong number)
    {
        var height = new Height(number);
        return new LedgerHeight(
            height, new byte[] { 1 }, new byte[] { 2 }, default, [Id(number, 0), Id(number, 1)], [(Id(number, 100), Id(number, 0))],
            [new LedgerBlock(new NamespaceId(7), number, height, Id(number, 200), new[] { (byte)number }, new byte[] { 3 })],
            [new LedgerRejection(Id(number, 50), new NamespaceId(7), height, 3)]);
    }

    private static Hash32 Id(ulong height, int place)
    {
        byte[] bytes = new byte[12];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, height);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), place);
        return Sha.Of(bytes);
    }
}

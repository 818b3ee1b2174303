using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Node.Tests.Storage;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Serving;

public sealed class LedgerFreshnessTests : IDisposable
{
    private const long DeadlineMs = 20_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Whoever_asks_while_a_height_is_being_written_sees_it()
    {
        var bench = new OrderingBench(null, OrderingBench.Opaque(5));
        await using var ledger = new NodeLedger(_folder, bench.Genesis, new BatchStore(_ => null), NullLogger.Instance, e => throw e);
        using var other = new SqlSession(Path.Combine(NodeLedger.FolderOf(_folder), "ledger.db"), isReadOnly: false);
        other.Execute("BEGIN IMMEDIATE");
        ledger.Start();
        CommittedBlock block = bench.Height(OrderingBench.Start + 1_000, []);
        await ledger.OnOrderedAsync(new OrderedHeight(block, bench.Machine.Apply(block, bench)), CancellationToken.None);
        Until(() => ledger.Depth == 0, "the height is taken out of the mailbox");
        BlockResult? seen = null;
        var asker = new Thread(() => seen = ledger.GetResult(block.Height));
        asker.Start();

        // The write waits for the other's lock, and the asker for the write.
        Until(() => !asker.IsAlive || asker.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the asker has its answer or waits");
        other.Execute("ROLLBACK");
        Assert.True(asker.Join(TimeSpan.FromMilliseconds(DeadlineMs)), "the asker has its answer");
        Assert.Equal(block.Height, seen?.Height);
    }

    [Fact]
    public async Task A_damaged_row_that_counts_more_rejections_than_it_has_bytes_for_is_refused_before_room_is_made_for_them()
    {
        var bench = new OrderingBench(null, OrderingBench.Opaque(5));
        OrderingResult result = bench.Apply(1_000);
        var row = new CanonicalWriter(512);
        result.Result.Write(row);
        (result.Effects with { Rejections = uint.MaxValue }).Write(row);
        using (var tables = new Ledger(NodeLedger.FolderOf(_folder)))
            tables.Apply([LedgerFixture.HeightOf(1) with { Result = row.ToArray() }]);
        await using var ledger = new NodeLedger(_folder, bench.Genesis, new BatchStore(_ => null), NullLogger.Instance, e => throw e);
        DecodeException e = Assert.Throws<DecodeException>(() => ledger.GetRejections(new Height(1)));
        Assert.Equal(DecodeRejection.Truncated, e.Reason);
    }

    private static void Until(Func<bool> condition, string what)
    {
        long end = Environment.TickCount64 + DeadlineMs;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"did not happen: {what}");
            Thread.Yield();
        }
    }
}

using System.Buffers.Binary;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

public sealed class BatchLogTests
{
    private static readonly LaneId LaneA = new(Epoch.Zero, new(1), 0);
    private static readonly LaneId LaneB = new(Epoch.Zero, new(2), 0);

    [Fact]
    public void Batches_are_found_by_place_and_digest_before_and_after_reopening()
    {
        SimulatedFileLayer files = new();
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            AppendResult last = default;
            for (ulong seq = 0; seq < 100; seq++)
            {
                log.AppendBatch(Key(LaneA, seq), Body(seq, 700));
                last = log.AppendBatch(Key(LaneB, seq), Body(seq + 1000, 100));
            }
            CheckBatches(log);
            watch.WaitFor(last.Position);
            CheckBatches(log);
        }
        using BatchLog again = Open(files, out _);
        CheckBatches(again);
        Assert.Equal([new LaneExtent(LaneA, new(0), new(100)), new(LaneB, new(0), new(100))], again.Lanes());
    }

    [Fact]
    public void Blocks_are_found_by_height_before_and_after_reopening()
    {
        SimulatedFileLayer files = new();
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            Assert.Equal(Height.Zero, log.LastBlock);
            for (ulong height = 1; height <= 300; height++) log.AppendBlock(new(height), Body(height, 100));
            watch.WaitFor(log.AppendNote(16, new(300), [1]).Position);
            Assert.Equal(Body(7, 100), ReadBlock(log, 7));
        }
        using BatchLog again = Open(files, out _);
        Assert.Equal(new Height(1), again.FirstBlock);
        Assert.Equal(new Height(300), again.LastBlock);
        for (ulong height = 1; height <= 300; height++) Assert.Equal(Body(height, 100), ReadBlock(again, height));
        Assert.Equal(ReadOutcome.NotFound, again.ReadBlock(new(301), out _));
    }

    [Fact]
    public void Two_batches_of_one_place_are_both_kept_and_the_acked_one_is_preferred()
    {
        SimulatedFileLayer files = new();
        BatchKey forked = Key(LaneA, 5, variant: 1) with { Marks = BatchMarks.Fetched };
        BatchKey acked = Key(LaneA, 5, variant: 2);
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            log.AppendBatch(forked, Body(1, 50));
            watch.WaitFor(log.AppendBatch(acked, Body(2, 50)).Position);
            Check(log);
        }
        using BatchLog again = Open(files, out _);
        Check(again);

        void Check(BatchLog log)
        {
            Assert.Equal(ReadOutcome.Found, log.ReadBatch(LaneA, new(5), forked.Digest, out BatchLease first));
            using (first) Assert.Equal(forked, first.Key);
            Assert.Equal(ReadOutcome.Found, log.ReadBatch(LaneA, new(5), out BatchLease preferred));
            using (preferred) Assert.Equal(acked, preferred.Key);
            Assert.Equal([acked, forked], log.BatchKeys(LaneA, new(0)));
            Assert.Equal(ReadOutcome.NotFound, log.ReadBatch(LaneA, new(5), Hash32.Zero, out _));
        }
    }

    [Fact]
    public void A_batch_or_block_stored_already_is_not_written_again_but_new_marks_are()
    {
        using BatchLog log = Open(new SimulatedFileLayer(), out DurableWatch watch);
        BatchKey fetched = Key(LaneA, 0) with { Marks = BatchMarks.Fetched };
        AppendResult first = log.AppendBatch(fetched, Body(0, 50));
        AppendResult again = log.AppendBatch(fetched, Body(0, 50));
        Assert.Equal(first, again);
        AppendResult acked = log.AppendBatch(fetched with { Marks = BatchMarks.Ackable }, Body(0, 50));
        Assert.Equal(2, acked.Position);
        Assert.Equal([BatchMarks.Ackable], log.BatchKeys(LaneA, new(0)).Select(key => key.Marks));
        Assert.Equal(3, log.AppendBlock(new(1), [1]).Position);
        Assert.Equal(3, log.AppendBlock(new(1), [1]).Position);
        watch.WaitFor(3);
    }

    [Fact]
    public void What_is_below_retention_is_answered_as_pruned_also_after_reopening()
    {
        SimulatedFileLayer files = new();
        Height keepFrom = new(400);
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            AppendResult last = Fill(log, 600);
            watch.WaitFor(last.Position);
            int before = log.SegmentCount;
            Assert.True(log.Prune(new(keepFrom, [new(LaneA, new(400)), new(LaneB, new(200))])));
            Eventually.True(() => log.SegmentCount < before, "recycled segments");
            Check(log);
            Assert.False(log.Prune(new(keepFrom, [new(LaneA, new(400)), new(LaneB, new(200))])));
        }
        using BatchLog again = Open(files, out _);
        Check(again);

        static void Check(BatchLog log)
        {
            Assert.Equal(ReadOutcome.Pruned, log.ReadBatch(LaneA, new(0), out _));
            Assert.Equal(ReadOutcome.Pruned, log.ReadBatch(LaneB, new(0), Key(LaneB, 0).Digest, out _));
            Assert.Equal(ReadOutcome.Pruned, log.ReadBlock(new(1), out _));
            // Lane B still needs sequence 200, and what lies in its segment and behind is kept with it.
            Assert.InRange(log.FirstBlock.Value, 100u, 201u);
            for (ulong i = 200; i < 600; i++)
            {
                Assert.Equal(ReadOutcome.Found, log.ReadBatch(LaneB, new(i), out BatchLease batch));
                batch.Dispose();
                Assert.Equal(Body(i + 1, 60), ReadBlock(log, i + 1));
            }
        }
    }

    [Fact]
    public void A_lane_that_retention_does_not_name_is_kept_whole()
    {
        using BatchLog log = Open(new SimulatedFileLayer(), out DurableWatch watch);
        watch.WaitFor(Fill(log, 300).Position);
        Assert.False(log.Prune(new(new(300), [new(LaneA, new(300))])));
        Assert.Equal(ReadOutcome.Found, log.ReadBatch(LaneB, new(0), out BatchLease batch));
        batch.Dispose();
    }

    [Fact]
    public void A_full_log_refuses_and_goes_on_once_it_was_pruned()
    {
        using BatchLog log = Open(new SimulatedFileLayer(), out DurableWatch watch, segmentsMax: 4);
        ulong seq = 0;
        AppendResult result;
        AppendResult last = default;
        while ((result = log.AppendBatch(Key(LaneA, seq), Body(seq, 900))).IsAccepted)
        {
            last = result;
            seq++;
        }
        Assert.Equal(StorageRejection.LogFull, result.Rejection);
        watch.WaitFor(last.Position);
        Assert.True(log.Prune(new(new(0), [new(LaneA, new(seq - 1))])));
        Eventually.True(() => log.AppendBatch(Key(LaneA, seq), Body(seq, 900)).IsAccepted, "room after pruning");
        Assert.Equal(0, watch.Failures);
    }

    [Fact]
    public void Lanes_of_past_epochs_are_forgotten_when_nothing_of_them_is_left()
    {
        SimulatedFileLayer files = new();
        LaneId next = LaneA with { Epoch = new(1) };
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            for (ulong i = 0; i < 100; i++) log.AppendBatch(Key(LaneA, i), Body(i, 500));
            AppendResult last = default;
            for (ulong i = 0; i < 100; i++) last = log.AppendBatch(Key(next, i), Body(i, 500));
            watch.WaitFor(last.Position);
            Assert.True(log.Prune(new(new(1), [new(LaneA, new(100)), new(next, new(99))])));
            Assert.Equal([next], log.Lanes().Select(lane => lane.Lane));
            Assert.Equal(ReadOutcome.Pruned, log.ReadBatch(LaneA, new(3), out _));
        }
        using BatchLog again = Open(files, out _);
        Assert.Equal([next], again.Lanes().Select(lane => lane.Lane));
        Assert.Equal(ReadOutcome.Pruned, again.ReadBatch(LaneA, new(3), out _));
    }

    [Fact]
    public void Replay_delivers_batches_blocks_and_notes_in_the_order_they_were_appended()
    {
        SimulatedFileLayer files = new();
        using (BatchLog log = Open(files, out DurableWatch watch))
        {
            log.AppendBatch(Key(LaneA, 0), [1]);
            log.AppendBlock(new(1), [2]);
            log.AppendNote(20, new(1), [3]);
            watch.WaitFor(log.AppendBatch(Key(LaneA, 1), [4]).Position);
        }
        using BatchLog again = Open(files, out _);
        Assert.Equal(
            ["Batch 0 0 0 01", "Block 0 1 0 02", "Note 0 1 20 03", "Batch 1 0 0 04"],
            again.Replay().Select(r => $"{r.Kind} {r.Batch.Seq} {r.Height} {r.NoteKind} {r.Bytes.Span[0]:X2}"));
    }

    [Fact]
    public void The_head_of_a_batch_record_has_these_bytes()
    {
        byte[] head = new byte[BatchKey.Size];
        const BatchMarks Marks = BatchMarks.Ackable | BatchMarks.Fetched;
        BatchKey key = new(new(new(1), new(2), 3), new(4), Filled(0xAA), Filled(0xBB), Marks);
        key.Write(head);
        Assert.Equal(
            "03" + "0000000000000001" + "0002" + "0003" + "0000000000000004"
            + string.Concat(Enumerable.Repeat("aa", 32)) + string.Concat(Enumerable.Repeat("bb", 32)),
            Convert.ToHexStringLower(head));
        Assert.Equal(key, BatchKey.Read(head));
        Assert.Equal([0, 1, 2], Enum.GetValues<BatchMarks>().Select(mark => (int)mark));
    }

    [Fact]
    public void Random_lives_with_crashes_and_pruning_agree_with_a_model()
    {
        for (ulong seed = 1; seed <= 60; seed++) Live(seed);
    }

    private static void Live(ulong seed)
    {
        Prng prng = new(seed);
        SimulatedFileLayer files = new();
        ulong appended = 0;
        ulong durable = 0;
        ulong prunedTo = 0;
        for (int life = 0; life < 8; life++)
        {
            string where = $"seed {seed}, life {life}";
            BatchLog log = Open(files, out DurableWatch watch);
            ulong next = log.LastBlock.Value;
            bool isPossible = next >= durable && next <= appended;
            Assert.True(isPossible, $"{where}: {durable} durable, {next} there, {appended} appended");
            appended = next;
            CheckModel(log, appended, prunedTo, where);
            SortedDictionary<long, ulong> positions = [];
            for (int i = prng.Below(150); i > 0; i--)
            {
                log.AppendBatch(Key(LaneA, appended), Body(appended, 100 + prng.Below(400)));
                AppendResult block = log.AppendBlock(new(appended + 1), Body(appended + 1, 60));
                appended++;
                positions[block.Position] = appended;
                if (prng.Chance(30)) watch.WaitFor(block.Position);
                if (!prng.Chance(20)) continue;
                ulong keep = ulong.Max(1, appended - (ulong)prng.Below((int)ulong.Min(appended, 50)));
                if (log.Prune(new(new(keep), [new(LaneA, new(keep - 1))]))) prunedTo = ulong.Max(prunedTo, keep);
            }
            CheckModel(log, appended, prunedTo, where);
            SimulatedFileLayer after = prng.Chance(300) ? files.Kill() : files.Crash(prng);
            log.Abandon();
            foreach ((long position, ulong count) in positions)
                if (position <= watch.Durable) durable = ulong.Max(durable, count);
            files = after;
        }
    }

    /// <summary>Everything from what may be pruned on is there; below, it is there or answered as pruned.</summary>
    private static void CheckModel(BatchLog log, ulong appended, ulong prunedTo, string where)
    {
        for (ulong seq = 0; seq < appended; seq++)
        {
            ReadOutcome outcome = log.ReadBatch(LaneA, new(seq), Key(LaneA, seq).Digest, out BatchLease batch);
            if (outcome == ReadOutcome.Found)
            {
                Assert.Equal(seq, BinaryPrimitives.ReadUInt64BigEndian(batch.Bytes.Span));
                batch.Dispose();
            }
            CheckOutcome(outcome, seq < prunedTo, $"{where}: batch {seq}");
            outcome = log.ReadBlock(new(seq + 1), out RecordLease block);
            if (outcome == ReadOutcome.Found) block.Dispose();
            CheckOutcome(outcome, seq < prunedTo, $"{where}: block {seq + 1}");
        }
    }

    private static void CheckOutcome(ReadOutcome outcome, bool mayBePruned, string where) =>
        Assert.True(
            outcome == ReadOutcome.Found || (outcome == ReadOutcome.Pruned && mayBePruned), $"{where}: {outcome}");

    private static AppendResult Fill(BatchLog log, ulong count)
    {
        AppendResult last = default;
        for (ulong i = 0; i < count; i++)
        {
            log.AppendBatch(Key(LaneA, i), Body(i, 100));
            log.AppendBatch(Key(LaneB, i), Body(i, 100));
            last = log.AppendBlock(new(i + 1), Body(i + 1, 60));
        }
        return last;
    }

    private static void CheckBatches(BatchLog log)
    {
        for (ulong seq = 0; seq < 100; seq++)
        {
            Hash32 digest = Key(LaneA, seq).Digest;
            Assert.Equal(ReadOutcome.Found, log.ReadBatch(LaneA, new(seq), digest, out BatchLease batch));
            using (batch)
            {
                Assert.Equal(Body(seq, 700), batch.Bytes.ToArray());
                Assert.Equal(Key(LaneA, seq), batch.Key);
            }
            Assert.True(log.HasBatch(LaneB, new(seq), Key(LaneB, seq).Digest));
        }
        Assert.Equal(ReadOutcome.NotFound, log.ReadBatch(LaneA, new(100), out _));
        Assert.Equal(ReadOutcome.NotFound, log.ReadBatch(LaneA with { Worker = 1 }, new(0), out _));
    }

    private static byte[] ReadBlock(BatchLog log, ulong height)
    {
        Assert.Equal(ReadOutcome.Found, log.ReadBlock(new(height), out RecordLease block));
        using (block) return block.Body.ToArray();
    }

    private static BatchLog Open(IFileLayer files, out DurableWatch watch, int segmentsMax = 1000)
    {
        watch = new DurableWatch();
        BatchLogOptions options = new()
        {
            LingerMs = 1,
            Folder = "/store/batches",
            Files = files,
            SegmentBytes = 32 * 1024,
            SegmentsMax = segmentsMax,
            RecordBytesMax = 8 * 1024,
        };
        return BatchLog.Open(options, watch.OnDurable, watch.OnFailed);
    }

    private static BatchKey Key(LaneId lane, ulong seq, ulong variant = 0) => new(
        lane,
        new(seq),
        Digest(lane, seq, variant),
        seq == 0 ? Hash32.Zero : Digest(lane, seq - 1, 0),
        BatchMarks.Ackable);

    private static Hash32 Digest(LaneId lane, ulong seq, ulong variant) =>
        Sha.Of(System.Text.Encoding.ASCII.GetBytes($"{lane} {seq} {variant}"));

    private static Hash32 Filled(byte value) => new(Enumerable.Repeat(value, Hash32.Size).ToArray());

    private static byte[] Body(ulong number, int size) => SegmentLogFixture.Body((long)number, size);
}

using System.Buffers.Binary;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>
/// Logs on disks that lie once: opening gives what was durable, exactly, or refuses by a typed reason that says what to do. Never other bytes, and never
/// fewer records than the guard knows.
/// </summary>
public sealed class LyingDiskProperties
{
    private const string Votes = "/store/votes";
    private const string Batches = "/store/batches";
    private const string Guard = "/elsewhere/votes.guard";
    private static readonly LaneId Lane = new(Epoch.Zero, new(1), 0);
    private static readonly DiskLie[] Lies = Enum.GetValues<DiskLie>();

    [Fact]
    public void A_vote_log_on_a_lying_disk_gives_all_that_its_guard_knows_or_refuses()
    {
        SortedSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 250; seed++) VoteOnce(seed, outcomes);
        foreach (DiskLie lie in Lies) Assert.Contains($"{lie} whole", outcomes);
        Assert.Contains($"{DiskLie.Unreadable} {StorageRejection.ReadFailed}", outcomes);
        Assert.Contains($"{DiskLie.WrongBytes} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.LostWrite} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.MisdirectedWrite} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.RolledBack} {StorageRejection.GuardAhead}", outcomes);
    }

    private static void VoteOnce(ulong seed, SortedSet<string> outcomes)
    {
        Prng prng = new(seed);
        DiskLie lie = Lies[seed % (ulong)Lies.Length];
        SimulatedFileLayer files = new();
        SimulatedFileLayer? earlier = null;
        List<(long Position, ulong Number)> written = [];
        int lives = 1 + prng.Below(3);
        for (int life = 0; life < lives; life++)
        {
            bool isLast = life == lives - 1;
            if (isLast && lie is DiskLie.LostWrite or DiskLie.MisdirectedWrite)
                DiskLies.Divert(files, prng.Chance(100) ? Path.GetDirectoryName(Guard)! : Votes, lie, prng.Below(16), prng);
            DurableWatch watch = new();
            VoteLog? log = null;
            try
            {
                log = VoteLog.Open(VoteOptions(files), watch.OnDurable, watch.OnFailed);
                int known = Known(log, written, $"seed {seed}, {lie}, life {life}");
                written.RemoveRange(known, written.Count - known);
                for (int i = prng.Below(40); i > 0; i--)
                {
                    ulong number = 1 + (ulong)written.Count;
                    // Up to three statements in one slot.
                    AppendResult vote = log.Append(1, new(Epoch.Zero, new(1 + number / 3)), Body(number, 40 + prng.Below(900)));
                    written.Add((vote.Position, number));
                    if (prng.Chance(400)) WaitFor(vote.Position, log.Flush, watch);
                    if (prng.Chance(30)) earlier = files.Durable();
                }
            }
            catch (StorageException e) when (files.Divert is not null)
            {
                // The disk lied while it was being opened, and was found out at once.
                CheckAdvice(e, seed);
                outcomes.Add($"{lie} {e.Reason}");
                return;
            }

            files = End(prng, files, log.Dispose, log.Abandon);
        }

        if (lie is DiskLie.Unreadable or DiskLie.WrongBytes)
            DiskLies.Spoil(files, prng.Chance(150) ? [Guard] : DiskLies.PathsOf(files, Votes), lie, prng);
        if (lie == DiskLie.RolledBack) files.RollBack("/store", earlier ?? new SimulatedFileLayer());
        outcomes.Add($"{lie} {Reopen(files, written, seed, lie)}");
    }

    /// <summary>Opens twice: what was refused stays refused, what was taken stays as it was taken.</summary>
    private static string Reopen(SimulatedFileLayer files, List<(long Position, ulong Number)> written, ulong seed, DiskLie lie)
    {
        string where = $"seed {seed}, {lie}";
        long guarded = GuardedPosition(files);
        string first = "";
        for (int round = 0; round < 2; round++)
        {
            string outcome = "whole";
            try
            {
                VoteLog log = VoteLog.Open(VoteOptions(files), _ => { }, _ => { });
                int known = Known(log, written, where);
                int owed = written.Count(record => record.Position <= guarded);
                Assert.True(known >= owed, $"{where}: the guard knows {owed} statements, {known} are replayed");
                log.Abandon();
            }
            catch (StorageException e)
            {
                CheckAdvice(e, seed);
                outcome = e.Reason.ToString();
            }
            if (round == 0) first = outcome;
            Assert.True(first == outcome, $"{where}: first {first}, then {outcome}");
        }
        return first;
    }

    [Fact]
    public void A_batch_log_on_a_lying_disk_gives_what_was_written_or_refuses()
    {
        SortedSet<string> outcomes = [];
        for (ulong seed = 1; seed <= 250; seed++) StoreOnce(seed, outcomes);
        Assert.Contains($"{DiskLie.Unreadable} {StorageRejection.ReadFailed}", outcomes);
        Assert.Contains($"{DiskLie.WrongBytes} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.LostWrite} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.MisdirectedWrite} {StorageRejection.Corrupted}", outcomes);
        Assert.Contains($"{DiskLie.RolledBack} a prefix", outcomes);
    }

    private static void StoreOnce(ulong seed, SortedSet<string> outcomes)
    {
        Prng prng = new(seed);
        DiskLie lie = Lies[seed % (ulong)Lies.Length];
        string where = $"seed {seed}, {lie}";
        SimulatedFileLayer files = new();
        SimulatedFileLayer? earlier = null;
        DurableWatch watch = new();
        BatchLog log = BatchLog.Open(BatchOptions(files), watch.OnDurable, watch.OnFailed);
        if (lie is DiskLie.LostWrite or DiskLie.MisdirectedWrite) DiskLies.Divert(files, Batches, lie, prng.Below(25), prng);
        int count = 20 + prng.Below(80);
        for (int i = 0; i < count; i++)
        {
            long position = i % 3 == 2
                ? log.AppendBlock(BlockOf(i), Body((ulong)i, 60)).Position
                : log.AppendBatch(KeyOf(i), Body((ulong)i, 100 + prng.Below(900))).Position;
            if (prng.Chance(400)) WaitFor(position, log.Flush, watch);
            if (prng.Chance(20)) earlier = files.Durable();
        }
        files = End(prng, files, log.Dispose, log.Abandon);
        if (lie is DiskLie.Unreadable or DiskLie.WrongBytes) DiskLies.Spoil(files, DiskLies.PathsOf(files, Batches), lie, prng);
        if (lie == DiskLie.RolledBack) files.RollBack("/store", earlier ?? new SimulatedFileLayer());
        try
        {
            BatchLog again = BatchLog.Open(BatchOptions(files), _ => { }, _ => { });
            outcomes.Add($"{lie} {ReadAll(again, count, where)}");
            again.Abandon();
        }
        catch (StorageException e)
        {
            CheckAdvice(e, seed);
            outcomes.Add($"{lie} {e.Reason}");
        }
    }

    /// <summary>What is there is a prefix of what was appended, each record as it was or refused when it is read.</summary>
    private static string ReadAll(BatchLog log, int count, string where)
    {
        string outcome = "whole";
        bool isOver = false;
        for (int i = 0; i < count; i++)
        {
            try
            {
                byte[]? body = null;
                if (i % 3 == 2 && log.ReadBlock(BlockOf(i), out RecordLease block) == ReadOutcome.Found)
                {
                    using (block) body = block.Body.ToArray();
                }
                else if (i % 3 != 2 && log.ReadBatch(Lane, KeyOf(i).Seq, KeyOf(i).Digest, out BatchLease batch) == ReadOutcome.Found)
                {
                    using (batch) body = batch.Bytes.ToArray();
                }
                Assert.True(body is null || !isOver, $"{where}: record {i} is there, one before it is not");
                if (body is null) (isOver, outcome) = (true, "a prefix");
                else Assert.Equal(Body((ulong)i, body.Length), body);
            }
            catch (StorageException e)
            {
                Assert.False(isOver, where);
                CheckAdvice(e, 0);
                outcome = e.Reason.ToString();
            }
        }
        return outcome;
    }

    [Fact]
    public void A_refused_start_leaves_a_rolled_back_log_as_it_was_however_often_it_is_tried()
    {
        SimulatedFileLayer files = new();
        DurableWatch watch = new();
        VoteLog log = VoteLog.Open(VoteOptions(files), watch.OnDurable, watch.OnFailed);
        VotePosition slot = new(Epoch.Zero, new(7));
        watch.WaitFor(log.Append(1, slot, Body(1, 40)).Position);
        SimulatedFileLayer earlier = files.Durable();
        // A second statement of the same slot: a guard that knew slots only would not miss it.
        watch.WaitFor(log.Append(2, slot, Body(2, 40)).Position);
        log.Dispose();
        files.RollBack("/store", earlier);
        for (int i = 0; i < 10; i++)
        {
            StorageException refused = Assert.Throws<StorageException>(() => VoteLog.Open(VoteOptions(files), _ => { }, _ => { }));
            Assert.Equal(StorageRejection.GuardAhead, refused.Reason);
            Assert.Contains("new key", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_closed_vote_log_whose_last_sector_is_spoiled_is_refused()
    {
        foreach (bool isReadable in (bool[])[false, true])
        {
            SimulatedFileLayer files = new();
            DurableWatch watch = new();
            VoteLog log = VoteLog.Open(VoteOptions(files), watch.OnDurable, watch.OnFailed);
            for (ulong i = 1; i <= 20; i++) watch.WaitFor(log.Append(1, new(Epoch.Zero, new(i)), Body(i, 100)).Position);
            long end = log.Append(1, new(Epoch.Zero, new(21)), Body(21, 100)).Location.Offset;
            log.Dispose();
            files.Spoil(Path.Combine(Votes, SegmentStore.NameOf(1)), end, isReadable);
            StorageException refused = Assert.Throws<StorageException>(() => VoteLog.Open(VoteOptions(files), _ => { }, _ => { }));
            Assert.Equal(isReadable ? StorageRejection.GuardAhead : StorageRejection.ReadFailed, refused.Reason);
            CheckAdvice(refused, 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_vote_log_whose_last_write_was_lost_or_misdirected_is_refused_although_every_checksum_holds(bool isMisdirected)
    {
        SimulatedFileLayer files = new();
        DurableWatch watch = new();
        VoteLog log = VoteLog.Open(VoteOptions(files), watch.OnDurable, watch.OnFailed);
        VotePosition slot = new(Epoch.Zero, new(3));
        watch.WaitFor(log.Append(1, slot, Body(1, 40)).Position);
        string spare = Path.Combine(Votes, "spare-000002.seg");
        files.Divert = meant => !meant.Path.EndsWith(SegmentStore.NameOf(1), StringComparison.Ordinal) ? meant
            : isMisdirected ? meant with { Path = spare } : null;
        // Acknowledged, hence sent.
        long sent = log.Append(2, slot, Body(2, 40)).Position;
        watch.WaitFor(sent);
        Eventually.True(() => GuardedPosition(files) >= sent, "guard at the second vote");
        log.Abandon();
        StorageException refused = Assert.Throws<StorageException>(() => VoteLog.Open(VoteOptions(files.Kill()), _ => { }, _ => { }));
        Assert.Equal(StorageRejection.GuardAhead, refused.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_batch_log_that_was_lost_or_rolled_back_alone_is_refused_by_the_guard(bool isLost)
    {
        SimulatedFileLayer files = new();
        SimulatedFileLayer earlier;
        using (VoteLog votes = VoteLog.Open(VoteOptions(files), _ => { }, _ => { }))
        {
            DurableWatch watch = new();
            using BatchLog batches = BatchLog.Open(BatchOptions(files), Durable, watch.OnFailed);
            votes.GuardBatches(batches);
            WaitFor(batches.AppendBatch(KeyOf(0), Body(0, 60)).Position, batches.Flush, watch);
            earlier = files.Durable();
            WaitFor(batches.AppendBatch(KeyOf(1), Body(1, 60)).Position, batches.Flush, watch);

            void Durable(long position)
            {
                votes.NoteBatches(position);
                watch.OnDurable(position);
            }
        }
        using (BatchLog whole = BatchLog.Open(BatchOptions(files), _ => { }, _ => { }))
        using (VoteLog votes = VoteLog.Open(VoteOptions(files), _ => { }, _ => { }))
            votes.GuardBatches(whole);
        files.RollBack(Batches, isLost ? new SimulatedFileLayer() : earlier);
        for (int i = 0; i < 6; i++)
        {
            using BatchLog batches = BatchLog.Open(BatchOptions(files), _ => { }, _ => { });
            using VoteLog votes = VoteLog.Open(VoteOptions(files), _ => { }, _ => { });
            StorageException refused = Assert.Throws<StorageException>(() => votes.GuardBatches(batches));
            Assert.Equal(StorageRejection.GuardAhead, refused.Reason);
        }
    }

    /// <summary>Checks that what is replayed is what was written, from the first record on; returns how many are there.</summary>
    private static int Known(VoteLog log, List<(long Position, ulong Number)> written, string where)
    {
        int known = 0;
        foreach (VoteLogRecord record in log.Replay())
        {
            Assert.True(known < written.Count, $"{where}: more records than were written");
            ulong number = BinaryPrimitives.ReadUInt64BigEndian(record.Bytes.Span);
            Assert.True(number == written[known].Number, $"{where}: record {known} is number {number}, {written[known].Number} was written");
            Assert.Equal(Body(number, record.Bytes.Length), record.Bytes.ToArray());
            known++;
        }
        return known;
    }

    private static long GuardedPosition(SimulatedFileLayer files)
    {
        try
        {
            using VoteGuardFile guard = VoteGuardFile.Open(Guard, files.Copy());
            return guard.Found?.Position ?? 0;
        }
        catch (StorageException)
        {
            return 0;
        }
    }

    private static void WaitFor(long position, Action flush, DurableWatch watch)
    {
        flush();
        watch.WaitFor(position);
    }

    private static SimulatedFileLayer End(Prng prng, SimulatedFileLayer files, Action close, Action abandon)
    {
        switch (prng.Below(3))
        {
            case 0:
                close();
                return files.Kill();
            case 1:
                abandon();
                return files.Kill();
            default:
                SimulatedFileLayer after = files.Crash(prng);
                abandon();
                return after;
        }
    }

    private static void CheckAdvice(StorageException refused, ulong seed)
    {
        bool isAdvised = refused.Message.Contains("sharedseq store check --data /store", StringComparison.Ordinal)
            || refused.Message.Contains("with a new key", StringComparison.Ordinal);
        Assert.True(isAdvised, $"seed {seed}: no advice in: {refused.Message}");
    }

    private static VoteLogOptions VoteOptions(IFileLayer files) => new()
    {
        Folder = Votes,
        GuardPath = Guard,
        GuardIntervalMs = 0,
        Files = files,
        SegmentBytes = 12 * 1024,
        LingerMs = 1,
    };

    private static BatchLogOptions BatchOptions(IFileLayer files) => new()
    {
        Folder = Batches,
        Files = files,
        SegmentBytes = 32 * 1024,
        SegmentsMax = 1000,
        RecordBytesMax = 8 * 1024,
        LingerMs = 1,
    };

    private static byte[] Body(ulong number, int size) => SegmentLogFixture.Body((long)number, size);

    private static Height BlockOf(int i) => new(1 + ((ulong)i / 3));

    private static BatchKey KeyOf(int i)
    {
        ulong seq = (ulong)(i - (i / 3));
        return new(Lane, new(seq), DigestOf(seq), seq == 0 ? Hash32.Zero : DigestOf(seq - 1), BatchMarks.Ackable);
    }

    private static Hash32 DigestOf(ulong seq) => Sha.Of(BitConverter.GetBytes(seq));
}

using System.Buffers.Binary;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What is read back from the own disk: records, notes and whole files.</summary>
internal static class StorageTargets
{
    private const string Folder = "data/log";

    private static readonly LogInstanceId Instance = new(77);

    private static readonly CommitteePlan Plan = new TestCommittee().Epochs(1)[0].Next;

    public static IEnumerable<FuzzTarget> All()
    {
        yield return new("vote log record", [], VoteRecord) { Make = VoteRecordBytes };
        yield return new("archived block", [], input => ArchivedBlock.Encode(ArchivedBlock.Decode(input))) { Make = Archived };
        yield return new("certificate note", [], Samples.Strict(ResultCertificate.Read, (value, writer) => value.Write(writer)))
        {
            Make = prng => Samples.Bytes(new RandomValues(prng).Certificate().Write),
        };
        yield return new("evidence note", [], Samples.Strict(Evidence.Read, (value, writer) => value.Write(writer)))
        {
            Make = prng => Samples.Bytes(new RandomValues(prng).Evidence().Write),
        };
        yield return new("proof note", [], Samples.Strict(ProofOfAvailability.Read, (value, writer) => value.Write(writer)))
        {
            Make = prng => Samples.Bytes(new RandomValues(prng).PoA().Write),
        };
        yield return new("execution note", [], Execution) { Make = ExecutionBytes };
        yield return new("divergence", [], Samples.Strict(Divergence.Read, (value, writer) => value.Write(writer)))
        {
            Make = prng => Samples.Bytes(Diverged(prng).Write),
        };
        yield return new("epoch start", [], Samples.Strict(EpochStart.Read, (value, writer) => value.Write(writer))) { Make = EpochStarts };
        yield return Segments("votes segment", LogKind.Votes, VoteHead);
        yield return Segments("batches segment", LogKind.Batches, BatchHead);
        yield return new("vote guard", [Guard()], GuardFile) { Repair = WithGuardChecksums, IsRefusal = IsStorageRefusal };
        yield return new("transaction tail", [Tail()], TailFile)
        {
            FixedBytesMax = 4 * 1024 * 1024,
            IsRefusal = static e => e is StorageException or RefusedException,
            Repair = WithTailChecksum,
            Cases = 5_000,
        };
        yield return new("transaction run", [Run()], RunFile)
        {
            FixedBytesMax = 1024 * 1024,
            IsRefusal = IsStorageRefusal,
            Repair = WithRunChecksum,
            Cases = 10_000,
        };
    }

    private static byte[] EpochStarts(Prng prng)
    {
        var values = new RandomValues(prng);
        var genesis = new BlockId(new Height(values.Number()), values.Hash());
        SeatPlace Place(CommitteeMember member) =>
            new(prng.Chance(500) ? new OperatorId((uint)prng.Below(9)) : null, prng.Chance(500) ? "" : "example.org:7700");
        return Samples.Bytes(new EpochStart(genesis, new TimestampMs(values.Number()), Plan)
        {
            Places = prng.Chance(300) ? [] : [.. Plan.Members.Select(Place)],
        }.Write);
    }

    private static bool IsStorageRefusal(Exception e) => e is StorageException;

    private static byte[] VoteRecord(byte[] input)
    {
        if (input.Length == 0) DecodeException.Throw(DecodeRejection.Truncated, "kind");
        var reader = new CanonicalReader(input.AsSpan(1));
        var record = DurableRecord.Read((DurableRecordKind)input[0], ref reader);
        reader.End("vote log record");
        return Samples.Bytes(writer =>
        {
            writer.Byte((byte)record.Kind);
            record.Write(writer);
        });
    }

    private static byte[] VoteRecordBytes(Prng prng) => Samples.Bytes(writer =>
    {
        DurableRecord record = new RandomValues(prng).Durable();
        writer.Byte((byte)record.Kind);
        record.Write(writer);
    });

    private static byte[] Archived(Prng prng)
    {
        var values = new RandomValues(prng);
        CommitProof? proof = prng.Chance(500) ? values.Commit() : null;
        return ArchivedBlock.Encode(new CommittedBlock(
            values.FullBlock(), new TimestampMs(values.Number()), proof, values.Some(40, values.Tip), values.Some(8, values.Tip)));
    }

    private static Divergence Diverged(Prng prng)
    {
        var values = new RandomValues(prng);
        return new Divergence(new Height(values.Number()), values.Result(), values.Hash(), prng.Chance(500) ? values.Certificate() : null);
    }

    private static byte[]? Execution(byte[] input)
    {
        LedgerExecution execution = NodeLedger.ReadExecution(input);
        ExecutionRecords.SkipReasonOf(execution, 3);
        return Samples.Bytes(writer => NodeLedger.WriteExecution(writer, execution));
    }

    private static byte[] ExecutionBytes(Prng prng)
    {
        var values = new RandomValues(prng);
        Adapters.SkippedTransaction[] skipped =
            [.. Enumerable.Range(0, values.Count(20)).Select(i => new Adapters.SkippedTransaction(i, Adapters.SkipReason.Undecodable))];
        var outcome = new Adapters.ExecutionOutcome(new NamespaceId(values.Number()), values.Number(), values.Hash(), values.Hash(), skipped);
        var execution = new LedgerExecution(outcome.Namespace, outcome.Number, ExecutionRecords.Encode(outcome), prng.Chance(500));
        return Samples.Bytes(writer => NodeLedger.WriteExecution(writer, execution));
    }

    /// <summary>
    /// A whole log of one segment, its history and its places read as a start does. Heads whose checksums hold get behind the first check.
    /// </summary>
    private static FuzzTarget Segments(string name, LogKind kind, Func<Prng, (byte Kind, byte[] Head)> head) =>
        new(name, [SegmentImage(kind, [])], input => ReadSegment(kind, input))
        {
            Make = prng => SegmentImage(kind, [.. Enumerable.Range(0, 1 + prng.Below(12)).Select(_ => head(prng))]),
            Repair = WithRecordChecksums,
            IsRefusal = IsStorageRefusal,

            // A window of 1 MiB, made twice when a walk looks behind the end.
            FixedBytesMax = 3 * 1024 * 1024,
            Cases = 8_000,
        };

    private static (byte Kind, byte[] Head) VoteHead(Prng prng)
    {
        bool isSnapshot = prng.Chance(100);
        byte[] head = new byte[isSnapshot ? VoteLog.SnapshotHeadBytes : 16];
        new RandomValues(prng).Bytes(16).CopyTo(head.AsSpan());
        if (isSnapshot) BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(16), prng.Below(4));
        return (isSnapshot ? VoteLog.SnapshotKind : (byte)(1 + prng.Below(6)), head);
    }

    private static (byte Kind, byte[] Head) BatchHead(Prng prng)
    {
        var values = new RandomValues(prng);
        if (prng.Chance(300)) return (BatchLog.BlockKind, Samples.Bytes(writer => writer.U64((ulong)prng.Below(9) + 1)));
        byte[] head = new byte[BatchKey.Size];
        new BatchKey(values.Lane(), new BatchSeq(values.Number() / 2), values.Hash(), values.Hash(), BatchMarks.Fetched).Write(head);
        return (BatchLog.BatchKind, head);
    }

    /// <summary>A log of one segment that holds records of these heads.</summary>
    public static byte[] SegmentImage(LogKind kind, (byte Kind, byte[] Head)[] records)
    {
        byte[] image = new byte[SegmentFormat.HeaderBytes + 4096];
        SegmentFormat.WriteHeader(image, new SegmentHeader(kind, Instance, 1, 1));
        uint salt = SegmentFormat.Salt(Instance, 1);
        int at = SegmentFormat.HeaderBytes;
        for (int i = 0; i < records.Length; i++)
        {
            byte[] body = [(byte)i, 1, 2];
            SegmentFormat.WriteRecord(image.AsSpan(at), salt, records[i].Kind, records[i].Head, body, i + 1, 0);
            at += (int)SegmentFormat.TotalBytes(records[i].Head.Length + body.Length);
        }

        return image;
    }

    private static byte[]? ReadSegment(LogKind kind, byte[] input)
    {
        SimulatedFileLayer files = WithFile($"{Folder}/{SegmentStore.NameOf(1)}", input);
        var options = new SegmentLogOptions { Folder = Folder, Kind = kind, Files = files };
        using SegmentRecovery found = SegmentRecovery.Find(options, FileOpening.ReadOnly);
        var votes = new VoteLogHistory();
        var batches = new BatchIndex();
        found.Walk(checkBodies: true, kind == LogKind.Votes ? votes.Visit : (k, _, location, head) => BatchLog.Index(batches, k, location, head));
        votes.Finish(found.NextPosition - 1);
        return null;
    }

    private static SimulatedFileLayer WithFile(string path, byte[] content)
    {
        var files = new SimulatedFileLayer();
        using IStorageFile file = files.Open(path, FileOpening.Create);
        file.Write(content, 0);
        return files;
    }

    /// <summary>Makes the header's checksum hold, and those of all records that still can be walked to.</summary>
    private static byte[] WithRecordChecksums(byte[] input)
    {
        if (input.Length < SegmentFormat.HeaderBytes) return input;
        byte[] image = [.. input];
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(40), Crc32C.Of(image.AsSpan(0, 40)));
        if (SegmentFormat.TryReadHeader(image, out SegmentHeader header) != StorageRejection.None) return image;
        uint salt = SegmentFormat.Salt(header.Instance, header.Number);
        for (int at = SegmentFormat.HeaderBytes; at + SegmentFormat.RecordHeaderBytes <= image.Length;)
        {
            RecordHeader record = SegmentFormat.ReadRecordHeader(image.AsSpan(at));
            if (!SegmentFormat.IsPlausible(record, image.Length - at, 1 << 20)) break;
            byte[] payload = image.AsSpan(at + SegmentFormat.RecordHeaderBytes, record.Length).ToArray();
            ReadOnlySpan<byte> head = payload.AsSpan(0, record.HeadLength);
            SegmentFormat.WriteRecord(
                image.AsSpan(at), salt, record.Kind, head, payload.AsSpan(record.HeadLength), record.Position, record.GroupIndex);
            at += (int)record.TotalBytes;
        }

        return image;
    }

    private static byte[] Guard()
    {
        var files = new SimulatedFileLayer();
        using (VoteGuardFile guard = VoteGuardFile.Open("data/guard", files))
        {
            guard.Write(new VoteGuard(Instance, 1, new VotePosition(new Epoch(0), new Slot(5)), 7));
            guard.Write(new VoteGuard(Instance, 1, new VotePosition(new Epoch(0), new Slot(9)), 12, Instance, 3));
        }

        return Content(files, "data/guard");
    }

    private static byte[] Content(SimulatedFileLayer files, string path)
    {
        using IStorageFile file = files.Open(path, FileOpening.ReadOnly);
        byte[] content = new byte[file.Length];
        file.Read(content, 0);
        return content;
    }

    private static byte[]? GuardFile(byte[] input)
    {
        using VoteGuardFile guard = VoteGuardFile.Open("data/guard", WithFile("data/guard", input));
        return null;
    }

    private static byte[] WithGuardChecksums(byte[] input)
    {
        byte[] image = [.. input];
        for (int at = 0; at + 96 <= image.Length; at += 4096)
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(at + 92), Crc32C.Of(image.AsSpan(at, 92)));
        return image;
    }

    private static TransactionEntry[] Entries() =>
        [.. Enumerable.Range(0, 40).Select(i => TransactionEntry.Of(Sha.Of([(byte)i]).Prefix, new Height(1 + ((ulong)i / 4)), i % 4))];

    private static byte[] Tail()
    {
        var files = new SimulatedFileLayer();
        using (var tail = TransactionTail.Open("data/tail", files, Height.Zero))
        {
            tail.Begin();
            foreach (TransactionEntry entry in Entries()) tail.Add(entry);
            tail.End(new Height(1), new Height(10));
        }

        return Content(files, "data/tail");
    }

    private static byte[]? TailFile(byte[] input)
    {
        using var tail = TransactionTail.Open("data/tail", WithFile("data/tail", input), Height.Zero);
        tail.Find(Entries()[0].Prefix, []);
        return tail.Count > 0 ? null : throw new RefusedException("all of it was cut off");
    }

    private static byte[] WithTailChecksum(byte[] input)
    {
        byte[] image = [.. input];
        if (image.Length < 24) return image;
        long end = 24L + BinaryPrimitives.ReadUInt32LittleEndian(image);
        if (end <= image.Length) BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(4), Crc32C.Of(image.AsSpan(8, (int)end - 8)));
        return image;
    }

    public static byte[] Run()
    {
        var files = new SimulatedFileLayer();
        TransactionRun.Write("data/a.run", files, new Height(1), new Height(10), Entries()).Dispose();
        return Content(files, "data/a.run");
    }

    private static byte[]? RunFile(byte[] input)
    {
        using var run = TransactionRun.Open("data/a.run", WithFile("data/a.run", input));
        if (run is null) throw new StorageException(StorageRejection.Corrupted, "not whole");
        foreach (TransactionEntry entry in Entries()) run.Find(entry.Prefix, []);
        return null;
    }

    public static byte[] WithRunChecksum(byte[] input)
    {
        const int HeaderUsed = 32 + (1024 * 8) + 4;
        byte[] image = [.. input];
        if (image.Length >= HeaderUsed)
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(HeaderUsed - 4), Crc32C.Of(image.AsSpan(0, HeaderUsed - 4)));
        return image;
    }
}

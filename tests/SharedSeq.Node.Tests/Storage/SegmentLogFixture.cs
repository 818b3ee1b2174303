using System.Buffers.Binary;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>
/// Opens small logs on a simulated disk; bodies are numbered so that every record proves which one it is.
/// </summary>
internal static class SegmentLogFixture
{
    public const string Folder = "/store/votes";

    public static SegmentLogOptions Options(IFileLayer files, int segmentBytes = 16 * 1024) => new()
    {
        Folder = Folder,
        Kind = LogKind.Votes,
        Files = files,
        SegmentBytes = segmentBytes,
        SegmentsMax = 1000,
        RecordBytesMax = 8 * 1024,
        LingerMs = 1,
    };

    public static SegmentLog Open(SegmentLogOptions options, DurableWatch watch) =>
        SegmentLog.Open(options, (_, _, _, _) => { }, watch.OnDurable, watch.OnFailed);

    /// <summary>A body of the given size that starts with its number.</summary>
    public static byte[] Body(long number, int size)
    {
        byte[] body = new byte[int.Max(size, 8)];
        for (int i = 0; i < body.Length; i++) body[i] = (byte)(number * 31 + i * 7);
        BinaryPrimitives.WriteInt64BigEndian(body, number);
        return body;
    }

    public static SegmentLogOptions OnDisk(string folder) =>
        Options(DiskFileLayer.Instance, 64 * 1024) with { Folder = Path.Combine(folder, "votes") };

    public static StorageException RefusedToOpen(SegmentLogOptions options) =>
        Assert.Throws<StorageException>(() => Open(options, new DurableWatch()));

    public static AppendResult TryAppendNumbered(SegmentLog log, long number, int size) =>
        log.Append(1, BitConverter.GetBytes((ushort)number), Body(number, size));

    public static AppendResult AppendNumbered(SegmentLog log, long number, int size)
    {
        AppendResult result = TryAppendNumbered(log, number, size);
        Assert.Equal(StorageRejection.None, result.Rejection);
        return result;
    }

    /// <summary>
    /// A log of <paramref name="count"/> records, each synced alone, closed in order or left as after kill -9.
    /// </summary>
    public static SimulatedFileLayer Written(int count, int size, bool closeInOrder, int segmentBytes = 16 * 1024)
    {
        SimulatedFileLayer files = new();
        DurableWatch watch = new();
        SegmentLog log = Open(Options(files, segmentBytes), watch);
        for (int i = 1; i <= count; i++)
        {
            AppendNumbered(log, i, size);
            watch.WaitFor(i);
        }
        if (closeInOrder) log.Dispose();
        else log.Abandon();
        return files.Kill();
    }

    /// <summary>
    /// Opens, checks that the records are 1..n in order with their bodies, closes without a closing record, returns n.
    /// </summary>
    public static long CountIntact(SimulatedFileLayer files, Func<long, int> sizeOf, int segmentBytes = 16 * 1024)
    {
        SegmentLog log = Open(Options(files, segmentBytes), new DurableWatch());
        long count = 0;
        foreach (LogRecord record in log.Replay(1))
        {
            count++;
            Assert.Equal(Body(count, sizeOf(count)), record.Body.ToArray());
        }
        log.Abandon();
        return count;
    }

    public static string PathOf(uint segment) => Path.Combine(Folder, SegmentStore.NameOf(segment));
}

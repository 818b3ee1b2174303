using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// First 8 bytes of a transaction's id or alias, and where it is: 40 bits of height, 24 of place in it.
/// </summary>
internal readonly record struct TransactionEntry(ulong Prefix, ulong Locator)
{
    public const int Size = 16;

    private const int PlaceBits = 24;

    public static TransactionEntry Of(ulong prefix, Height height, int place)
    {
        Invariant.Check(height.Value >> (64 - PlaceBits) == 0, "a height has at most 40 bits");
        Invariant.Check(place >> PlaceBits == 0, "a place in a height has at most 24 bits");
        return new(prefix, (height.Value << PlaceBits) | (uint)place);
    }

    public (Height Height, int Place) Where => (new(Locator >> PlaceBits), (int)(Locator & ((1 << PlaceBits) - 1)));
}

/// <summary>
/// A file of entries that are spread over buckets by the first bits of their prefix, which are random: a look-up reads
/// one bucket. Nothing is sorted, so that writing costs a few nanoseconds per entry.
/// <code>
/// 0 "SSQTXRUN" | 8 u16 version | 10 u16 0 | 12 u32 entries | 16 u64 first height | 24 u64 last height
/// 32 per bucket: u32 number of entries, u32 crc of them | then u32 crc of everything before | entries from 16384
/// an entry: u64 prefix | u64 locator, in the machine's (little-endian) order: the file never leaves the machine
/// </code>
/// </summary>
internal sealed class TransactionRun : IDisposable
{
    private const ushort Version = 1;
    private const int BucketBits = 10;
    private const int Buckets = 1 << BucketBits;
    private const int TableStart = 32;

    // A sixteenth of a run: 256 KiB.
    private const int GroupBuckets = Buckets / 16;
    private const int HeaderBytes = 16 * 1024;
    private const int HeaderUsed = TableStart + Buckets * 8 + 4;
    private readonly IStorageFile _file;
    private readonly string _path;
    private readonly int[] _starts = new int[Buckets + 1];
    private readonly uint[] _crcs = new uint[Buckets];

    private TransactionRun(IStorageFile file, string path, ReadOnlySpan<byte> header)
    {
        _file = file;
        _path = path;
        FirstHeight = new(BinaryPrimitives.ReadUInt64LittleEndian(header[16..]));
        LastHeight = new(BinaryPrimitives.ReadUInt64LittleEndian(header[24..]));
        for (int i = 0; i < Buckets; i++)
        {
            _starts[i + 1] = _starts[i] + BinaryPrimitives.ReadInt32LittleEndian(header[(TableStart + i * 8)..]);
            _crcs[i] = BinaryPrimitives.ReadUInt32LittleEndian(header[(TableStart + i * 8 + 4)..]);
        }
    }

    public Height FirstHeight { get; }

    public Height LastHeight { get; }

    public int Count => _starts[Buckets];

    public string Path => _path;

    private static ReadOnlySpan<byte> Magic => "SSQTXRUN"u8;

    /// <summary>Opens a run; null if it is not whole.</summary>
    public static TransactionRun? Open(string path, IFileLayer files)
    {
        IStorageFile file = files.Open(path, FileOpening.ReadOnly);
        byte[] header = new byte[HeaderUsed];
        bool isWhole = TryRead(file, header, 0) && IsIntact(header, file.Length);
        if (isWhole) return new TransactionRun(file, path, header);
        file.Dispose();
        return null;
    }

    /// <summary>Writes a run and makes it durable under its name.</summary>
    public static TransactionRun Write(
        string path, IFileLayer files, Height first, Height last, ReadOnlySpan<TransactionEntry> entries)
    {
        byte[] header = new byte[HeaderUsed];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), entries.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), first.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), last.Value);
        using (FileReplacement part = new(files, path))
        {
            WriteBuckets(part.File, entries, header);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderUsed - 4), Crc32C.Of(header.AsSpan(..(HeaderUsed - 4))));
            part.File.Write(header, 0);
            part.Commit();
        }
        return new TransactionRun(files.Open(path, FileOpening.ReadOnly), path, header);
    }

    /// <summary>Adds the places of a prefix, newest first.</summary>
    public void Find(ulong prefix, List<(Height Height, int Place)> found)
    {
        int bucket = BucketOf(prefix);
        int count = _starts[bucket + 1] - _starts[bucket];
        if (count == 0) return;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(count * TransactionEntry.Size);
        try
        {
            ReadOnlySpan<TransactionEntry> entries = ReadBucket(bucket, buffer);
            for (int i = entries.Length - 1; i >= 0; i--)
                if (entries[i].Prefix == prefix) found.Add(entries[i].Where);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>All entries, bucket by bucket.</summary>
    public IEnumerable<TransactionEntry> All()
    {
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            byte[] buffer = new byte[(_starts[bucket + 1] - _starts[bucket]) * TransactionEntry.Size];
            foreach (TransactionEntry entry in ReadBucket(bucket, buffer).ToArray()) yield return entry;
        }
    }

    public void Dispose() => _file.Dispose();

    private static int BucketOf(ulong prefix) => (int)(prefix >> (64 - BucketBits));

    private ReadOnlySpan<TransactionEntry> ReadBucket(int bucket, Span<byte> buffer)
    {
        Span<byte> bytes = buffer[..((_starts[bucket + 1] - _starts[bucket]) * TransactionEntry.Size)];
        long offset = HeaderBytes + (long)_starts[bucket] * TransactionEntry.Size;
        if (!TryRead(_file, bytes, offset) || Crc32C.Of(bytes) != _crcs[bucket])
        {
            throw new StorageException(
                StorageRejection.Corrupted,
                $"{StorageRejection.Corrupted}: the transaction index {_path} at offset {offset}; "
                + "run: sharedseq store rebuild",
                _path,
                offset);
        }
        return MemoryMarshal.Cast<byte, TransactionEntry>(bytes);
    }

    private static bool TryRead(IStorageFile file, Span<byte> target, long offset)
    {
        try
        {
            return file.Read(target, offset) == target.Length;
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            return false;
        }
    }

    private static bool IsIntact(ReadOnlySpan<byte> header, long length)
    {
        if (!header[..8].SequenceEqual(Magic)) return false;
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) != Version) return false;
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(header[(HeaderUsed - 4)..]);
        if (crc != Crc32C.Of(header[..(HeaderUsed - 4)])) return false;
        long entries = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        long inBuckets = 0;
        for (int i = 0; i < Buckets; i++) inBuckets += BinaryPrimitives.ReadUInt32LittleEndian(header[(TableStart + i * 8)..]);
        return inBuckets == entries && entries <= int.MaxValue / TransactionEntry.Size && length == HeaderBytes + entries * TransactionEntry.Size;
    }

    /// <summary>
    /// Every entry into its bucket in the order it came; a pass over all of them for each group of buckets, so that a group is in memory and not all.
    /// </summary>
    private static void WriteBuckets(IStorageFile part, ReadOnlySpan<TransactionEntry> entries, Span<byte> header)
    {
        int[] starts = new int[Buckets + 1];
        foreach (TransactionEntry entry in entries) starts[BucketOf(entry.Prefix) + 1]++;
        for (int i = 0; i < Buckets; i++) starts[i + 1] += starts[i];
        int[] next = [.. starts];
        for (int group = 0; group < Buckets; group += GroupBuckets)
        {
            (int first, int end) = (starts[group], starts[group + GroupBuckets]);
            byte[] buffer = ArrayPool<byte>.Shared.Rent((end - first) * TransactionEntry.Size);
            Span<byte> bytes = buffer.AsSpan(0, (end - first) * TransactionEntry.Size);
            Span<TransactionEntry> target = MemoryMarshal.Cast<byte, TransactionEntry>(bytes);
            foreach (ref readonly TransactionEntry entry in entries)
            {
                int bucket = BucketOf(entry.Prefix);
                if (bucket / GroupBuckets == group / GroupBuckets) target[next[bucket]++ - first] = entry;
            }

            part.Write(bytes, HeaderBytes + ((long)first * TransactionEntry.Size));
            for (int i = group; i < group + GroupBuckets; i++)
            {
                ReadOnlySpan<TransactionEntry> bucket = target[(starts[i] - first)..(starts[i + 1] - first)];
                BinaryPrimitives.WriteInt32LittleEndian(header[(TableStart + i * 8)..], bucket.Length);
                BinaryPrimitives.WriteUInt32LittleEndian(header[(TableStart + i * 8 + 4)..], Crc32C.Of(MemoryMarshal.AsBytes(bucket)));
            }

            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

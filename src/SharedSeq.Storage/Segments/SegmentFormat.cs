using System.Buffers.Binary;
using System.Security.Cryptography;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>Which log a segment belongs to. Persisted; numbers are stable.</summary>
public enum LogKind : byte
{
    Votes = 1,
    Batches = 2,
}

/// <summary>A log's random identity, drawn when it is created: tells two logs of one key apart.</summary>
public readonly record struct LogInstanceId(UInt128 Value)
{
    public const int Size = 16;

    public static LogInstanceId Create()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return new(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The first bytes of a segment file.</summary>
internal readonly record struct SegmentHeader(LogKind Kind, LogInstanceId Instance, uint Number, long FirstPosition);

/// <summary>
/// The fixed part in front of every record.
/// <see cref="GroupIndex"/> is the record's place in the group that was written and synced together: everything before
/// <see cref="GroupFirst"/> was durable before this record was written. That tells a torn tail, where any part of the
/// last group may be missing, from damage to what was durable.
/// </summary>
internal readonly record struct RecordHeader(
    int Length, uint HeadCrc, uint BodyCrc, byte Kind, byte HeadLength, uint GroupIndex, long Position)
{
    /// <summary>Bytes in the file: header, payload and padding.</summary>
    public long TotalBytes => SegmentFormat.TotalBytes(Length);

    public long GroupFirst => Position - GroupIndex;
}

/// <summary>
/// The bytes of segments and records (format 1), big-endian. The checksum of a record's header and head starts from a
/// salt of log instance and segment number, so a record left over in a recycled segment is never valid there. The body
/// has its own checksum, which the header's covers, so that opening can verify heads without reading bodies.
/// <code>
/// segment: 0 "SSQSEGMT" | 8 u16 format | 10 u8 log kind | 11 u8 0 | 12 instance (16 bytes)
///          28 u32 number | 32 u64 first position | 40 u32 crc of 0-39 | records from 4096, each at a multiple of 8
/// record:  0 u32 payload length | 4 u32 crc of (salt, 0-3, 8-27, head) | 8 u32 crc of body | 12 u8 kind
///          13 u8 head length | 14 u16 0 | 16 u32 index in group | 20 u64 log position
///          28 head, body, zeros up to a multiple of 8
/// group:   records, then at least 32 zeros, up to the end of a page, where room is left; the next group overwrites
/// them
/// </code>
/// </summary>
internal static class SegmentFormat
{
    public const ushort Version = 1;

    /// <summary>A page of its own, so that writing the first records can not tear the header.</summary>
    public const int HeaderBytes = 4096;

    public const int RecordHeaderBytes = 28;

    /// <summary>
    /// Least number of zeros written behind the last record of a group, where room is left: the log visibly ends there.
    /// </summary>
    public const int TerminatorBytes = 32;

    /// <summary>
    /// Groups are written to the end of a page, so that the system never reads a page in order to write it.
    /// </summary>
    public const int PageBytes = 4096;

    public const int Alignment = 8;

    /// <summary>
    /// Written as the last record when a log is closed in order: afterwards nothing can be a torn tail.
    /// </summary>
    public const byte ClosedKind = 255;

    private const int HeaderUsed = 44;
    private static ReadOnlySpan<byte> Magic => "SSQSEGMT"u8;

    public static long TotalBytes(int payloadLength) =>
        ((long)RecordHeaderBytes + payloadLength + Alignment - 1) & ~(Alignment - 1L);

    /// <summary>Zeros to write behind a group that ends at an offset, with this much room behind.</summary>
    public static int TerminatorFor(long endOffset, long room)
    {
        long pageEnd = (endOffset + TerminatorBytes + PageBytes - 1) & ~(PageBytes - 1L);
        return (int)long.Min(pageEnd - endOffset, room);
    }

    public static uint Salt(LogInstanceId instance, uint number)
    {
        Span<byte> text = stackalloc byte[LogInstanceId.Size + sizeof(uint)];
        BinaryPrimitives.WriteUInt128BigEndian(text, instance.Value);
        BinaryPrimitives.WriteUInt32BigEndian(text[LogInstanceId.Size..], number);
        return Crc32C.Add(Crc32C.Start, text);
    }

    public static void WriteHeader(Span<byte> page, in SegmentHeader header)
    {
        page[..HeaderBytes].Clear();
        Magic.CopyTo(page);
        BinaryPrimitives.WriteUInt16BigEndian(page[8..], Version);
        page[10] = (byte)header.Kind;
        BinaryPrimitives.WriteUInt128BigEndian(page[12..], header.Instance.Value);
        BinaryPrimitives.WriteUInt32BigEndian(page[28..], header.Number);
        BinaryPrimitives.WriteInt64BigEndian(page[32..], header.FirstPosition);
        BinaryPrimitives.WriteUInt32BigEndian(page[40..], Crc32C.Of(page[..40]));
    }

    /// <summary>Reads a segment header; None, Corrupted or NewerFormat.</summary>
    public static StorageRejection TryReadHeader(ReadOnlySpan<byte> page, out SegmentHeader header)
    {
        header = default;
        if (page.Length < HeaderUsed || !page[..8].SequenceEqual(Magic)) return StorageRejection.Corrupted;
        // The version is looked at first: a newer format may have another checksum.
        if (BinaryPrimitives.ReadUInt16BigEndian(page[8..]) > Version) return StorageRejection.NewerFormat;
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(page[40..]);
        if (crc != Crc32C.Of(page[..40])) return StorageRejection.Corrupted;
        header = new(
            (LogKind)page[10],
            new(BinaryPrimitives.ReadUInt128BigEndian(page[12..])),
            BinaryPrimitives.ReadUInt32BigEndian(page[28..]),
            BinaryPrimitives.ReadInt64BigEndian(page[32..]));
        return StorageRejection.None;
    }

    public static void WriteRecord(
        Span<byte> target, uint salt, byte kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body,
        long position, uint groupIndex)
    {
        Invariant.Check(kind != 0, "a record has a kind");
        Invariant.Check(head.Length <= byte.MaxValue, "a head has at most 255 bytes");
        int length = head.Length + body.Length;
        BinaryPrimitives.WriteInt32BigEndian(target, length);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], Crc32C.Of(body));
        target[12] = kind;
        target[13] = (byte)head.Length;
        BinaryPrimitives.WriteUInt16BigEndian(target[14..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(target[16..], groupIndex);
        BinaryPrimitives.WriteInt64BigEndian(target[20..], position);
        head.CopyTo(target[RecordHeaderBytes..]);
        body.CopyTo(target[(RecordHeaderBytes + head.Length)..]);
        target[(RecordHeaderBytes + length)..(int)TotalBytes(length)].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], HeadCrc(target, salt, head.Length));
    }

    /// <summary>Takes the fixed part apart without judging it.</summary>
    public static RecordHeader ReadRecordHeader(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt32BigEndian(bytes),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        bytes[12],
        bytes[13],
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
        BinaryPrimitives.ReadInt64BigEndian(bytes[20..]));

    /// <summary>
    /// Whether the fields can be a record that ends at or before <paramref name="room"/> bytes from its start.
    /// </summary>
    public static bool IsPlausible(in RecordHeader header, long room, int recordBytesMax) =>
        header.Kind != 0
        && header.Length >= header.HeadLength
        && header.Length <= recordBytesMax
        && header.TotalBytes <= room
        && header.Position > 0
        && header.GroupIndex < header.Position;

    /// <summary>Checks header and head; <paramref name="bytes"/> starts at the record and covers its head.</summary>
    public static bool HeadIsIntact(ReadOnlySpan<byte> bytes, in RecordHeader header, uint salt) =>
        HeadCrc(bytes, salt, header.HeadLength) == header.HeadCrc;

    /// <summary>Checks the body; <paramref name="bytes"/> starts at the record and covers it whole.</summary>
    public static bool BodyIsIntact(ReadOnlySpan<byte> bytes, in RecordHeader header)
    {
        int bodyStart = RecordHeaderBytes + header.HeadLength;
        return Crc32C.Of(bytes.Slice(bodyStart, header.Length - header.HeadLength)) == header.BodyCrc;
    }

    private static uint HeadCrc(ReadOnlySpan<byte> bytes, uint salt, int headLength)
    {
        uint state = Crc32C.Add(salt, bytes[..4]);
        return Crc32C.Finish(Crc32C.Add(state, bytes[8..(RecordHeaderBytes + headLength)]));
    }
}

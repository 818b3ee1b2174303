using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Reads one segment from front to back through a window, checking each record; used to open, replay and examine.
/// </summary>
internal sealed class SegmentReader(SegmentFile segment, int recordBytesMax, bool checkBodies)
{
    /// <summary>Small: with bodies left out, most of a window that ends in a body would be read for nothing.</summary>
    private const int HeadWindowBytes = 16 * 1024;

    private const int FullWindowBytes = 1024 * 1024;
    private byte[] _window = new byte[checkBodies ? FullWindowBytes : HeadWindowBytes];
    private long _windowStart;
    private int _windowLength;

    /// <summary>Where the next record would start.</summary>
    public long Offset { get; private set; } = SegmentFormat.HeaderBytes;

    /// <summary>Position the next record must have.</summary>
    public long NextPosition { get; private set; } = segment.FirstPosition;

    public RecordHeader Current { get; private set; }

    public long CurrentOffset { get; private set; }

    /// <summary>Steps to the next intact record; false at the first that is not one.</summary>
    public bool TryNext()
    {
        if (!TryReadAt(Offset, out RecordHeader header) || header.Position != NextPosition) return false;
        if (checkBodies && !SegmentFormat.BodyIsIntact(Peek(Offset, (int)header.TotalBytes), header)) return false;
        Current = header;
        CurrentOffset = Offset;
        Offset += header.TotalBytes;
        NextPosition++;
        return true;
    }

    /// <summary>Head of the current record; valid until the next step.</summary>
    public ReadOnlySpan<byte> CurrentHead() =>
        Peek(CurrentOffset, SegmentFormat.RecordHeaderBytes + Current.HeadLength)[SegmentFormat.RecordHeaderBytes..];

    /// <summary>Head and body of the current record; valid until the next step.</summary>
    public ReadOnlySpan<byte> CurrentPayload() =>
        Peek(CurrentOffset, SegmentFormat.RecordHeaderBytes + Current.Length)[SegmentFormat.RecordHeaderBytes..];

    /// <summary>
    /// Looks behind the end for records of this segment that were written later: <paramref name="staleEnd"/> is the end
    /// of the last intact head found (0: none). True if one of them proves that the record missing at the end was
    /// durable.
    /// </summary>
    public bool FindsLossOfDurableRecords(out long staleEnd)
    {
        staleEnd = 0;
        long end = segment.Capacity;
        for (long offset = Offset; offset + SegmentFormat.RecordHeaderBytes <= end; offset += SegmentFormat.Alignment)
        {
            RecordHeader header = SegmentFormat.ReadRecordHeader(Peek(offset, SegmentFormat.RecordHeaderBytes));
            long ahead = header.Position - NextPosition;
            // Positions of older lives of this file are lower, and there is no room for much higher ones.
            if (ahead < 0 || ahead > (end - Offset) / SegmentFormat.RecordHeaderBytes) continue;
            if (!TryReadAt(offset, out header)) continue;
            if (header.GroupFirst > NextPosition) return true;
            staleEnd = long.Max(staleEnd, offset + header.TotalBytes);
        }
        return false;
    }

    /// <summary>Whether any intact record head of this segment exists at all, whatever its position.</summary>
    public bool HoldsAnyRecord()
    {
        long end = segment.Capacity - SegmentFormat.RecordHeaderBytes;
        for (long offset = Offset; offset <= end; offset += SegmentFormat.Alignment)
            if (TryReadAt(offset, out _)) return true;
        return false;
    }

    private bool TryReadAt(long offset, out RecordHeader header)
    {
        header = default;
        long room = segment.Capacity - offset;
        if (room < SegmentFormat.RecordHeaderBytes) return false;
        header = SegmentFormat.ReadRecordHeader(Peek(offset, SegmentFormat.RecordHeaderBytes));
        if (!SegmentFormat.IsPlausible(header, room, recordBytesMax)) return false;
        ReadOnlySpan<byte> bytes = Peek(offset, SegmentFormat.RecordHeaderBytes + header.HeadLength);
        return SegmentFormat.HeadIsIntact(bytes, header, segment.Salt);
    }

    private ReadOnlySpan<byte> Peek(long offset, int count)
    {
        if (offset < _windowStart || offset + count > _windowStart + _windowLength)
        {
            if (count > _window.Length) _window = new byte[count];
            _windowStart = offset;
            _windowLength = segment.Read(_window, offset);
            Invariant.Check(_windowLength >= count, $"{segment.Path} is shorter than when it was opened");
        }
        return _window.AsSpan((int)(offset - _windowStart), count);
    }
}

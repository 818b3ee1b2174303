using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Finds the segments of a log, judges them and walks their records. Shared by opening, which repairs a torn tail, and
/// by examining, which changes nothing.
/// </summary>
internal sealed class SegmentRecovery : IDisposable
{
    private readonly SegmentLogOptions _options;
    private readonly List<SegmentFile> _segments = [];
    private bool _isHandedOver;

    private SegmentRecovery(SegmentLogOptions options) => _options = options;

    /// <summary>The log's segments, oldest first; empty for a new log.</summary>
    public IReadOnlyList<SegmentFile> Segments => _segments;

    public LogInstanceId Instance { get; private set; }

    /// <summary>A last segment whose creation a crash interrupted: it holds no record and becomes a spare.</summary>
    public string? Unstarted { get; private set; }

    /// <summary>After <see cref="Walk"/>: where the next record goes in the last segment.</summary>
    public long EndOffset { get; private set; } = SegmentFormat.HeaderBytes;

    public long NextPosition { get; private set; } = 1;

    /// <summary>
    /// After <see cref="Walk"/>: end of the remains of a torn write behind <see cref="EndOffset"/>, 0 if there are
    /// none.
    /// </summary>
    public long StaleEnd { get; private set; }

    public bool ClosedInOrder { get; private set; }

    /// <summary>Opens the segment files and checks their headers and numbers.</summary>
    public static SegmentRecovery Find(SegmentLogOptions options, FileOpening opening)
    {
        SegmentRecovery found = new(options);
        try
        {
            found.OpenSegments(opening);
            return found;
        }
        catch
        {
            found.Dispose();
            throw;
        }
    }

    /// <summary>Visits every record; throws where durable records are damaged.</summary>
    public void Walk(bool checkBodies, RecordVisitor visit)
    {
        for (int i = 0; i < _segments.Count; i++)
        {
            bool isLast = i == _segments.Count - 1;
            SegmentReader reader = new(_segments[i], _options.RecordBytesMax, checkBodies || isLast);
            long end = isLast ? long.MaxValue : _segments[i + 1].FirstPosition;
            while (reader.NextPosition < end && reader.TryNext())
            {
                ClosedInOrder = reader.Current.Kind == SegmentFormat.ClosedKind;
                RecordLocation location = new(_segments[i].Number, (uint)reader.CurrentOffset, reader.Current.Length);
                try
                {
                    visit(reader.Current.Kind, reader.Current.Position, location, reader.CurrentHead());
                }
                catch (DecodeException e)
                {
                    Damaged($"a record's head is not of this log ({e.Message})", _segments[i].Path, reader.CurrentOffset);
                }
            }
            if (isLast) EndAt(reader);
            else if (reader.NextPosition != end)
                Damaged("a durable record can not be read", _segments[i].Path, reader.Offset);
        }
    }

    /// <summary>The caller now owns the open segments.</summary>
    public void HandOver() => _isHandedOver = true;

    public void Dispose()
    {
        if (_isHandedOver) return;
        foreach (SegmentFile segment in _segments) segment.Dispose();
    }

    private void EndAt(SegmentReader reader)
    {
        EndOffset = reader.Offset;
        NextPosition = reader.NextPosition;
        SegmentFile last = _segments[^1];
        if (reader.FindsLossOfDurableRecords(out long staleEnd))
            Damaged("a durable record can not be read, later ones can", last.Path, reader.Offset);
        StaleEnd = staleEnd;
        if (StaleEnd > 0) return;
        // Every group is written with zeros behind it: anything else there is the first record of a torn group.
        Span<byte> next = stackalloc byte[SegmentFormat.RecordHeaderBytes];
        int read = last.Read(next, EndOffset);
        if (next[..read].ContainsAnyExcept((byte)0)) StaleEnd = EndOffset + read;
    }

    private void OpenSegments(FileOpening opening)
    {
        List<(uint Number, string Name)> names = [];
        foreach (string name in _options.Files.Names(_options.Folder))
            if (SegmentStore.TryParseName(name, out uint number)) names.Add((number, name));
        for (int i = 0; i < names.Count; i++)
        {
            string path = Path.Combine(_options.Folder, names[i].Name);
            if (i > 0 && names[i].Number != names[i - 1].Number + 1)
                throw new StorageException(
                    StorageRejection.MissingSegment,
                    $"{StorageRejection.MissingSegment}: segment {names[i - 1].Number + 1} before {path} is missing. "
                    + $"Nothing was changed. Examine it with: {StorageException.CheckCommand(_options.DataFolder)}",
                    path);
            OpenSegment(path, names[i].Number, i == names.Count - 1, opening);
        }
    }

    private void OpenSegment(string path, uint number, bool isLast, FileOpening opening)
    {
        SegmentFile segment = new(_options.Files.Open(path, opening), path);
        byte[] page = new byte[SegmentFormat.HeaderBytes];
        int read = segment.Read(page, 0);
        StorageRejection verdict = SegmentFormat.TryReadHeader(page.AsSpan(0, read), out SegmentHeader header);
        if (verdict == StorageRejection.None && header.Number == number)
        {
            _segments.Add(segment);
            if (header.Kind != _options.Kind || (_segments.Count > 1 && header.Instance != Instance))
                StorageException.ThrowDamaged(
                    StorageRejection.ForeignFile, "a segment of another log", path, 0, _options.DataFolder);
            Instance = header.Instance;
            segment.BecomeNumber(header.Instance, header.Number, header.FirstPosition);
            return;
        }
        bool isNewer = verdict == StorageRejection.NewerFormat;
        bool neverStarted = isLast && !isNewer && IsUnstarted(segment, number, page.AsSpan(0, read));
        segment.Dispose();
        if (isNewer) StorageException.ThrowDamaged(verdict, "a newer format", path, 0, _options.DataFolder);
        if (!neverStarted) Damaged("the segment's header can not be read", path, 0);
        Unstarted = path;
    }

    /// <summary>
    /// Headers are durable before any record is written: a last segment without one that holds no record of its number
    /// was never started. Without another segment the number's salt is not known; then only an empty file counts.
    /// </summary>
    private bool IsUnstarted(SegmentFile segment, uint number, ReadOnlySpan<byte> page)
    {
        if (_segments.Count == 0) return !page.ContainsAnyExcept((byte)0) && IsAllZero(segment);
        // Its first position is above everything in the segment before it; how far is not known here.
        segment.BecomeNumber(Instance, number, _segments[^1].FirstPosition);
        return !new SegmentReader(segment, _options.RecordBytesMax, checkBodies: false).HoldsAnyRecord();
    }

    private static bool IsAllZero(SegmentFile segment)
    {
        byte[] slice = new byte[1024 * 1024];
        for (long offset = 0; offset < segment.Capacity; offset += slice.Length)
        {
            int read = segment.Read(slice, offset);
            if (slice.AsSpan(0, read).ContainsAnyExcept((byte)0)) return false;
        }
        return true;
    }

    private void Damaged(string what, string path, long offset) =>
        StorageException.ThrowDamaged(StorageRejection.Corrupted, what, path, offset, _options.DataFolder);
}

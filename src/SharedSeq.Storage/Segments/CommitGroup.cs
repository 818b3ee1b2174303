using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>A stretch of one segment inside a group's buffer, written with one call.</summary>
internal struct CommitRun
{
    public SegmentFile Segment;
    public long FileOffset;
    public int Start;
    public int Length;

    /// <summary>The segment must be activated before this run is written.</summary>
    public bool OpensSegment;
}

/// <summary>
/// Encoded records that will be written and synced together. One is filled while the other is written.
/// </summary>
internal sealed class CommitGroup
{
    private const int FirstBufferBytes = 256 * 1024;

    // A buffer up to this size is kept: large ones that come and go leave holes where they were. Above what 40 ms bring at 25 MB/s.
    private const int KeptBufferBytes = 1024 * 1024;

    // What a burst gets at once; memory that it does not reach costs nothing.
    private const int BurstBufferBytes = 4 * 1024 * 1024;

    // Groups in a row that needed no burst's buffer, after which it is given up.
    private const int SmallGroupsMax = 256;
    private byte[] _kept = new byte[FirstBufferBytes];
    private byte[] _buffer;
    private int _smallGroups;
    private readonly List<CommitRun> _runs = [];

    public CommitGroup() => _buffer = _kept;

    public int Length { get; private set; }

    public long LastPosition { get; private set; }

    public int Records { get; private set; }

    public IReadOnlyList<CommitRun> Runs => _runs;

    public ReadOnlySpan<byte> BytesOf(in CommitRun run) => _buffer.AsSpan(run.Start, run.Length);

    public void StartRun(SegmentFile segment, long fileOffset, bool opensSegment) => _runs.Add(new CommitRun
    {
        Segment = segment,
        FileOffset = fileOffset,
        Start = Length,
        Length = 0,
        OpensSegment = opensSegment,
    });

    /// <summary>Room for one record at the end of the last run.</summary>
    public Span<byte> Reserve(int bytes, long position)
    {
        Invariant.Check(_runs.Count > 0, "a record belongs to a run");
        if (Length + bytes > _buffer.Length) Grow(Length + bytes);
        CommitRun run = _runs[^1];
        run.Length += bytes;
        _runs[^1] = run;
        Span<byte> target = _buffer.AsSpan(Length, bytes);
        Length += bytes;
        LastPosition = position;
        Records++;
        return target;
    }

    /// <summary>Adds the zeros that end the log to the last run.</summary>
    public void Terminate(int bytes)
    {
        int records = Records;
        if (bytes > 0) Reserve(bytes, LastPosition).Clear();
        Records = records;
    }

    /// <summary>
    /// The bytes of a record that is in this group and may not be in its file yet; empty if it is not here.
    /// </summary>
    public ReadOnlySpan<byte> Find(RecordLocation location)
    {
        foreach (CommitRun run in _runs)
        {
            if (run.Segment.Number != location.Segment) continue;
            long within = location.Offset - run.FileOffset;
            if (within < 0 || within >= run.Length) continue;
            return _buffer.AsSpan(run.Start + (int)within, (int)SegmentFormat.TotalBytes(location.Length));
        }
        return default;
    }

    public void Clear()
    {
        _smallGroups = Length <= KeptBufferBytes ? _smallGroups + 1 : 0;
        if (_smallGroups > SmallGroupsMax) _buffer = _kept;
        _runs.Clear();
        Length = 0;
        Records = 0;
    }

    private void Grow(int least)
    {
        bool isKept = least <= KeptBufferBytes;
        int size = isKept ? int.Max(least, int.Min(KeptBufferBytes, 2 * _kept.Length)) : int.Max(least, BurstBufferBytes);
        byte[] larger = GC.AllocateUninitializedArray<byte>(size);
        _buffer.AsSpan(0, Length).CopyTo(larger);
        _buffer = larger;
        if (isKept) _kept = larger;
        else _smallGroups = 0;
    }
}

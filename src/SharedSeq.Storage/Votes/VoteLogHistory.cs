using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// What the heads of a vote log's records tell while it is opened: where replay starts, what a torn snapshot left
/// behind, how far it had voted and how often it was started.
/// </summary>
internal sealed class VoteLogHistory
{
    private readonly List<(long First, long Last)> _torn = [];
    private long _snapshotAt;
    private long _snapshotEnd;

    /// <summary>Begin of the newest complete snapshot, or the beginning of the log.</summary>
    public long ReplayFrom { get; private set; } = 1;

    public VotePosition HighestVoted { get; private set; }

    /// <summary>Number of starts recorded.</summary>
    public ulong Incarnation { get; private set; }

    public void Visit(byte kind, long position, RecordLocation location, ReadOnlySpan<byte> head)
    {
        // A snapshot is written whole or torn; only a later start can follow a torn one.
        if (_snapshotAt > 0 && kind > VoteLog.KindMax) AbandonSnapshot(position);
        var reader = new CanonicalReader(head);
        switch (kind)
        {
            case VoteLog.SnapshotKind:
                _snapshotAt = position;
                Raise(VoteLog.ReadVoted(ref reader));
                _snapshotEnd = position + reader.U32();
                Incarnation = ulong.Max(Incarnation, reader.U64());
                break;
            case VoteLog.IncarnationKind:
                Incarnation = ulong.Max(Incarnation, reader.U64());
                break;
            case <= VoteLog.KindMax:
                Raise(VoteLog.ReadVoted(ref reader));
                break;
            default:
                if (kind != SegmentFormat.ClosedKind) DecodeException.Throw(DecodeRejection.UnknownValue, $"kind {kind} of a vote log record");
                break;
        }
        reader.End("head of a vote log record");
        if (_snapshotAt == 0 || position != _snapshotEnd) return;
        ReplayFrom = _snapshotAt;
        _snapshotAt = 0;
    }

    /// <summary>Called after the last record.</summary>
    public void Finish(long lastPosition)
    {
        if (_snapshotAt > 0) AbandonSnapshot(lastPosition);
    }

    /// <summary>Whether a record belongs to a snapshot that was never complete.</summary>
    public bool IsTorn(long position) => _torn.Exists(range => position >= range.First && position <= range.Last);

    private void AbandonSnapshot(long last)
    {
        _torn.Add((_snapshotAt, last));
        _snapshotAt = 0;
    }

    private void Raise(VotePosition voted)
    {
        if (voted > HighestVoted) HighestVoted = voted;
    }
}

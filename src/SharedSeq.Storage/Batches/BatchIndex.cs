using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// Where batches and blocks lie, and what each segment holds, which decides when it may be recycled. Rebuilt from the
/// heads of records on opening. Locked by its owner.
/// </summary>
internal sealed class BatchIndex
{
    private readonly SortedDictionary<LaneId, PlaceIndex> _lanes = [];
    private readonly SortedDictionary<uint, SegmentContent> _segments = [];

    public PlaceIndex Blocks { get; } = new();

    /// <summary>Lanes of earlier epochs are gone.</summary>
    public Epoch PrunedBelowEpoch { get; private set; }

    /// <summary>Entries that memory is held for, 32 bytes each.</summary>
    public long Capacity => Blocks.Capacity + _lanes.Values.Sum(places => places.Capacity);

    public IEnumerable<(LaneId Lane, PlaceIndex Places)> Lanes => _lanes.Select(pair => (pair.Key, pair.Value));

    public PlaceIndex? Lane(LaneId lane) => _lanes.GetValueOrDefault(lane);

    public void AddBatch(in BatchKey key, RecordLocation location)
    {
        if (!_lanes.TryGetValue(key.Lane, out PlaceIndex? places)) _lanes[key.Lane] = places = new PlaceIndex();
        places.Add(key.Seq.Value, IndexedRecord.Of(location, key.Marks, key.Digest));
        SegmentContent content = Content(location.Segment);
        content.LastSeq[key.Lane] = ulong.Max(content.LastSeq.GetValueOrDefault(key.Lane), key.Seq.Value);
    }

    public void AddBlock(Height height, RecordLocation location)
    {
        Blocks.Add(height.Value, IndexedRecord.Of(location, BatchMarks.None, Hash32.Zero));
        AddHeight(height, location);
    }

    public void AddHeight(Height height, RecordLocation location)
    {
        SegmentContent content = Content(location.Segment);
        content.LastHeight = ulong.Max(content.LastHeight, height.Value);
    }

    /// <summary>The lowest segment that holds something to keep, or that may still be written.</summary>
    public uint FirstNeeded(BatchRetention keep, uint writtenSegment)
    {
        SortedDictionary<LaneId, ulong> from = [];
        foreach (LaneStart start in keep.Lanes) from[start.Lane] = start.From.Value;
        foreach ((uint segment, SegmentContent content) in _segments)
        {
            bool holdsHeight = content.LastHeight > 0 && content.LastHeight >= keep.FromHeight.Value;
            if (segment >= writtenSegment || holdsHeight) return segment;
            foreach ((LaneId lane, ulong last) in content.LastSeq)
            {
                bool isGone = lane.Epoch < PrunedBelowEpoch || last < (Lane(lane)?.PrunedBelow ?? 0);
                if (!isGone && last >= from.GetValueOrDefault(lane)) return segment;
            }
        }
        return writtenSegment;
    }

    /// <summary>Forgets the segments below a number and moves the marks behind what they held.</summary>
    public void RemoveSegmentsBelow(uint segment)
    {
        while (_segments.Count > 0 && _segments.First() is var (oldest, content) && oldest < segment)
        {
            _segments.Remove(oldest);
            if (content.LastHeight > 0) Blocks.RemoveBelow(content.LastHeight + 1);
            foreach ((LaneId lane, ulong last) in content.LastSeq) Lane(lane)?.RemoveBelow(last + 1);
        }
        DropEmptyEpochs();
    }

    /// <summary>Marks as bytes: heights below, epoch below, lanes with their sequences below.</summary>
    public byte[] EncodeMarks()
    {
        CanonicalWriter writer = new();
        writer.U64(Blocks.PrunedBelow);
        writer.U64(PrunedBelowEpoch.Value);
        foreach ((LaneId lane, PlaceIndex places) in _lanes)
        {
            if (places.PrunedBelow == 0) continue;
            writer.Lane(lane);
            writer.U64(places.PrunedBelow);
        }
        return writer.ToArray();
    }

    public void ApplyMarks(ReadOnlySpan<byte> marks)
    {
        CanonicalReader reader = new(marks);
        Blocks.RemoveBelow(reader.U64());
        PrunedBelowEpoch = new(reader.U64());
        while (reader.Remaining > 0)
        {
            LaneId lane = reader.Lane();
            if (!_lanes.TryGetValue(lane, out PlaceIndex? places)) _lanes[lane] = places = new PlaceIndex();
            places.RemoveBelow(reader.U64());
        }
        foreach (LaneId lane in _lanes.Keys.Where(lane => lane.Epoch < PrunedBelowEpoch).ToArray()) _lanes.Remove(lane);
    }

    public static Height ReadHeight(ReadOnlySpan<byte> head)
    {
        CanonicalReader reader = new(head);
        Height height = new(reader.U64());
        reader.End("head of a record with a height");
        if (height.Value == ulong.MaxValue) DecodeException.Throw(DecodeRejection.OverLimit, "height of a record");
        return height;
    }

    /// <summary>
    /// Lanes end with their epoch: once the oldest epochs hold nothing, one mark stands for all their lanes.
    /// </summary>
    private void DropEmptyEpochs()
    {
        foreach (Epoch epoch in _lanes.Keys.Select(lane => lane.Epoch).Distinct().SkipLast(1).ToArray())
        {
            LaneId[] lanes = [.. _lanes.Keys.Where(lane => lane.Epoch == epoch)];
            if (lanes.Any(lane => !_lanes[lane].IsEmpty)) return;
            PrunedBelowEpoch = epoch.Next();
            foreach (LaneId lane in lanes) _lanes.Remove(lane);
        }
    }

    private SegmentContent Content(uint segment)
    {
        if (!_segments.TryGetValue(segment, out SegmentContent? content))
            _segments[segment] = content = new SegmentContent();
        return content;
    }

    private sealed class SegmentContent
    {
        public ulong LastHeight { get; set; }

        public SortedDictionary<LaneId, ulong> LastSeq { get; } = [];
    }
}

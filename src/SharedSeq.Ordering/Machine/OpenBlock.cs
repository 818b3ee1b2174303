using System;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The block of a namespace that is being filled: append-only, so what a height placed stays where it is.</summary>
internal sealed class OpenBlock
{
    private readonly MerkleFrontier _frontier = new();
    private BatchSegment[] _segments = [];
    private int[] _indexes = [];
    private int _segmentCount;
    private int _count;
    private int _lastSlot = -1;

    public int Count => _count;

    /// <summary>Record bytes.</summary>
    public ulong Bytes { get; private set; }

    /// <summary>Gas that counts against the cap.</summary>
    public ulong Gas { get; private set; }

    /// <summary>Count at the end of the height before: from here on the growth of this height.</summary>
    public int GrownFrom { get; private set; }

    public Hash32 TxRoot => _frontier.Root();

    /// <summary>Everything placed so far; later growth does not change it.</summary>
    public BlockContent Content => new(_segments.AsMemory(0, _segmentCount), _indexes.AsMemory(0, _count));

    public void Append(in QueuedTransaction item, BatchSlots slots)
    {
        // A new height starts a new segment even in the same batch: slots are reused between heights.
        if (item.Batch != _lastSlot)
        {
            if (_segmentCount == _segments.Length) Array.Resize(ref _segments, int.Max(4, 2 * _segmentCount));
            _segments[_segmentCount++] = new BatchSegment(slots[item.Batch], _count);
            _lastSlot = item.Batch;
        }

        if (_count == _indexes.Length) Array.Resize(ref _indexes, int.Max(16, 2 * _count));
        _indexes[_count++] = item.Index;
        Bytes += (ulong)item.Bytes;
        Gas += item.Gas;
        _frontier.Append(item.Id);
    }

    /// <summary>The height is over, or its growth was handed out.</summary>
    public void EndGrowth()
    {
        GrownFrom = _count;
        _lastSlot = -1;
    }

    /// <summary>Starts the next block. The arrays stay with whoever was given the content.</summary>
    public void Reset()
    {
        _frontier.Reset();
        _segments = [];
        _indexes = [];
        _segmentCount = 0;
        _count = 0;
        Bytes = 0;
        Gas = 0;
        EndGrowth();
    }

    public void Write(CanonicalWriter writer)
    {
        Content.Write(writer);
        writer.U64(Bytes);
        writer.U64(Gas);
        _frontier.Write(writer);
    }

    public void Restore(ref CanonicalReader reader)
    {
        BlockContent content = BlockContent.Read(ref reader);
        _segments = content.Segments.ToArray();
        _indexes = content.Indexes.ToArray();
        _segmentCount = _segments.Length;
        _count = _indexes.Length;
        Bytes = reader.U64();
        Gas = reader.U64();
        _frontier.Restore(ref reader);
        if (_frontier.Count != (ulong)_count) DecodeException.Throw(DecodeRejection.Malformed, "frontier and content of an open block differ");
        EndGrowth();
    }
}

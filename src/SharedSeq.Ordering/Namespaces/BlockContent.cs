using System;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Neighbouring transactions of a namespace block that come from one batch.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Start">Place in the namespace block of the first of them; the segment ends where the next one starts.</param>
public readonly record struct BatchSegment(LaneTip Batch, int Start);

/// <summary>
/// Where the transactions of a namespace block are: by place, the batch and the index in it. A view that never changes; the block it is of may grow on.
/// </summary>
/// <param name="Segments">Ascending by Start, the first at 0.</param>
/// <param name="Indexes">By place in the namespace block: the index in its segment's batch.</param>
public readonly record struct BlockContent(ReadOnlyMemory<BatchSegment> Segments, ReadOnlyMemory<int> Indexes)
{
    /// <summary>Segments and transactions of one block: bounded by its bytes.</summary>
    public const int MaxTransactions = (int)(NamespacePolicy.MaxByteCap / BatchBody.RecordOverhead);

    public int Count => Indexes.Length;

    /// <summary>The batch and the index in it of the transaction at a place.</summary>
    public (LaneTip Batch, int Index) this[int place]
    {
        get
        {
            ReadOnlySpan<BatchSegment> segments = Segments.Span;
            int low = 0;
            int high = segments.Length - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (segments[middle].Start <= place) low = middle;
                else high = middle - 1;
            }

            return (segments[low].Batch, Indexes.Span[place]);
        }
    }

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    public int EncodedBytes => 8 + (Segments.Length * (LaneTip.Size + 4)) + (Indexes.Length * 4);

    /// <summary>Segment count u32, each tip and start u32; transaction count u32, each index u32.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U32((uint)Segments.Length);
        foreach (BatchSegment segment in Segments.Span)
        {
            segment.Batch.Write(writer);
            writer.U32((uint)segment.Start);
        }

        writer.U32((uint)Indexes.Length);
        foreach (int index in Indexes.Span) writer.U32((uint)index);
    }

    public static BlockContent Read(ref CanonicalReader reader)
    {
        var segments = new BatchSegment[ReadCount(ref reader, LaneTip.Size + 4)];
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i] = new BatchSegment(LaneTip.Read(ref reader), ReadSmall(ref reader));
            bool isAscending = i == 0 ? segments[i].Start == 0 : segments[i].Start > segments[i - 1].Start;
            if (!isAscending) DecodeException.Throw(DecodeRejection.NotCanonical, "segments of a block's content ascend from 0");
        }

        int[] indexes = new int[ReadCount(ref reader, 4)];
        for (int i = 0; i < indexes.Length; i++) indexes[i] = ReadSmall(ref reader);
        if (segments.Length == 0 != (indexes.Length == 0) || (segments.Length > 0 && segments[^1].Start >= indexes.Length))
            DecodeException.Throw(DecodeRejection.Malformed, "segments of a block's content cover its transactions");
        return new BlockContent(segments, indexes);
    }

    private static int ReadCount(ref CanonicalReader reader, int itemBytes)
    {
        uint count = reader.U32();
        if (count > MaxTransactions) DecodeException.Throw(DecodeRejection.OverLimit, "transactions of a block");
        if (count > (uint)(reader.Remaining / itemBytes)) DecodeException.Throw(DecodeRejection.Truncated, "transactions of a block");
        return (int)count;
    }

    private static int ReadSmall(ref CanonicalReader reader)
    {
        uint value = reader.U32();
        if (value > MaxTransactions) DecodeException.Throw(DecodeRejection.OverLimit, "place or index of a transaction");
        return (int)value;
    }
}

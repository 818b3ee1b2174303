using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>What the batch log must remember of a batch besides its bytes. Persisted; values are stable.</summary>
[Flags]
public enum BatchMarks : byte
{
    None = 0,

    /// <summary>The one batch of its place that this operator acks; at most one per place carries it.</summary>
    Ackable = 1,

    /// <summary>Fetched by digest, not received from its author.</summary>
    Fetched = 2,

    /// <summary>Of this operator's own lane.</summary>
    Own = 4,
}

/// <summary>A batch's place and identity, stored in the head of its record.</summary>
public readonly record struct BatchKey(
    LaneId Lane, BatchSeq Seq, Hash32 Digest, Hash32 PreviousDigest, BatchMarks Marks)
{
    internal const int Size = 1 + 12 + 8 + 2 * Hash32.Size;

    internal void Write(Span<byte> head)
    {
        CanonicalWriter writer = new(Size);
        writer.Byte((byte)Marks);
        writer.Lane(Lane);
        writer.U64(Seq.Value);
        writer.Hash(Digest);
        writer.Hash(PreviousDigest);
        writer.Written.CopyTo(head);
    }

    internal static BatchKey Read(ReadOnlySpan<byte> head)
    {
        CanonicalReader reader = new(head);
        BatchMarks marks = (BatchMarks)reader.Byte();
        LaneId lane = reader.Lane();
        BatchSeq seq = new(reader.U64());
        BatchKey key = new(lane, seq, reader.Hash(), reader.Hash(), marks);
        reader.End("head of a batch record");
        return key;
    }
}

/// <summary>How a read of the batch log ended.</summary>
public enum ReadOutcome : byte
{
    Found = 1,

    /// <summary>Never stored here.</summary>
    NotFound = 2,

    /// <summary>Below what is kept; ask an archive.</summary>
    Pruned = 3,
}

/// <summary>A stored batch in pooled memory: dispose once, and use nothing of it afterwards.</summary>
public readonly struct BatchLease : IDisposable
{
    private readonly RecordLease _record;

    internal BatchLease(RecordLease record, BatchKey key)
    {
        _record = record;
        Key = key;
    }

    public BatchKey Key { get; }

    public ReadOnlyMemory<byte> Bytes => _record.Body;

    public void Dispose() => _record.Dispose();
}

using System.Buffers.Binary;
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
}

/// <summary>A batch's place and identity, stored in the head of its record.</summary>
public readonly record struct BatchKey(
    LaneId Lane, BatchSeq Seq, Hash32 Digest, Hash32 PreviousDigest, BatchMarks Marks)
{
    internal const int Size = 1 + 12 + 8 + 2 * Hash32.Size;

    internal void Write(Span<byte> head)
    {
        head[0] = (byte)Marks;
        BinaryPrimitives.WriteUInt64BigEndian(head[1..], Lane.Epoch.Value);
        BinaryPrimitives.WriteUInt16BigEndian(head[9..], Lane.Author.Value);
        BinaryPrimitives.WriteUInt16BigEndian(head[11..], Lane.Worker);
        BinaryPrimitives.WriteUInt64BigEndian(head[13..], Seq.Value);
        Digest.CopyTo(head[21..]);
        PreviousDigest.CopyTo(head[53..]);
    }

    internal static BatchKey Read(ReadOnlySpan<byte> head)
    {
        CanonicalReader reader = new(head);
        BatchMarks marks = (BatchMarks)reader.Byte();
        LaneId lane = reader.Lane();
        BatchSeq seq = new(reader.U64());
        BatchKey key = new(lane, seq, reader.Hash(), reader.Hash(), marks);
        reader.End("head of a batch record");
        if (seq.Value == ulong.MaxValue) DecodeException.Throw(DecodeRejection.OverLimit, "sequence of a batch");
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

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Marks on a batch. Values are pinned.</summary>
[System.Flags]
public enum BatchFlags : byte
{
    None = 0,

    /// <summary>Carries bids: the lane's own, shorter freshness bound applies (ordering.md 7).</summary>
    Bids = 1,
}

/// <summary>What a batch's digest covers: its place in the lane, the batch before it, and the Merkle root over its transactions.</summary>
public sealed class BatchHeader
{
    public const int Size = 12 + 8 + Hash32.Size + 1 + 4 + 4 + Hash32.Size;

    public BatchHeader(
        LaneId lane, BatchSeq seq, Hash32 previousDigest, BatchFlags flags, int transactionCount, int bodyBytes, Hash32 transactionRoot)
    {
        Lane = lane;
        Seq = seq;
        PreviousDigest = previousDigest;
        Flags = flags;
        TransactionCount = transactionCount;
        BodyBytes = bodyBytes;
        TransactionRoot = transactionRoot;
        var writer = new CanonicalWriter(Size + 16);
        writer.Raw("SharedSeq.batch"u8);
        Write(writer);
        Digest = Sha.Of(writer.Written);
    }

    public LaneId Lane { get; }

    public BatchSeq Seq { get; }

    /// <summary>Digest of the batch with the sequence before; zero for the first of the lane.</summary>
    public Hash32 PreviousDigest { get; }

    public BatchFlags Flags { get; }

    public int TransactionCount { get; }

    public int BodyBytes { get; }

    /// <summary>RFC 6962 Merkle root whose leaf hashes are the TxIds, in batch order.</summary>
    public Hash32 TransactionRoot { get; }

    /// <summary>SHA-256("SharedSeq.batch" || encoding): the batch digest.</summary>
    public Hash32 Digest { get; }

    public LaneTip Tip => new(Lane, Seq, Digest);

    /// <summary>Whether this is the batch right after another one in its lane. Both may be a stranger's, with any sequence up to the largest.</summary>
    public bool Follows(BatchHeader before) =>
        Lane == before.Lane && Seq != BatchSeq.Zero && Seq.Value - 1 == before.Seq.Value && PreviousDigest == before.Digest;

    public void Write(CanonicalWriter writer)
    {
        writer.Lane(Lane);
        writer.U64(Seq.Value);
        writer.Hash(PreviousDigest);
        writer.Byte((byte)Flags);
        writer.U32((uint)TransactionCount);
        writer.U32((uint)BodyBytes);
        writer.Hash(TransactionRoot);
    }

    public static BatchHeader Read(ref CanonicalReader reader)
    {
        LaneId lane = reader.Lane();
        var seq = new BatchSeq(reader.U64());
        Hash32 previous = reader.Hash();
        var flags = (BatchFlags)reader.Byte();
        uint count = reader.U32();
        uint bytes = reader.U32();
        if ((flags & ~BatchFlags.Bids) != BatchFlags.None) DecodeException.Throw(DecodeRejection.UnknownValue, "batch flags");
        if (bytes > BatchBody.MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "batch bytes");
        if (count == 0 || count > bytes / BatchBody.RecordOverhead)
            DecodeException.Throw(DecodeRejection.Malformed, "transaction count of a batch");
        if (previous.IsZero != (seq == BatchSeq.Zero))
            DecodeException.Throw(DecodeRejection.Malformed, "only the first batch of a lane has no previous digest");
        return new BatchHeader(lane, seq, previous, flags, (int)count, (int)bytes, reader.Hash());
    }
}

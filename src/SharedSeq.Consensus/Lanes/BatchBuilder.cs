using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Why a transaction did not go into the batch being filled. Values are stable metric labels.</summary>
public enum BatchAddRejection
{
    None = 0,

    /// <summary>The batch is full in bytes or transactions: seal it and start the next one.</summary>
    BatchFull = 1,

    /// <summary>The payload is larger than any batch may carry one: it will never fit.</summary>
    PayloadTooLarge = 2,
}

/// <summary>A batch ready to be signed. Its body is a view over the buffer the builder was given.</summary>
public readonly record struct BuiltBatch(BatchHeader Header, BatchBody Body);

/// <summary>
/// Fills one batch after the other: writes records into a buffer of the caller and hashes each once, when it is added. Reused; no object per
/// transaction. One thread at a time.
/// </summary>
public sealed class BatchBuilder
{
    /// <summary>Transactions in one batch. 4,096: their ids stay 128 KiB, and a batch of small ones is sealed before it is old.</summary>
    public const int MaxTransactions = 4_096;

    private readonly Hash32[] _ids;
    private readonly int[] _offsets;
    private Memory<byte> _buffer;

    /// <param name="maxTransactions">Transactions per batch, at most <see cref="MaxTransactions"/>.</param>
    public BatchBuilder(int maxTransactions = MaxTransactions)
    {
        if (maxTransactions is < 1 or > MaxTransactions) throw new ArgumentOutOfRangeException(nameof(maxTransactions));
        _ids = new Hash32[maxTransactions];
        _offsets = new int[maxTransactions];
    }

    /// <summary>Transactions in the batch being filled.</summary>
    public int Count { get; private set; }

    /// <summary>Body bytes of the batch being filled.</summary>
    public int Bytes { get; private set; }

    /// <summary>The id of a transaction added since <see cref="Start"/>.</summary>
    public TxId IdOf(int index)
    {
        Invariant.Check(index >= 0 && index < Count, "a transaction of the batch being filled");
        return new TxId(_ids[index]);
    }

    /// <summary>Begins a batch. The buffer is the caller's, often pooled, and belongs to the batch once that is sealed.</summary>
    /// <param name="buffer">Room for the body; of more than <see cref="BatchBody.MaxBytes"/> only that much is used.</param>
    public void Start(Memory<byte> buffer)
    {
        _buffer = buffer.Length > BatchBody.MaxBytes ? buffer[..BatchBody.MaxBytes] : buffer;
        Count = 0;
        Bytes = 0;
    }

    /// <summary>Adds a transaction at the end.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="validUntil">Committed time in seconds; 0 for EVM admission.</param>
    /// <param name="payload">Its bytes; copied.</param>
    /// <param name="index">Its place in the batch.</param>
    public BatchAddRejection TryAdd(NamespaceId ns, ulong validUntil, ReadOnlySpan<byte> payload, out int index)
    {
        index = -1;
        if (payload.Length > BatchBody.MaxPayloadBytes) return BatchAddRejection.PayloadTooLarge;
        int size = BatchBody.RecordOverhead + payload.Length;
        if (Count == _ids.Length || size > _buffer.Length - Bytes) return BatchAddRejection.BatchFull;
        Span<byte> record = _buffer.Span.Slice(Bytes, size);
        BatchBody.WriteRecord(record, ns, validUntil, payload);
        _ids[Count] = Sha.Of(record[4..]);
        _offsets[Count] = Bytes;
        index = Count++;
        Bytes += size;
        return BatchAddRejection.None;
    }

    /// <summary>Closes the batch at its place in the lane. It is not empty: an empty batch would be a promise about nothing.</summary>
    public BuiltBatch Seal(LaneId lane, BatchSeq seq, Hash32 previousDigest, BatchFlags flags = BatchFlags.None)
    {
        Invariant.Check(Count > 0, "a batch is not empty");
        ReadOnlySpan<Hash32> ids = _ids.AsSpan(0, Count);
        BatchBody body = BatchBody.Of(_buffer[..Bytes], ids, _offsets.AsSpan(0, Count));
        var header = new BatchHeader(lane, seq, previousDigest, flags, Count, Bytes, MerkleTree.RootOfLeafHashes(ids));
        _buffer = default;
        Count = 0;
        Bytes = 0;
        return new BuiltBatch(header, body);
    }
}

using System;
using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>One transaction inside a batch, a view over the batch's bytes.</summary>
public readonly ref struct TransactionRecord(NamespaceId ns, ulong validUntil, ReadOnlySpan<byte> payload)
{
    public NamespaceId Namespace { get; } = ns;

    /// <summary>Committed time in seconds above which the transaction is void; 0 for namespaces with EVM admission.</summary>
    public ulong ValidUntil { get; } = validUntil;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>
/// The bytes of a batch: records of u32 payload length || 0x00 || namespace u64 || validUntil u64 || payload, back to back. The zero byte is RFC
/// 6962's leaf prefix, so that a TxId, SHA-256 over everything behind the length, is the leaf hash of the batch's Merkle tree: one hash in place
/// serves as id and as leaf.
/// </summary>
public sealed class BatchBody
{
    /// <summary>Bytes in a batch: large enough to carry a thousand small transactions, small enough that one does not hold up a link.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <summary>Bytes of a transaction's payload: geth's limit for a signed transaction.</summary>
    public const int MaxPayloadBytes = 128 * 1024;

    /// <summary>Bytes in front of each payload.</summary>
    public const int RecordOverhead = 4 + 1 + 8 + 8;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly SharedBuffer? _buffer;
    private readonly Hash32[] _ids;
    private readonly int[] _offsets;

    private BatchBody(ReadOnlyMemory<byte> bytes, Hash32[] ids, int[] offsets)
    {
        _bytes = bytes;
        _buffer = SharedBuffer.Of(bytes);
        Invariant.Check(TryHold(), "a body is made of memory that is held");
        _ids = ids;
        _offsets = offsets;
    }

    /// <summary>The records. Of pooled memory they are readable by those who hold it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    public int Count => _ids.Length;

    /// <summary>The leaf hashes, which are the TxIds, in batch order.</summary>
    public ReadOnlySpan<Hash32> LeafHashes => _ids;

    public TxId IdOf(int index) => new(_ids[index]);

    public TransactionRecord this[int index] => ReadRecord(_bytes.Span[_offsets[index]..], out _);

    /// <summary>A transaction's payload as memory, to be kept or passed on without copying.</summary>
    public ReadOnlyMemory<byte> PayloadOf(int index) =>
        _bytes.Slice(_offsets[index] + RecordOverhead, this[index].Payload.Length);

    /// <summary>One more reader of pooled memory; false when it was given back. Any other memory may be held always.</summary>
    public bool TryHold() => _buffer is null || _buffer.TryHold();

    /// <summary>One reader less. The body itself is one from the beginning, until whoever keeps it gives it up.</summary>
    public void Release() => _buffer?.Release();

    /// <summary>Writes one record; the caller checked the sizes.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int WriteRecord(Span<byte> target, NamespaceId ns, ulong validUntil, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, (uint)payload.Length);
        target[4] = 0;
        BinaryPrimitives.WriteUInt64BigEndian(target[5..], ns.Value);
        BinaryPrimitives.WriteUInt64BigEndian(target[13..], validUntil);
        payload.CopyTo(target[RecordOverhead..]);
        return RecordOverhead + payload.Length;
    }

    /// <summary>The id of one transaction on its own.</summary>
    public static TxId IdOf(NamespaceId ns, ulong validUntil, ReadOnlySpan<byte> payload)
    {
        Span<byte> prefix = stackalloc byte[RecordOverhead];
        WriteRecord(prefix, ns, validUntil, []);
        return new TxId(Sha.Of(prefix[4..], payload));
    }

    /// <summary>Reads <paramref name="count"/> records strictly and hashes each once. The memory is kept, not copied, and held where it is pooled.</summary>
    public static BatchBody Parse(ReadOnlyMemory<byte> bytes, int count)
    {
        if (bytes.Length > MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "batch bytes");
        if (count <= 0 || count > bytes.Length / RecordOverhead)
            DecodeException.Throw(DecodeRejection.Malformed, "transaction count of a batch");
        var ids = new Hash32[count];
        int[] offsets = new int[count];
        ReadOnlySpan<byte> span = bytes.Span;
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            if (at >= span.Length) DecodeException.Throw(DecodeRejection.Truncated, "batch records");
            offsets[i] = at;
            ReadRecord(span[at..], out int size);
            ids[i] = Sha.Of(span.Slice(at + 4, size - 4));
            at += size;
        }

        if (at != span.Length) DecodeException.Throw(DecodeRejection.TrailingBytes, "batch records");
        return new BatchBody(bytes, ids, offsets);
    }

    private static TransactionRecord ReadRecord(ReadOnlySpan<byte> span, out int size)
    {
        if (span.Length < RecordOverhead) DecodeException.Throw(DecodeRejection.Truncated, "transaction record");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(span);
        if (length > MaxPayloadBytes) DecodeException.Throw(DecodeRejection.OverLimit, "transaction payload");
        if (span[4] != 0) DecodeException.Throw(DecodeRejection.NotCanonical, "transaction record prefix");
        size = RecordOverhead + (int)length;
        if (span.Length < size) DecodeException.Throw(DecodeRejection.Truncated, "transaction payload");
        return new TransactionRecord(
            new NamespaceId(BinaryPrimitives.ReadUInt64BigEndian(span[5..])),
            BinaryPrimitives.ReadUInt64BigEndian(span[13..]),
            span[RecordOverhead..size]);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>What the submitter of a frame wants to hear.</summary>
[Flags]
public enum SubmitWait : byte
{
    /// <summary>The receipt, once q operators stored the frame's transactions.</summary>
    Accepted = 1,

    /// <summary>The commit proof, once their height is committed.</summary>
    Committed = 2,
}

/// <summary>One transaction to submit.</summary>
/// <param name="ValidUntil">Committed time in seconds above which it is void; 0 for namespaces with EVM admission.</param>
/// <param name="Payload">The bytes to order.</param>
public readonly record struct SubmitTransaction(ulong ValidUntil, ReadOnlyMemory<byte> Payload);

/// <summary>
/// One frame of the binary submit stream, client to node: transactions of one namespace that stay side by side in one batch. Layout: kind u8 (1),
/// request u64, wait u8, namespace u64, count u16, then per transaction validUntil u64, length u32, payload.
/// </summary>
public static class SubmitRequest
{
    public const byte FrameKind = 1;

    /// <summary>Transactions in one frame. 1,024: enough to fill a batch of small ones.</summary>
    public const int MaxTransactions = 1_024;

    public static void Write(CanonicalWriter writer, ulong request, SubmitWait wait, NamespaceId ns, ReadOnlySpan<SubmitTransaction> transactions)
    {
        Invariant.Check(transactions.Length is > 0 and <= MaxTransactions, "a frame has 1 to 1,024 transactions");
        writer.Byte(FrameKind);
        writer.U64(request);
        writer.Byte((byte)wait);
        writer.U64(ns.Value);
        writer.U16((ushort)transactions.Length);
        foreach (SubmitTransaction transaction in transactions)
        {
            writer.U64(transaction.ValidUntil);
            writer.Bytes(transaction.Payload.Span);
        }
    }

    /// <summary>Reads what precedes the transactions; the caller reads each with <see cref="ReadTransaction"/>.</summary>
    public static (ulong Request, SubmitWait Wait, NamespaceId Namespace, int Count) ReadOpening(ref CanonicalReader reader)
    {
        if (reader.Byte() != FrameKind) DecodeException.Throw(DecodeRejection.UnknownValue, "kind of a submit frame");
        ulong request = reader.U64();
        var wait = (SubmitWait)reader.Byte();
        if ((byte)wait is 0 or > 3) DecodeException.Throw(DecodeRejection.UnknownValue, "wait of a submit frame");
        var ns = new NamespaceId(reader.U64());
        int count = reader.Count(MaxTransactions, 12, "transactions of a submit frame");
        if (count == 0) DecodeException.Throw(DecodeRejection.Malformed, "an empty submit frame");
        return (request, wait, ns, count);
    }

    /// <param name="reader">Behind the opening or the transaction before.</param>
    /// <param name="validUntil">Committed seconds, 0 for EVM.</param>
    /// <param name="bytesMax">Longest payload accepted by the format; admission decides what the namespace takes.</param>
    public static ReadOnlySpan<byte> ReadTransaction(ref CanonicalReader reader, out ulong validUntil, int bytesMax)
    {
        validUntil = reader.U64();
        return reader.Bytes(bytesMax, "payload");
    }
}

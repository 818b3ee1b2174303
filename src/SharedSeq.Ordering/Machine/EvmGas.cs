using System;

namespace SharedSeq.Ordering;

/// <summary>
/// Reads the gas limit that a signed EVM transaction declares, and nothing else: its place in the RLP list follows from the transaction type. Whether the
/// transaction is otherwise valid is no matter of ordering.
/// </summary>
internal static class EvmGas
{
    /// <summary>The declared gas limit; 0 when none can be read.</summary>
    public static ulong DeclaredLimit(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty) return 0;
        if (payload[0] >= 0xc0) return FieldOfList(payload, 2);
        return payload[0] switch
        {
            1 => FieldOfList(payload[1..], 3),
            2 or 3 or 4 => FieldOfList(payload[1..], 4),
            _ => 0,
        };
    }

    private static ulong FieldOfList(ReadOnlySpan<byte> bytes, int field)
    {
        if (bytes.IsEmpty || bytes[0] < 0xc0 || !TryHeader(bytes, 0xc0, out int start, out int length)) return 0;
        ReadOnlySpan<byte> items = bytes.Slice(start, length);
        for (int i = 0; !items.IsEmpty; i++)
        {
            if (items[0] >= 0xc0) return 0;
            if (!TryString(items, out int at, out int size)) return 0;
            if (i == field) return Number(items.Slice(at, size));
            items = items[(at + size)..];
        }

        return 0;
    }

    private static bool TryString(ReadOnlySpan<byte> bytes, out int start, out int length)
    {
        start = 0;
        length = 1;
        return bytes[0] < 0x80 || TryHeader(bytes, 0x80, out start, out length);
    }

    private static bool TryHeader(ReadOnlySpan<byte> bytes, int offset, out int start, out int length)
    {
        int prefix = bytes[0] - offset;
        start = 1;
        length = prefix;
        if (prefix > 55)
        {
            int lengthBytes = prefix - 55;
            start = 1 + lengthBytes;
            if (lengthBytes > 3 || bytes.Length < start) return false;
            length = 0;
            foreach (byte b in bytes[1..start]) length = (length << 8) | b;
        }

        return bytes.Length - start >= length;
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8) return 0;
        ulong value = 0;
        foreach (byte b in bytes) value = (value << 8) | b;
        return value;
    }
}

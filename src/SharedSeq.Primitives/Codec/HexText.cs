namespace SharedSeq.Primitives;

/// <summary>Bytes as people and JSON write them: hex digits of either case, with or without 0x.</summary>
public static class HexText
{
    /// <summary>Reads exactly as many bytes as <paramref name="bytes"/> holds; false for anything else.</summary>
    public static bool TryRead(string? text, Span<byte> bytes)
    {
        if (text is null) return false;
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text;
        return digits.Length == 2 * bytes.Length
            && Convert.FromHexString(digits, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}

namespace SharedSeq.Primitives;

/// <summary>
/// The filter of 2048 bits over the addresses and topics of logs: a header without the bits of a contract has no log of
/// it, one with them may.
/// </summary>
/// <remarks>Source: Ethereum Yellow Paper, section 4.3.1 (M3:2048).</remarks>
public sealed class LogsBloom : IEquatable<LogsBloom>
{
    public const int Size = 256;

    private readonly byte[] _bits;

    private LogsBloom(byte[] bits) => _bits = bits;

    public static LogsBloom Empty { get; } = new(new byte[Size]);

    public ReadOnlySpan<byte> Bits => _bits;

    /// <exception cref="ArgumentException">They are not 256 bytes.</exception>
    public static LogsBloom From(ReadOnlySpan<byte> bits) => bits.Length == Size
        ? new LogsBloom(bits.ToArray())
        : throw new ArgumentException($"a bloom has {Size} bytes, got {bits.Length}", nameof(bits));

    /// <summary>The filter of these logs: of one receipt, or of all of a block.</summary>
    public static LogsBloom Of(IEnumerable<EvmLog> logs)
    {
        byte[] bits = new byte[Size];
        Span<byte> topicBytes = stackalloc byte[Hash32.Size];
        foreach (EvmLog log in logs)
        {
            Set(bits, log.Address.ToArray());
            foreach (Hash32 topic in log.Topics)
            {
                topic.CopyTo(topicBytes);
                Set(bits, topicBytes);
            }
        }

        return new LogsBloom(bits);
    }

    /// <summary>Whether a log of this contract may be there; false is certain.</summary>
    public bool MayHold(EvmAddress address) => MayHold(address.ToArray());

    /// <summary>Whether a log with this topic may be there; false is certain.</summary>
    public bool MayHold(Hash32 topic) => MayHold(topic.ToArray());

    public bool Equals(LogsBloom? other) => other is not null && _bits.AsSpan().SequenceEqual(other._bits);

    public override bool Equals(object? obj) => Equals(obj as LogsBloom);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bits);
        return hash.ToHashCode();
    }

    public override string ToString() => "0x" + Convert.ToHexStringLower(_bits);

    private bool MayHold(ReadOnlySpan<byte> item)
    {
        Span<byte> wanted = stackalloc byte[Size];
        wanted.Clear();
        Set(wanted, item);
        for (int i = 0; i < Size; i++)
        {
            if ((_bits[i] & wanted[i]) != wanted[i]) return false;
        }

        return true;
    }

    /// <summary>Three bits, each the low eleven of one of the first three pairs of bytes of the item's hash.</summary>
    private static void Set(Span<byte> bits, ReadOnlySpan<byte> item)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        Keccak256.Of(item).CopyTo(digest);
        for (int pair = 0; pair < 6; pair += 2)
        {
            int bit = ((digest[pair] << 8) | digest[pair + 1]) & 0x7FF;
            bits[Size - 1 - (bit / 8)] |= (byte)(1 << (bit % 8));
        }
    }
}

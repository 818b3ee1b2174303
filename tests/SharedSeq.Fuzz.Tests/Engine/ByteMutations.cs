using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Damage that knows nothing of a format but that it has numbers, lengths and repeated parts.</summary>
internal static class ByteMutations
{
    /// <summary>An input never grows beyond this: longer ones say no more and take longer.</summary>
    public const int InputBytesMax = 64 * 1024;

    private static readonly ulong[] Numbers =
    [
        0, 1, 2, 3, 7, 8, 16, 20, 21, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192,
        8193, 32_767, 32_768, 65_535, 65_536, 131_072, 131_073, 524_288, 524_289, 1_048_576, 2_097_152, 2_097_153, 16_777_215, int.MaxValue,
        1UL << 31, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue - 999, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    public static byte[] Mutate(Prng prng, byte[] input, IReadOnlyList<byte[]> samples)
    {
        if (input.Length == 0) return Insert(prng, input, Random(prng, 1 + prng.Below(8)));
        int at = prng.Below(input.Length);
        switch (prng.Below(12))
        {
            case 0: return Changed(input, at, (byte)(input[at] ^ (1 << prng.Below(8))));
            case 1: return Changed(input, at, prng.Chance(500) ? (byte)prng.NextU64() : (byte)Numbers[prng.Below(Numbers.Length)]);
            case 2:
            case 3: return WithNumber(prng, input, at, Numbers[prng.Below(Numbers.Length)]);
            case 4: return WithNumber(prng, input, at, (ulong)(input.Length - at - prng.Below(16)));
            case 5: return Stepped(prng, input, at);
            case 6: return Without(prng, input, at);
            case 7: return Insert(prng, input, prng.Chance(500) ? new byte[1 + prng.Below(40)] : Random(prng, 1 + prng.Below(40)));
            case 8: return Insert(prng, input, Piece(prng, input));
            case 9: return samples.Count == 0 ? input[..at] : Insert(prng, input, Piece(prng, samples[prng.Below(samples.Count)]));
            case 10: return prng.Chance(500) ? input[..at] : [.. input, .. Random(prng, 1 + prng.Below(16))];
            default: return Copied(prng, input, at);
        }
    }

    private static byte[] Changed(byte[] input, int at, byte value)
    {
        byte[] changed = [.. input];
        changed[at] = value;
        return changed;
    }

    /// <summary>Overwrites the end of a number of 1, 2, 4 or 8 bytes, as lengths and counts are written.</summary>
    private static byte[] WithNumber(Prng prng, byte[] input, int at, ulong value)
    {
        Span<byte> digits = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(digits, value);
        int size = int.Min(1 << prng.Below(4), input.Length - at);
        byte[] changed = [.. input];
        digits[^size..].CopyTo(changed.AsSpan(at));
        return changed;
    }

    private static byte[] Stepped(Prng prng, byte[] input, int at)
    {
        int size = int.Min(1 << prng.Below(4), input.Length - at);
        byte[] changed = [.. input];
        Span<byte> digits = changed.AsSpan(at, size);
        int step = prng.Below(8) + 1;
        bool isUp = prng.Chance(500);
        for (int i = size - 1; i >= 0 && step != 0; i--)
        {
            int sum = isUp ? digits[i] + step : digits[i] - step;
            digits[i] = (byte)sum;
            step = sum is < 0 or > 255 ? 1 : 0;
        }

        return changed;
    }

    private static byte[] Without(Prng prng, byte[] input, int at)
    {
        int length = int.Min(1 + prng.Below(40), input.Length - at);
        return [.. input.AsSpan(0, at), .. input.AsSpan(at + length)];
    }

    /// <summary>Copies one part over another of the same input.</summary>
    private static byte[] Copied(Prng prng, byte[] input, int at)
    {
        int from = prng.Below(input.Length);
        int length = int.Min(1 + prng.Below(72), input.Length - int.Max(at, from));
        byte[] changed = [.. input];
        input.AsSpan(from, length).CopyTo(changed.AsSpan(at));
        return changed;
    }

    private static byte[] Piece(Prng prng, byte[] whole)
    {
        if (whole.Length == 0) return [];
        int from = prng.Below(whole.Length);
        return whole.AsSpan(from, 1 + prng.Below(int.Min(256, whole.Length - from))).ToArray();
    }

    private static byte[] Insert(Prng prng, byte[] input, byte[] piece)
    {
        if (input.Length + piece.Length > InputBytesMax) return input;
        int at = prng.Below(input.Length + 1);
        return [.. input.AsSpan(0, at), .. piece, .. input.AsSpan(at)];
    }

    private static byte[] Random(Prng prng, int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte)prng.NextU64();
        return bytes;
    }
}

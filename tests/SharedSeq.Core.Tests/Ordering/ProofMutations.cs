using System.Buffers.Binary;
using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>
/// Damages proof files in ways that a forger would try, the same ones for the same number. The verifier in TypeScript makes the same
/// (src/verifier-ts/test/mutations.mjs), so the draws and their order are a format.
/// </summary>
internal static class ProofMutations
{
    public const int Count = 10_000;

    /// <summary>Bytes of a file before its content.</summary>
    private const int Opening = 47;

    private static readonly BigInteger Order =
        BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", System.Globalization.NumberStyles.HexNumber, null);

    /// <summary>Bytes that are moved at once: numbers, hashes, keys, signatures of certificates and of acks.</summary>
    private static readonly int[] Sizes = [1, 2, 4, 8, 32, 64, 66, 74];

    /// <summary>Where the parts of a signature and an ack begin.</summary>
    private static readonly int[] Parts = [0, 2, 10, 34, 42];

    /// <summary>One or two changes to file <paramref name="number"/> modulo their count; mostly with a digest that fits, as a forger makes it.</summary>
    public static byte[] Make(IReadOnlyList<byte[]> files, int number)
    {
        var prng = new Prng((ulong)number);
        byte[] bytes = files[number % files.Count][..^Hash32.Size];
        for (int left = 1 + prng.Below(2); left > 0; left--)
        {
            byte[] other = files[prng.Below(files.Count)];
            if (bytes.Length > 0) bytes = Change(bytes, other, prng);
        }

        byte[] digest = Sha.Of(bytes).ToArray();
        if (prng.Below(32) == 0) digest[prng.Below(Hash32.Size)] ^= 1;
        return [.. bytes, .. digest];
    }

    private static byte[] Change(byte[] bytes, byte[] other, Prng prng)
    {
        int kind = prng.Below(14);
        int at = Place(bytes.Length, prng);
        int size = int.Min(Sizes[prng.Below(Sizes.Length)], bytes.Length - at);
        int draw = prng.Below(256);
        switch (kind)
        {
            case 0: bytes[at] ^= (byte)(1 << (draw % 8)); break;
            case 1: bytes[at] = (byte)draw; break;
            case 2: bytes[at] = (draw % 4) switch { 0 => 0, 1 => 255, 2 => (byte)(bytes[at] + 1), _ => (byte)(bytes[at] - 1) }; break;
            case 3: return [.. bytes[..at], .. bytes[(at + size)..]];
            case 4: return [.. bytes[..(at + size)], .. bytes[at..]];
            case 5: bytes.AsSpan(at, size).Clear(); break;
            case 6:
                int from = int.Min(Place(bytes.Length, prng), bytes.Length - size);
                bytes[from..(from + size)].CopyTo(bytes, at);
                break;
            case 7: return [.. bytes[..at], .. other.Skip(at)];
            case 8:
                int half = size / 2;
                return [.. bytes[..at], .. bytes[(at + half)..(at + (2 * half))], .. bytes[at..(at + half)], .. bytes[(at + (2 * half))..]];
            case 9: return bytes[..at];
            case 10: Negate(bytes, at); break;
            case 11: return WithoutOne(bytes, draw);
            case 12: Exchange(bytes, draw); break;
            default:
                if (at + 2 <= bytes.Length) Add(bytes, at, (draw % 2 * 2) - 1);
                break;
        }

        return bytes;
    }

    /// <summary>Anywhere, near the beginning of the content, or where a part of one of the last signatures begins.</summary>
    private static int Place(int length, Prng prng)
    {
        int place = prng.Below(4) switch
        {
            2 => Opening + prng.Below(64),
            3 => length - (2 * prng.Below(2)) - ((prng.Below(3) == 0 ? 74 : 66) * (1 + prng.Below(4))) + Parts[prng.Below(Parts.Length)],
            _ => prng.Below(length),
        };
        return int.Clamp(place, 0, length - 1);
    }

    /// <summary>The other s of a signature, if that is what is there.</summary>
    private static void Negate(byte[] bytes, int at)
    {
        if (at + 32 > bytes.Length) return;
        var value = new BigInteger(bytes.AsSpan(at, 32), isUnsigned: true, isBigEndian: true);
        if (value.IsZero || value >= Order) return;
        byte[] negated = (Order - value).ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.AsSpan(at, 32).Clear();
        negated.CopyTo(bytes, at + 32 - negated.Length);
    }

    /// <summary>Leaves out one signature of the list that the file ends with.</summary>
    private static byte[] WithoutOne(byte[] bytes, int draw)
    {
        (int first, int stride, int count) = LastList(bytes);
        if (count == 0) return bytes;
        int at = first + (stride * (draw % count));
        Add(bytes, first - 2, -1);
        return [.. bytes[..at], .. bytes[(at + stride)..]];
    }

    /// <summary>Exchanges two neighbours of that list, voter and all.</summary>
    private static void Exchange(byte[] bytes, int draw)
    {
        (int first, int stride, int count) = LastList(bytes);
        if (count < 2) return;
        int at = first + (stride * (draw % (count - 1)));
        byte[] one = bytes[at..(at + stride)];
        bytes.AsSpan(at + stride, stride).CopyTo(bytes.AsSpan(at));
        one.CopyTo(bytes, at + stride);
    }

    /// <summary>Finds it by its count; a count of 0 means that there is none.</summary>
    private static (int First, int Stride, int Count) LastList(byte[] bytes)
    {
        foreach (int tail in new[] { 2, 0 })
        {
            foreach (int stride in new[] { 66, 74 })
            {
                for (int count = 1; count <= 4; count++)
                {
                    int first = bytes.Length - tail - (stride * count);
                    if (first >= 2 && BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(first - 2)) == count) return (first, stride, count);
                }
            }
        }

        return default;
    }

    private static void Add(byte[] bytes, int at, int difference) => BinaryPrimitives.WriteUInt16BigEndian(
        bytes.AsSpan(at), unchecked((ushort)(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)) + difference)));
}

using System.Buffers.Binary;

namespace SharedSeq.Primitives;

/// <summary>
/// Keccak-256 as Ethereum uses it (padding byte 0x01, not SHA-3's 0x06), in one call and without allocation.
/// </summary>
public static class Keccak256
{
    /// <summary>Bytes absorbed per permutation: (1600 - 2 * 256) / 8.</summary>
    private const int Rate = 136;

    public static Hash32 Of(ReadOnlySpan<byte> bytes)
    {
        Span<ulong> state = stackalloc ulong[25];
        state.Clear();
        while (bytes.Length >= Rate)
        {
            Absorb(state, bytes[..Rate]);
            bytes = bytes[Rate..];
        }

        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        bytes.CopyTo(last);
        last[bytes.Length] = 0x01;
        last[Rate - 1] |= 0x80;
        Absorb(state, last);

        Span<byte> digest = stackalloc byte[Hash32.Size];
        for (int i = 0; i < 4; i++) BinaryPrimitives.WriteUInt64LittleEndian(digest[(8 * i)..], state[i]);
        return new Hash32(digest);
    }

    private static void Absorb(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        for (int i = 0; i < Rate / 8; i++) state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(8 * i)..]);
        KeccakPermutation.Apply(state);
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace SharedSeq.Storage;

/// <summary>
/// CRC-32C (Castagnoli), by the processor's own instruction where it has one. Works on a running state so that pieces
/// and salts can be chained: start with <see cref="Start"/>, end with <see cref="Finish"/>.
/// </summary>
internal static class Crc32C
{
    public const uint Start = uint.MaxValue;

    public static uint Add(uint state, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        // The instruction takes the low byte first; no big-endian machine is supported.
        foreach (ulong word in words) state = BitOperations.Crc32C(state, word);
        foreach (byte b in bytes[(words.Length * sizeof(ulong))..]) state = BitOperations.Crc32C(state, b);
        return state;
    }

    public static uint Finish(uint state) => ~state;

    public static uint Of(ReadOnlySpan<byte> bytes) => Finish(Add(Start, bytes));
}

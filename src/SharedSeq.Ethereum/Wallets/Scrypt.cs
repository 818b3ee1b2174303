using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SharedSeq.Ethereum;

/// <summary>
/// The password derivation of keystore files: memory-hard, 128 n r bytes. Written here because BouncyCastle refuses n
/// from 65,536 on with r = 1, which keystore files have.
/// </summary>
/// <remarks>Source: RFC 7914.</remarks>
internal static class Scrypt
{
    private const int BlockWords = 16;

    /// <summary>Derives bytes of a password.</summary>
    /// <param name="password">The password.</param>
    /// <param name="salt">The salt.</param>
    /// <param name="cost">Within its limits.</param>
    /// <param name="count">Bytes wanted.</param>
    public static byte[] Derive(byte[] password, byte[] salt, ScryptCost cost, int count)
    {
        int words = 2 * BlockWords * cost.BlockSize;
        byte[] mixed = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1, HashAlgorithmName.SHA256, sizeof(uint) * words * cost.Parallel);
        uint[] memory = new uint[(long)words * cost.Rounds];
        uint[] state = new uint[words], other = new uint[words];
        for (int part = 0; part < cost.Parallel; part++)
        {
            Span<byte> bytes = mixed.AsSpan(part * sizeof(uint) * words, sizeof(uint) * words);
            for (int i = 0; i < words; i++) state[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(uint) * i)..]);
            Mix(state, other, memory, cost.Rounds);
            for (int i = 0; i < words; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes[(sizeof(uint) * i)..], state[i]);
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(memory.AsSpan()));
        return Rfc2898DeriveBytes.Pbkdf2(password, mixed, 1, HashAlgorithmName.SHA256, count);
    }

    /// <summary>scryptROMix: fills the memory with states, then reads it in an order that only the states tell.</summary>
    private static void Mix(uint[] state, uint[] other, uint[] memory, int rounds)
    {
        int words = state.Length;
        for (int i = 0; i < rounds; i++)
        {
            state.CopyTo(memory.AsSpan(i * words));
            MixBlocks(state, other);
        }

        for (int i = 0; i < rounds; i++)
        {
            int place = (int)(state[words - BlockWords] & (uint)(rounds - 1));
            ReadOnlySpan<uint> earlier = memory.AsSpan(place * words, words);
            for (int word = 0; word < words; word++) state[word] ^= earlier[word];
            MixBlocks(state, other);
        }
    }

    /// <summary>scryptBlockMix: each block with the one before, even ones first in the result.</summary>
    private static void MixBlocks(uint[] state, uint[] other)
    {
        int blocks = state.Length / BlockWords;
        Span<uint> block = stackalloc uint[BlockWords];
        state.AsSpan(state.Length - BlockWords).CopyTo(block);
        for (int i = 0; i < blocks; i++)
        {
            ReadOnlySpan<uint> next = state.AsSpan(i * BlockWords, BlockWords);
            for (int word = 0; word < BlockWords; word++) block[word] ^= next[word];
            Salsa(block);
            int place = i % 2 == 0 ? i / 2 : (blocks / 2) + (i / 2);
            block.CopyTo(other.AsSpan(place * BlockWords));
        }

        other.CopyTo(state, 0);
    }

    /// <summary>Salsa20 with eight rounds.</summary>
    private static void Salsa(Span<uint> block)
    {
        Span<uint> x = stackalloc uint[BlockWords];
        block.CopyTo(x);
        for (int round = 0; round < 8; round += 2)
        {
            Quarter(x, 0, 4, 8, 12);
            Quarter(x, 5, 9, 13, 1);
            Quarter(x, 10, 14, 2, 6);
            Quarter(x, 15, 3, 7, 11);
            Quarter(x, 0, 1, 2, 3);
            Quarter(x, 5, 6, 7, 4);
            Quarter(x, 10, 11, 8, 9);
            Quarter(x, 15, 12, 13, 14);
        }

        for (int word = 0; word < BlockWords; word++) block[word] += x[word];
    }

    private static void Quarter(Span<uint> x, int a, int b, int c, int d)
    {
        x[b] ^= BitOperations.RotateLeft(x[a] + x[d], 7);
        x[c] ^= BitOperations.RotateLeft(x[b] + x[a], 9);
        x[d] ^= BitOperations.RotateLeft(x[c] + x[b], 13);
        x[a] ^= BitOperations.RotateLeft(x[d] + x[c], 18);
    }
}

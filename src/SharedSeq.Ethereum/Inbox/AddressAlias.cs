using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// Where an L1 contract speaks from on a rollup: its address moved by a fixed offset, the one of Optimism and Arbitrum, because its own address may belong to
/// somebody else's contract there. An account with a key is the same on both (docs/protocol/l1-inbox.md).
/// </summary>
public static class AddressAlias
{
    private static readonly UInt128 OffsetLow = new(0x0000_0000_0000_0000, 0x0000_0000_0000_1111);
    private const uint OffsetHigh = 0x1111_0000;

    /// <summary>The sum, modulo 2^160.</summary>
    public static EvmAddress Of(EvmAddress l1)
    {
        (uint high, UInt128 low) = Split(l1);
        UInt128 sum = unchecked(low + OffsetLow);
        uint carry = sum < low ? 1U : 0U;
        return Join(unchecked(high + OffsetHigh + carry), sum);
    }

    /// <summary>The L1 contract that an alias belongs to.</summary>
    public static EvmAddress Undo(EvmAddress alias)
    {
        (uint high, UInt128 low) = Split(alias);
        uint borrow = low < OffsetLow ? 1U : 0U;
        return Join(unchecked(high - OffsetHigh - borrow), unchecked(low - OffsetLow));
    }

    private static (uint High, UInt128 Low) Split(EvmAddress address)
    {
        Span<byte> bytes = stackalloc byte[EvmAddress.Size];
        address.CopyTo(bytes);
        return (BinaryPrimitives.ReadUInt32BigEndian(bytes),
            BinaryPrimitives.ReadUInt128BigEndian(bytes[4..]));
    }

    private static EvmAddress Join(uint high, UInt128 low)
    {
        Span<byte> bytes = stackalloc byte[EvmAddress.Size];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[4..], low);
        return new EvmAddress(bytes);
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// What a forced call's payload says: no signature stands behind it but the L1 transaction that enqueued it. Only at a forced place of a block does such a
/// payload mean anything; elsewhere it is a malformed transaction.
/// </summary>
/// <param name="Index">Its place in the namespace's queue, which makes equal calls different transactions.</param>
/// <param name="Sender">The account as the rollup knows it.</param>
/// <param name="To">The account called; never zero.</param>
/// <param name="Value">In wei, of the sender's own on the rollup.</param>
/// <param name="GasLimit">Gas of the rollup.</param>
/// <param name="Input">What is called.</param>
public sealed record ForcedCall(ulong Index, EvmAddress Sender, EvmAddress To, BigInteger Value, ulong GasLimit, ReadOnlyMemory<byte> Input)
{
    /// <summary>The first byte. No Ethereum transaction begins with it: types end at 0x7f, lists begin at 0xc0.</summary>
    public const byte Tag = 0x80;

    /// <summary>Bytes in front of the input.</summary>
    public const int HeaderBytes = 1 + 8 + EvmAddress.Size + EvmAddress.Size + 32 + 8;

    /// <summary>Reads a payload; false for what is no call.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> payload, [MaybeNullWhen(false)] out ForcedCall call)
    {
        call = null;
        ReadOnlySpan<byte> bytes = payload.Span;
        if (bytes.Length < HeaderBytes || bytes[0] != Tag) return false;
        var to = new EvmAddress(bytes.Slice(29, EvmAddress.Size));
        if (to == default) return false;
        call = new ForcedCall(
            BinaryPrimitives.ReadUInt64BigEndian(bytes[1..]),
            new EvmAddress(bytes.Slice(9, EvmAddress.Size)),
            to,
            new BigInteger(bytes.Slice(49, 32), isUnsigned: true, isBigEndian: true),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[81..]),
            payload[HeaderBytes..]);
        return true;
    }
}

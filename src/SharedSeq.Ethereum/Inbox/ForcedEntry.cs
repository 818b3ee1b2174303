using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>How an entry of the forced queue came. Values are part of the rolling hash.</summary>
public enum ForcedEntryKind : byte
{
    /// <summary>A signed transaction as its bytes are; in an opaque namespace any bytes.</summary>
    Signed = 1,

    /// <summary>A call in the name of its sender: see <see cref="ForcedCall"/>.</summary>
    Call = 2,
}

/// <summary>One entry of a namespace's forced queue on L1 (docs/protocol/l1-inbox.md).</summary>
/// <param name="Namespace">Whose queue.</param>
/// <param name="Index">Its place there, from 0.</param>
/// <param name="Kind">How it came.</param>
/// <param name="Sender">Who enqueued it, as the rollup knows the account.</param>
/// <param name="Gas">Gas of the rollup that was metered.</param>
/// <param name="EnqueuedAt">Time of the L1 block, in seconds.</param>
/// <param name="Payload">The bytes that enter a block as its transaction, with validUntil 0.</param>
public sealed record ForcedEntry(
    NamespaceId Namespace, ulong Index, ForcedEntryKind Kind, EvmAddress Sender, ulong Gas, ulong EnqueuedAt, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Most bytes of a payload: a transaction's.</summary>
    public const int PayloadBytesMax = 131_072;

    /// <summary>The transaction as which it enters a block: SHA-256(0x00 || namespace u64 || 0 u64 || payload).</summary>
    public TxId TxId
    {
        get
        {
            Span<byte> prefix = stackalloc byte[17];
            prefix.Clear();
            BinaryPrimitives.WriteUInt64BigEndian(prefix[1..], Namespace.Value);
            return new TxId(Sha.Of(prefix, Payload.Span));
        }
    }

    /// <summary>
    /// Keccak-256(before 32 || index u64 || kind u8 || sender 20 || gas u64 || enqueuedAt u64 || TxId 32): what the contract holds once this entry is the last.
    /// </summary>
    public Hash32 RollingHashAfter(Hash32 before)
    {
        Span<byte> text = stackalloc byte[Hash32.Size + 8 + 1 + EvmAddress.Size + 8 + 8 + Hash32.Size];
        before.CopyTo(text);
        BinaryPrimitives.WriteUInt64BigEndian(text[32..], Index);
        text[40] = (byte)Kind;
        Sender.CopyTo(text[41..]);
        BinaryPrimitives.WriteUInt64BigEndian(text[61..], Gas);
        BinaryPrimitives.WriteUInt64BigEndian(text[69..], EnqueuedAt);
        TxId.Value.CopyTo(text[77..]);
        return Keccak256.Of(text);
    }
}

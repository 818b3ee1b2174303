using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>Why a log of the inbox is no entry. Values are pinned.</summary>
public enum ForcedLogRejection : byte
{
    None = 0,

    /// <summary>Another event: not an error.</summary>
    OtherEvent = 1,

    /// <summary>Not the topics of an entry, or one that is longer than its type.</summary>
    BadTopics = 2,

    /// <summary>Not the one encoding that the contract writes: lengths, offsets or padding.</summary>
    NotCanonical = 3,

    UnknownKind = 4,

    /// <summary>No payload, or more than a transaction's bytes.</summary>
    BadPayloadLength = 5,

    /// <summary>A call whose payload names another index, sender or gas than the event.</summary>
    PayloadDiffers = 6,
}

/// <summary>
/// An entry as the contract's event tells it. What is checked here is its form; whether it is the queue's next entry, <see cref="ForcedQueueHead"/> says, and
/// whether the log is L1's, the receipts root of its block.
/// </summary>
/// <param name="Entry">The entry.</param>
/// <param name="RollingHash">What the contract says its rolling hash is.</param>
public sealed record ForcedInboxLog(ForcedEntry Entry, Hash32 RollingHash)
{
    /// <summary>Keccak-256 of <c>Enqueued(uint64,uint64,address,uint8,uint64,uint64,bytes32,bytes)</c>.</summary>
    public static readonly Hash32 Topic = Keccak256.Of("Enqueued(uint64,uint64,address,uint8,uint64,uint64,bytes32,bytes)"u8);

    private const int Word = 32;

    /// <summary>Words before the payload's bytes: kind, gas, time, rolling hash, offset, length.</summary>
    private const int HeadWords = 6;

    /// <summary>Reads a log that the inbox wrote.</summary>
    /// <param name="topics">The log's topics.</param>
    /// <param name="data">The log's data; it must not change afterwards.</param>
    /// <param name="log">What it says.</param>
    /// <param name="rejection">Why it is no entry.</param>
    public static bool TryRead(
        IReadOnlyList<Hash32> topics, ReadOnlyMemory<byte> data, [MaybeNullWhen(false)] out ForcedInboxLog log, out ForcedLogRejection rejection)
    {
        log = null;
        rejection = ForcedLogRejection.OtherEvent;
        if (topics.Count == 0 || topics[0] != Topic) return false;
        rejection = ForcedLogRejection.BadTopics;
        if (topics.Count != 4 || !TryU64(topics[1], out ulong id) || !TryU64(topics[2], out ulong index) || !TryAddress(topics[3], out EvmAddress sender))
            return false;
        rejection = ReadBody(data, out ForcedLogBody body);
        if (rejection != ForcedLogRejection.None) return false;
        var entry = new ForcedEntry(new NamespaceId(id), index, body.Kind, sender, body.Gas, body.EnqueuedAt, body.Payload);
        if (entry.Kind == ForcedEntryKind.Call && !SaysTheSame(entry))
        {
            rejection = ForcedLogRejection.PayloadDiffers;
            return false;
        }

        log = new ForcedInboxLog(entry, body.RollingHash);
        return true;
    }

    private static ForcedLogRejection ReadBody(ReadOnlyMemory<byte> data, out ForcedLogBody body)
    {
        body = default;
        if (data.Length < HeadWords * Word) return ForcedLogRejection.NotCanonical;
        if (!TryU64(At(data, 0), out ulong kind) || !TryU64(At(data, 1), out ulong gas) || !TryU64(At(data, 2), out ulong time))
            return ForcedLogRejection.NotCanonical;
        if (!TryU64(At(data, 4), out ulong offset) || offset != (HeadWords - 1) * Word || !TryU64(At(data, 5), out ulong length))
            return ForcedLogRejection.NotCanonical;
        if (kind is not ((ulong)ForcedEntryKind.Signed or (ulong)ForcedEntryKind.Call)) return ForcedLogRejection.UnknownKind;
        if (length is 0 or > ForcedEntry.PayloadBytesMax) return ForcedLogRejection.BadPayloadLength;
        ReadOnlyMemory<byte> tail = data[(HeadWords * Word)..];
        int padded = ((int)length + Word - 1) / Word * Word;
        if (tail.Length != padded || tail.Span[(int)length..].ContainsAnyExcept((byte)0)) return ForcedLogRejection.NotCanonical;
        body = new ForcedLogBody((ForcedEntryKind)kind, gas, time, At(data, 3), tail[..(int)length]);
        return ForcedLogRejection.None;
    }

    private static bool SaysTheSame(ForcedEntry entry) =>
        ForcedCall.TryRead(entry.Payload, out ForcedCall? call) && call.Index == entry.Index && call.Sender == entry.Sender && call.GasLimit == entry.Gas;

    private static Hash32 At(ReadOnlyMemory<byte> data, int word) => new(data.Span.Slice(word * Word, Word));

    private static bool TryU64(Hash32 word, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[Word];
        word.CopyTo(bytes);
        value = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
        return !bytes[..24].ContainsAnyExcept((byte)0);
    }

    private static bool TryAddress(Hash32 word, out EvmAddress address)
    {
        Span<byte> bytes = stackalloc byte[Word];
        word.CopyTo(bytes);
        address = new EvmAddress(bytes[12..]);
        return !bytes[..12].ContainsAnyExcept((byte)0);
    }

    private readonly record struct ForcedLogBody(
        ForcedEntryKind Kind, ulong Gas, ulong EnqueuedAt, Hash32 RollingHash, ReadOnlyMemory<byte> Payload);
}

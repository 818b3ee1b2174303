using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>Why an entry does not follow a head.</summary>
public enum ForcedQueueFault : byte
{
    None = 0,

    /// <summary>Entries between are missing, or it is there already.</summary>
    OtherIndex = 1,

    /// <summary>The rolling hash over the entry is not the one that the event says.</summary>
    OtherHash = 2,
}

/// <summary>
/// How many entries a namespace's forced queue has and the rolling hash over all of them, as the contract holds them: whoever followed the events to the same
/// head has missed none and was told none that is not there.
/// </summary>
/// <param name="Count">Entries ever enqueued.</param>
/// <param name="RollingHash">Over all of them; zero without one.</param>
public readonly record struct ForcedQueueHead(ulong Count, Hash32 RollingHash)
{
    /// <summary>Of a queue without entries.</summary>
    public static readonly ForcedQueueHead Empty;

    /// <summary>The slot of the contract's mapping of queues.</summary>
    private const byte QueuesSlot = 0;

    /// <summary>The head with one more entry.</summary>
    /// <param name="log">The next event of the queue.</param>
    /// <param name="next">The head after it; this one when it does not follow.</param>
    public ForcedQueueFault Follow(ForcedInboxLog log, out ForcedQueueHead next)
    {
        next = this;
        if (log.Entry.Index != Count) return ForcedQueueFault.OtherIndex;
        Hash32 hash = log.Entry.RollingHashAfter(RollingHash);
        if (hash != log.RollingHash) return ForcedQueueFault.OtherHash;
        next = new ForcedQueueHead(Count + 1, hash);
        return ForcedQueueFault.None;
    }

    /// <summary>Where the contract keeps the rolling hash; the count is in the slot after it. For <c>eth_getProof</c> and <c>eth_getStorageAt</c>.</summary>
    public static (Hash32 RollingHash, Hash32 Count) SlotsOf(NamespaceId id)
    {
        Span<byte> key = stackalloc byte[64];
        key.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(key[24..], id.Value);
        key[63] = QueuesSlot;
        Hash32 first = Keccak256.Of(key);
        // A Keccak hash that ends with eight bytes of ones is not met.
        Span<byte> second = stackalloc byte[Hash32.Size];
        first.CopyTo(second);
        UInt128 low = BinaryPrimitives.ReadUInt128BigEndian(second[16..]);
        BinaryPrimitives.WriteUInt128BigEndian(second[16..], checked(low + 1));
        return (first, new Hash32(second));
    }

    /// <summary>The head that two storage words say. Of the second, the lowest 64 bits are the count; above are the meter's.</summary>
    public static ForcedQueueHead OfStorage(Hash32 rollingHash, Hash32 countWord)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        countWord.CopyTo(bytes);
        return new ForcedQueueHead(BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]), rollingHash);
    }
}

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The order of lanes within a committed block (consensus.md 7): by SHA-256(block hash || author u16 big-endian), the leader's own lanes last, so
/// that nobody can plan to come first. Lanes of one author follow each other by worker.
/// </summary>
public static class LaneOrder
{
    public static Hash32 KeyOf(Hash32 blockHash, ReplicaId author)
    {
        Span<byte> text = stackalloc byte[Hash32.Size + 2];
        blockHash.CopyTo(text);
        BinaryPrimitives.WriteUInt16BigEndian(text[Hash32.Size..], author.Value);
        return Sha.Of(text);
    }

    /// <summary>Sorts lanes for the block with this hash, proposed by <paramref name="leader"/>.</summary>
    public static void Sort(List<LaneId> lanes, Hash32 blockHash, ReplicaId leader) => lanes.Sort((a, b) =>
    {
        if (a.Author == b.Author) return a.CompareTo(b);
        if (a.Author == leader) return 1;
        if (b.Author == leader) return -1;
        return KeyOf(blockHash, a.Author).CompareTo(KeyOf(blockHash, b.Author));
    });
}

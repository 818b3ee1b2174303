using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The order of lanes within a committed block (consensus.md 7): by SHA-256(block hash || author u16 big-endian), the leader's own lanes last, so
/// that nobody can plan to come first. Lanes with the same author number follow each other by epoch and worker. Own are the leader's lanes of the
/// block's epoch: the same number is another member's in another epoch, and an ended lane gets no new batches to plan with.
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

    /// <summary>Sorts the lanes of the block with this hash, proposed in this epoch by <paramref name="leader"/>.</summary>
    public static void Sort(List<LaneId> lanes, Hash32 blockHash, Epoch epoch, ReplicaId leader)
    {
        lanes.Sort((a, b) =>
        {
            bool isOwn = IsOwn(a);
            if (isOwn != IsOwn(b)) return isOwn ? 1 : -1;
            return a.Author == b.Author ? a.CompareTo(b) : KeyOf(blockHash, a.Author).CompareTo(KeyOf(blockHash, b.Author));
        });

        bool IsOwn(LaneId lane) => lane.Author == leader && lane.Epoch == epoch;
    }
}

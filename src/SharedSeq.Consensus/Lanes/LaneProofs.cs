using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A PoA held, and when it was sent to whom: what freshness (R4) is judged by.</summary>
internal sealed class HeldProof(Verified<ProofOfAvailability> proof, int members, long heldAtMs)
{
    private readonly long[] _sentAtMs = NewTimes(members);

    public Verified<ProofOfAvailability> Proof { get; } = proof;

    public LaneTip Tip => Proof.Value.Tip;

    public ulong Seq => Tip.Seq.Value;

    public long HeldAtMs { get; } = heldAtMs;

    /// <summary>When it last went to all members; -1 for never.</summary>
    public long BroadcastAtMs { get; set; } = -1;

    /// <summary>When it was first sent to this member in the member's present session; -1 for never.</summary>
    public long SentAtMs(ReplicaId member) => _sentAtMs[member.Value];

    public void NoteSent(ReplicaId member, long nowMs)
    {
        if (_sentAtMs[member.Value] < 0) _sentAtMs[member.Value] = nowMs;
    }

    /// <summary>The session ended: what was sent by it may be lost.</summary>
    public void ForgetSent(ReplicaId member) => _sentAtMs[member.Value] = -1;

    private static long[] NewTimes(int members)
    {
        long[] times = new long[members];
        System.Array.Fill(times, -1);
        return times;
    }
}

/// <summary>The PoAs of one lane above the final cut, ascending by sequence. At most the lane's window of them, and the newest.</summary>
internal sealed class LaneProofs(int limit)
{
    private readonly List<HeldProof> _items = [];

    public int Count => _items.Count;

    public HeldProof this[int index] => _items[index];

    public HeldProof? Newest => _items.Count == 0 ? null : _items[^1];

    /// <summary>Batches of the lane up to the newest PoA; 0 when there is none.</summary>
    public ulong CertifiedCount => _items.Count == 0 ? 0 : _items[^1].Seq + 1;

    public HeldProof? At(ulong seq)
    {
        int index = FirstFrom(seq);
        return index < _items.Count && _items[index].Seq == seq ? _items[index] : null;
    }

    /// <summary>The lowest PoA that covers this place, or null.</summary>
    public HeldProof? Covering(ulong seq)
    {
        int index = FirstFrom(seq);
        return index < _items.Count ? _items[index] : null;
    }

    /// <summary>
    /// The PoA to advance to from a lane of <paramref name="count"/> ordered batches: the highest within <paramref name="max"/> batches, or the
    /// lowest above when there is none within; null when nothing is above.
    /// </summary>
    public HeldProof? Next(ulong count, int max)
    {
        int index = FirstFrom(count);
        if (index == _items.Count) return null;
        int highest = index;
        while (highest + 1 < _items.Count && _items[highest + 1].Seq < count + (ulong)max) highest++;
        return _items[highest];
    }

    /// <summary>Adds a PoA for a place that has none.</summary>
    public void Add(HeldProof proof)
    {
        int index = FirstFrom(proof.Seq);
        Invariant.Check(index == _items.Count || _items[index].Seq != proof.Seq, "one PoA is kept per place");
        _items.Insert(index, proof);

        // Only a replica that is behind sees more: then the oldest and the newest are of use, what lies just below the newest least.
        if (_items.Count > limit) _items.RemoveAt(_items.Count - 2);
    }

    /// <summary>Drops the PoAs of the lane's first <paramref name="count"/> batches.</summary>
    public void PruneBelow(ulong count) => _items.RemoveRange(0, FirstFrom(count));

    public void ForgetSent(ReplicaId member)
    {
        foreach (HeldProof item in _items) item.ForgetSent(member);
    }

    private int FirstFrom(ulong seq)
    {
        int low = 0;
        int high = _items.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_items[middle].Seq < seq) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}

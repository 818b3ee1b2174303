using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// How far an operator has voted: slots count from 0 in each epoch, so the epoch comes first. Default: no vote yet.
/// </summary>
public readonly record struct VotePosition(Epoch Epoch, Slot Slot) : IComparable<VotePosition>
{
    /// <summary>No vote; slot 0 is genesis, which nobody votes on.</summary>
    public static readonly VotePosition None;

    public int CompareTo(VotePosition other)
    {
        int byEpoch = Epoch.CompareTo(other.Epoch);
        return byEpoch != 0 ? byEpoch : Slot.CompareTo(other.Slot);
    }

    public static bool operator <(VotePosition a, VotePosition b) => a.CompareTo(b) < 0;

    public static bool operator >(VotePosition a, VotePosition b) => a.CompareTo(b) > 0;

    public static bool operator <=(VotePosition a, VotePosition b) => a.CompareTo(b) <= 0;

    public static bool operator >=(VotePosition a, VotePosition b) => a.CompareTo(b) >= 0;

    public override string ToString() => $"slot {Slot} of epoch {Epoch}";
}

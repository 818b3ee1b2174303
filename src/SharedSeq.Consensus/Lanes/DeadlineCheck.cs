using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Whether the promise of a receipt was kept. Values are stable.</summary>
public enum DeadlineVerdict
{
    /// <summary>This header does not decide: it is below the deadline and does not cover the place yet, or above the deadline and does.</summary>
    Undecided = 0,

    /// <summary>The cut covers the place at or before the deadline.</summary>
    Kept = 1,

    /// <summary>The cut at or after the deadline does not cover the place, or covers another batch there: the committee broke its promise.</summary>
    Broken = 2,
}

/// <summary>Judges a receipt by one committed header (ordering.md 5). The header is verified elsewhere, by its commit proof.</summary>
public static class DeadlineCheck
{
    /// <param name="promise">A verified receipt's promise.</param>
    /// <param name="height">Height of the committed header.</param>
    /// <param name="cut">Its cut; of a carry block that of its nearest ancestor which is none.</param>
    /// <param name="closesAt">
    /// Boundary + D of the lane's epoch, the last height that can cover the place; null while no boundary below this height is known. It is the deadline
    /// where a faulty acker named a height above the boundary, and above it the lane is in no cut.
    /// </param>
    public static DeadlineVerdict Judge(ReceiptPromise promise, Height height, IReadOnlyList<LaneTip> cut, Height? closesAt)
    {
        Height deadline = closesAt is { } last && last < promise.Deadline ? last : promise.Deadline;
        LaneTip? tip = null;
        foreach (LaneTip item in cut)
        {
            if (item.Lane == promise.Place.Lane) tip = item;
        }

        if (tip is { } same && same.Seq == promise.Place.Seq && same.Digest != promise.Place.Digest) return DeadlineVerdict.Broken;
        bool isCovered = tip is { } newest && newest.Seq >= promise.Place.Seq;
        if (isCovered) return height <= deadline ? DeadlineVerdict.Kept : DeadlineVerdict.Undecided;
        if (height > closesAt) return DeadlineVerdict.Undecided;
        return height >= deadline ? DeadlineVerdict.Broken : DeadlineVerdict.Undecided;
    }
}

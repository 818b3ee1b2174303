using System.Collections.Generic;

namespace SharedSeq.Consensus;

/// <summary>What a leader can propose to order: a cut, and a PoA for every lane it advances.</summary>
/// <param name="Cut">Sorted by lane: the parent's tips, those of advanced lanes replaced.</param>
/// <param name="Proofs">PoAs of the advanced lanes' tips, in the order of the cut.</param>
public sealed record CutCandidate(IReadOnlyList<LaneTip> Cut, IReadOnlyList<ProofOfAvailability> Proofs);

/// <summary>Whether a proposed cut may follow its parent's (R4). Values are stable metric labels.</summary>
public enum CutVerdict
{
    Valid = 0,

    /// <summary>A lane's new tip came without its PoA and none is held: wait, what a relay cut off may still come. Not the leader's fault for sure.</summary>
    ProofMissing = 1,

    /// <summary>A lane of the parent's cut is missing, has a lower tip, or the same place with another digest. Objective.</summary>
    BelowParent = 2,

    /// <summary>Names a lane that does not exist in this epoch. Objective.</summary>
    UnknownLane = 3,
}

/// <summary>Questions about <see cref="CutVerdict"/>.</summary>
public static class CutVerdicts
{
    /// <summary>Whether the proposal itself is at fault, so that the replica may cast First(⊥) at once.</summary>
    public static bool IsObjective(this CutVerdict verdict) => verdict is CutVerdict.BelowParent or CutVerdict.UnknownLane;
}

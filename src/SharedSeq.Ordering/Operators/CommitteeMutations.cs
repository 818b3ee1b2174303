using System;

namespace SharedSeq.Ordering;

/// <summary>
/// Rules of committees broken on purpose, so that the simulator can show that it would notice. Each is one condition at its rule. Not part of any
/// configuration: only this solution's simulator can pass one.
/// </summary>
[Flags]
internal enum CommitteeMutations
{
    None = 0,

    /// <summary>As many changes from one committee to the next as wait.</summary>
    AnyNumberOfChanges = 1,

    /// <summary>A ready candidate that found no room stays ready.</summary>
    ReadyKept = 2,

    /// <summary>Committees may shrink to three.</summary>
    ThreeMembers = 4,

    /// <summary>The next committee is fixed before the statements of the height that fixes it.</summary>
    FixedBeforeStatements = 8,

    /// <summary>Offenders keep their seats.</summary>
    OffendersKept = 16,

    /// <summary>A join takes effect however few approve.</summary>
    ApprovalsNotCounted = 32,

    /// <summary>Every signature of a statement passes.</summary>
    StatementsUnsigned = 64,

    /// <summary>A candidate is in step whatever checkpoint it names.</summary>
    CheckpointsNotCompared = 128,
}

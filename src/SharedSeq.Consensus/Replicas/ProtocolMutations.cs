using System;

namespace SharedSeq.Consensus;

/// <summary>
/// Rules broken on purpose, so that the simulator can show that it would notice (consensus.md part B). Each is one condition at its rule.
/// Not part of any configuration: only this solution's simulator and tests can pass one.
/// </summary>
[Flags]
internal enum ProtocolMutations
{
    None = 0,

    /// <summary>R7: a Final is cast although an Extra was.</summary>
    FinalAfterExtra = 1,

    /// <summary>R8, R9: an Extra is cast although a Final was.</summary>
    ExtraAfterFinal = 2,

    /// <summary>R8: skip counts in the maximum over the values (C3).</summary>
    SkipInMaximum = 4,

    /// <summary>S4: a restart forgets own First votes.</summary>
    ForgottenFirst = 8,

    /// <summary>R1: the certificate by which a slot is entered is not made durable.</summary>
    VolatileEntry = 16,

    /// <summary>R2: slots passed without a certificate get no First(skip).</summary>
    NoGapFilling = 32,

    /// <summary>R3, R4: blocks behind the boundary are made and accepted like any other.</summary>
    NoTails = 64,

    /// <summary>8: evidence is recorded and passed on, and never proposed.</summary>
    EvidenceNotProposed = 128,

    /// <summary>Section 8: statements of an ended epoch are given to the present one.</summary>
    EpochsMixed = 256,

    /// <summary>Section 8: an ended epoch's lanes are forgotten at its boundary.</summary>
    LanesDropped = 512,

    /// <summary>R3, R4: evidence that a committed block carries is proposed and accepted again.</summary>
    EvidenceRepeated = 1024,

    /// <summary>V2: q - 1 reports are enough for a leader.</summary>
    FewerReports = 2048,

    /// <summary>V3: an advance may go backwards.</summary>
    ViewsRegress = 4096,

    /// <summary>V3: only the L1 block is compared, not its inputs' digest.</summary>
    DigestsNotCompared = 8192,

    /// <summary>V3: an advance with q reports is not compared with the own view of L1.</summary>
    ViewsNotCompared = 16384,

    /// <summary>V2: a leader proposes a block as soon as it has the reports.</summary>
    NoCooldown = 32768,
}

namespace SharedSeq.Simulator;

/// <summary>What one scenario of twins came to.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Violation">The first violation, or null.</param>
/// <param name="Heights">Heights delivered.</param>
/// <param name="RecoveryMs">Simulated time from healing until every honest core had delivered what it owed.</param>
/// <param name="TwoBlocksNotarized">Slots in which two blocks were notarized.</param>
/// <param name="SkipAndBlockNotarized">Slots in which skip and a block were notarized.</param>
/// <param name="EpochsEntered">Epochs after the first that every honest core entered.</param>
/// <param name="IsEquivocationSeen">Some core has evidence against the member that was there twice.</param>
public sealed record TwinResult(
    TwinScenario Scenario, Violation? Violation, long Heights, long RecoveryMs, int TwoBlocksNotarized, int SkipAndBlockNotarized,
    int EpochsEntered, bool IsEquivocationSeen);

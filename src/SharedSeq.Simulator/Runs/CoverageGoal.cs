namespace SharedSeq.Simulator;

/// <summary>
/// Something that a campaign must meet sometimes: a promise checked only in good times is not checked. A campaign in which a goal is never reached
/// says so, and fails when it was asked to.
/// </summary>
/// <param name="Name">What is to happen.</param>
/// <param name="Of">How often it did.</param>
public sealed record CoverageGoal(string Name, Func<Coverage, long> Of)
{
    /// <summary>Every goal. A few of them take some hundred runs of four members.</summary>
    public static readonly IReadOnlyList<CoverageGoal> All =
    [
        new("commit by the fast path", seen => seen.FastCommits),
        new("commit by the slow path", seen => seen.SlowCommits),
        new("commit by a descendant's proof", seen => seen.CommitsByDescendant),
        new("skipped slot", seen => seen.Skips),
        new("two blocks notarized in one slot", seen => seen.TwoBlocksNotarized),
        new("skip and a block notarized in one slot", seen => seen.SkipAndBlockNotarized),
        new("carry block committed", seen => seen.CarryBlocks),
        new("jump over three slots", seen => seen.LongJumps),
        new("R2 gap filled", seen => seen.RuleCount("R2")),
        new("R5 timeout", seen => seen.RuleCount("R5")),
        new("R6 late first", seen => seen.RuleCount("R6")),
        new("R7 final", seen => seen.RuleCount("R7")),
        new("R8 extra skip", seen => seen.RuleCount("R8")),
        new("R9 extra block", seen => seen.RuleCount("R9")),
        new("E1 two proposals seen", seen => seen.RuleCount("E1")),
        new("evidence recorded", seen => seen.Evidence),
        new("PoA built by another than the author", seen => seen.ProofsBuiltByOthers),
        new("batch fetched from another than the author", seen => seen.BatchesServedByOthers),
        new("block fetched by hash", seen => seen.BlocksServed),
        new("certificate fetched", seen => seen.CertificatesServed),
        new("epoch entered", seen => seen.EpochsEntered),
        new("epoch ended by a tail", seen => seen.TailCommits),
        new("epoch ended by its third tail or a later one", seen => seen.LongTails),
        new("batch of an ended epoch's lane ordered", seen => seen.EndedLanesOrdered),
        new("lanes of an ended epoch closed at D", seen => seen.LanesClosed),
        new("batches left when their lane closed", seen => seen.BatchesLeft),
        new("statement ordered at the height that fixes a committee", seen => seen.StatementsAtFreeze),
        new("statement sent while an epoch ends", seen => seen.StatementsSentInTail),
        new("statement refused", seen => seen.SystemRecordsRefused),
        new("change waited: f others went before", seen => seen.RefusedAboveFaults),
        new("leave waited: four stay", seen => seen.RefusedBelowFour),
        new("seat emptied by evidence", seen => seen.SeatsEmptied),
        new("joiner ready too late", seen => seen.ReadyTooLate),
        new("boundary's certificate compared", seen => seen.BoundariesCertified),
        new("member joined", seen => seen.MembersJoined),
        new("member left", seen => seen.MembersLeft),
        new("member rotated a key", seen => seen.MembersRotated),
        new("member got another seat", seen => seen.SeatsChanged),
        new("height delivered by an observer", seen => seen.ObserversDelivered),
        new("request of an observer answered", seen => seen.ObserversAnswered),
        new("ended epoch served", seen => seen.EndedEpochsServed),
        new("message to a member that left", seen => seen.SentToFormer),
        new("message held for the next epoch", seen => seen.MessagesHeld),
        new("restart", seen => seen.Restarts),
        new("record torn", seen => seen.RecordsTorn),
        new("disk lost", seen => seen.DisksLost),
        new("disk rolled back and refused", seen => seen.RollbacksRefused),
        new("disk rolled back and nobody noticed", seen => seen.RollbacksUnseen),
        new("latent error found at restart", seen => seen.LatentErrorsFound),
        new("came back with new keys", seen => seen.CameBackWithNewKeys),
        new("heights replayed at a restart", seen => seen.HeightsReplayed),
        new("ordering restored from a snapshot", seen => seen.SnapshotsRestored),
        new("vote log compacted", seen => seen.Compactions),
        new("transactions carried over", seen => seen.HeightsCarriedOver),
        new("congested namespace", seen => seen.Congested),
        new("receipt given", seen => seen.Receipts),
        new("result certified", seen => seen.ResultCertificates),
        new("garbage frame refused", seen => seen.FramesRefused),
        new("message lost", seen => seen.MessagesLost),
    ];
}

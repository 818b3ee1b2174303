using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>What a run, or many of them, exercised. A campaign that never meets a double notarization has not tested one.</summary>
public sealed class Coverage
{
    private readonly SortedDictionary<string, long> _rules = new(StringComparer.Ordinal);

    /// <summary>How often each rule was applied, by the rule's name in the trace.</summary>
    public IReadOnlyDictionary<string, long> Rules => _rules;

    public long Heights { get; set; }

    public long FastCommits { get; set; }

    public long SlowCommits { get; set; }

    public long CommitsByDescendant { get; set; }

    public long Skips { get; set; }

    /// <summary>Slots in which two or more blocks were notarized.</summary>
    public long TwoBlocksNotarized { get; set; }

    /// <summary>Slots in which skip and a block were notarized.</summary>
    public long SkipAndBlockNotarized { get; set; }

    /// <summary>A member entered a slot and thereby passed three or more others that it had not been in.</summary>
    public long LongJumps { get; set; }

    public long CarryBlocks { get; set; }

    /// <summary>Epochs after the first that members entered.</summary>
    public long EpochsEntered { get; set; }

    /// <summary>Times that a member committed an epoch by a tail.</summary>
    public long TailCommits { get; set; }

    /// <summary>Heights that ordered batches of an ended epoch's lanes.</summary>
    public long EndedLanesOrdered { get; set; }

    /// <summary>Batches handed back because their lane was closed before they were ordered.</summary>
    public long BatchesLeft { get; set; }

    /// <summary>Nodes that entered an epoch with a seat, after one without.</summary>
    public long MembersJoined { get; set; }

    /// <summary>Nodes that entered an epoch without a seat, after one with.</summary>
    public long MembersLeft { get; set; }

    /// <summary>Nodes that entered an epoch with another key.</summary>
    public long MembersRotated { get; set; }

    /// <summary>Nodes that entered an epoch with another seat than before.</summary>
    public long SeatsChanged { get; set; }

    /// <summary>Times that a member committed an epoch by the third tail or a later one.</summary>
    public long LongTails { get; set; }

    /// <summary>Times that a node saw the lanes of an ended epoch close, D heights after its boundary.</summary>
    public long LanesClosed { get; set; }

    /// <summary>Operator statements that took effect.</summary>
    public long StatementsOrdered { get; set; }

    /// <summary>Records of namespace 0 that were rejected.</summary>
    public long SystemRecordsRefused { get; set; }

    /// <summary>Statements that took effect at the height that fixes a committee: the last that counts for it.</summary>
    public long StatementsAtFreeze { get; set; }

    /// <summary>Asked for when an epoch's boundary was delivered somewhere and the next one had not begun.</summary>
    public long StatementsSentInTail { get; set; }

    /// <summary>Changes that waited because f others, empty seats among them, went before.</summary>
    public long RefusedAboveFaults { get; set; }

    /// <summary>Leaves that waited because four stay.</summary>
    public long RefusedBelowFour { get; set; }

    /// <summary>Times that a node entered an epoch with a seat that evidence had emptied.</summary>
    public long SeatsEmptied { get; set; }

    /// <summary>Advances of the L1 view that members delivered.</summary>
    public long ViewsAdopted { get; set; }

    /// <summary>Those of them that passed over L1 blocks.</summary>
    public long ViewsSkipped { get; set; }

    /// <summary>Proposals with another L1 view than the leader's replica chose.</summary>
    public long ViewsForged { get; set; }

    /// <summary>Times that a member's quorum of providers was lost.</summary>
    public long L1Frozen { get; set; }

    /// <summary>Times that a replica found its own blocks of L1 and cited ones different.</summary>
    public long L1Divergences { get; set; }

    /// <summary>Candidates that said that they are in step after the committee was fixed that they could have had a seat in.</summary>
    public long ReadyTooLate { get; set; }

    /// <summary>Certificates of boundaries that honest nodes compared.</summary>
    public long BoundariesCertified { get; set; }

    /// <summary>Heights that observers delivered.</summary>
    public long ObserversDelivered { get; set; }

    /// <summary>Requests of sessions without a seat.</summary>
    public long ObserversAnswered { get; set; }

    /// <summary>Answers to whoever speaks in an ended epoch.</summary>
    public long EndedEpochsServed { get; set; }

    /// <summary>Messages to members that left.</summary>
    public long SentToFormer { get; set; }

    /// <summary>Messages that came before their epoch.</summary>
    public long MessagesHeld { get; set; }

    public long Restarts { get; set; }

    public long RecordsTorn { get; set; }

    /// <summary>Starts refused because the vote log was gone.</summary>
    public long DisksLost { get; set; }

    /// <summary>Starts refused because the vote guard knew more than the vote log.</summary>
    public long RollbacksRefused { get; set; }

    /// <summary>Starts refused because a log could not be read.</summary>
    public long LatentErrorsFound { get; set; }

    /// <summary>Starts with old keys on a disk that was lost or rolled back: there was no guard.</summary>
    public long RollbacksUnseen { get; set; }

    /// <summary>Times that a member whose keys were retired got a seat with others.</summary>
    public long CameBackWithNewKeys { get; set; }

    public long Compactions { get; set; }

    public long SnapshotsRestored { get; set; }

    /// <summary>PoAs built from exchanged acks by another member than the author, because the author said nothing.</summary>
    public long ProofsBuiltByOthers { get; set; }

    /// <summary>Batches that another member than the author handed out because it was asked.</summary>
    public long BatchesServedByOthers { get; set; }

    /// <summary>Blocks handed out to a member that asked by hash.</summary>
    public long BlocksServed { get; set; }

    /// <summary>Certificates handed out to a member that asked for a range of slots.</summary>
    public long CertificatesServed { get; set; }

    /// <summary>Heights that an ordering machine executed again after a restart.</summary>
    public long HeightsReplayed { get; set; }

    /// <summary>Heights after which a namespace had transactions waiting: caps or shares left no room.</summary>
    public long HeightsCarriedOver { get; set; }

    /// <summary>Transactions rejected because their namespace's queue was full.</summary>
    public long Congested { get; set; }

    public long Receipts { get; set; }

    public long Transactions { get; set; }

    public long TransactionsOrdered { get; set; }

    public long ResultCertificates { get; set; }

    public long Evidence { get; set; }

    /// <summary>Offences whose evidence got into a committed block.</summary>
    public long EvidenceCommitted { get; set; }

    public long FramesRefused { get; set; }

    public long StatementsRefused { get; set; }

    public long MessagesSent { get; set; }

    public long MessagesLost { get; set; }

    public long Events { get; set; }

    /// <summary>Longest time from stabilisation to 2n more heights everywhere, simulated milliseconds.</summary>
    public long RecoveryMsMax { get; set; }

    /// <summary>How often one rule was applied.</summary>
    public long RuleCount(string rule) => _rules.GetValueOrDefault(rule);

    public void CountRule(string rule) => _rules[rule] = _rules.GetValueOrDefault(rule) + 1;

    /// <summary>What one member's ordering of a height met.</summary>
    public void Count(OrderingResult result)
    {
        if (result.Backlogs.Count > 0) HeightsCarriedOver++;
        foreach (Rejection rejection in result.Rejections)
        {
            if (rejection.Reason == RejectionReason.Congested && rejection.Namespace != NamespaceId.System) Congested++;
        }
    }

    public void Add(Coverage other)
    {
        foreach ((string rule, long count) in other._rules) _rules[rule] = _rules.GetValueOrDefault(rule) + count;
        Heights += other.Heights;
        FastCommits += other.FastCommits;
        SlowCommits += other.SlowCommits;
        CommitsByDescendant += other.CommitsByDescendant;
        Skips += other.Skips;
        TwoBlocksNotarized += other.TwoBlocksNotarized;
        SkipAndBlockNotarized += other.SkipAndBlockNotarized;
        LongJumps += other.LongJumps;
        CarryBlocks += other.CarryBlocks;
        EpochsEntered += other.EpochsEntered;
        TailCommits += other.TailCommits;
        EndedLanesOrdered += other.EndedLanesOrdered;
        BatchesLeft += other.BatchesLeft;
        MessagesHeld += other.MessagesHeld;
        MembersJoined += other.MembersJoined;
        MembersLeft += other.MembersLeft;
        MembersRotated += other.MembersRotated;
        SeatsChanged += other.SeatsChanged;
        LongTails += other.LongTails;
        LanesClosed += other.LanesClosed;
        StatementsOrdered += other.StatementsOrdered;
        SystemRecordsRefused += other.SystemRecordsRefused;
        StatementsAtFreeze += other.StatementsAtFreeze;
        StatementsSentInTail += other.StatementsSentInTail;
        RefusedAboveFaults += other.RefusedAboveFaults;
        RefusedBelowFour += other.RefusedBelowFour;
        SeatsEmptied += other.SeatsEmptied;
        ViewsAdopted += other.ViewsAdopted;
        ViewsSkipped += other.ViewsSkipped;
        ViewsForged += other.ViewsForged;
        L1Frozen += other.L1Frozen;
        L1Divergences += other.L1Divergences;
        ReadyTooLate += other.ReadyTooLate;
        BoundariesCertified += other.BoundariesCertified;
        ObserversDelivered += other.ObserversDelivered;
        ObserversAnswered += other.ObserversAnswered;
        EndedEpochsServed += other.EndedEpochsServed;
        SentToFormer += other.SentToFormer;
        Restarts += other.Restarts;
        RecordsTorn += other.RecordsTorn;
        DisksLost += other.DisksLost;
        RollbacksRefused += other.RollbacksRefused;
        LatentErrorsFound += other.LatentErrorsFound;
        RollbacksUnseen += other.RollbacksUnseen;
        CameBackWithNewKeys += other.CameBackWithNewKeys;
        Compactions += other.Compactions;
        SnapshotsRestored += other.SnapshotsRestored;
        ProofsBuiltByOthers += other.ProofsBuiltByOthers;
        BatchesServedByOthers += other.BatchesServedByOthers;
        BlocksServed += other.BlocksServed;
        CertificatesServed += other.CertificatesServed;
        HeightsReplayed += other.HeightsReplayed;
        HeightsCarriedOver += other.HeightsCarriedOver;
        Congested += other.Congested;
        Receipts += other.Receipts;
        Transactions += other.Transactions;
        TransactionsOrdered += other.TransactionsOrdered;
        ResultCertificates += other.ResultCertificates;
        Evidence += other.Evidence;
        EvidenceCommitted += other.EvidenceCommitted;
        FramesRefused += other.FramesRefused;
        StatementsRefused += other.StatementsRefused;
        MessagesSent += other.MessagesSent;
        MessagesLost += other.MessagesLost;
        Events += other.Events;
        RecoveryMsMax = long.Max(RecoveryMsMax, other.RecoveryMsMax);
    }

    /// <summary>Name and value of each counter, in a fixed order.</summary>
    public IEnumerable<(string Name, long Value)> All()
    {
        yield return ("heights", Heights);
        yield return ("fastCommits", FastCommits);
        yield return ("slowCommits", SlowCommits);
        yield return ("commitsByDescendant", CommitsByDescendant);
        yield return ("skips", Skips);
        yield return ("twoBlocksNotarized", TwoBlocksNotarized);
        yield return ("skipAndBlockNotarized", SkipAndBlockNotarized);
        yield return ("longJumps", LongJumps);
        yield return ("carryBlocks", CarryBlocks);
        yield return ("epochsEntered", EpochsEntered);
        yield return ("tailCommits", TailCommits);
        yield return ("endedLanesOrdered", EndedLanesOrdered);
        yield return ("batchesLeft", BatchesLeft);
        yield return ("messagesHeld", MessagesHeld);
        yield return ("membersJoined", MembersJoined);
        yield return ("membersLeft", MembersLeft);
        yield return ("membersRotated", MembersRotated);
        yield return ("seatsChanged", SeatsChanged);
        yield return ("longTails", LongTails);
        yield return ("lanesClosed", LanesClosed);
        yield return ("statementsOrdered", StatementsOrdered);
        yield return ("systemRecordsRefused", SystemRecordsRefused);
        yield return ("statementsAtFreeze", StatementsAtFreeze);
        yield return ("statementsSentInTail", StatementsSentInTail);
        yield return ("refusedAboveFaults", RefusedAboveFaults);
        yield return ("refusedBelowFour", RefusedBelowFour);
        yield return ("seatsEmptied", SeatsEmptied);
        yield return ("viewsAdopted", ViewsAdopted);
        yield return ("viewsSkipped", ViewsSkipped);
        yield return ("viewsForged", ViewsForged);
        yield return ("l1Frozen", L1Frozen);
        yield return ("l1Divergences", L1Divergences);
        yield return ("readyTooLate", ReadyTooLate);
        yield return ("boundariesCertified", BoundariesCertified);
        yield return ("observersDelivered", ObserversDelivered);
        yield return ("observersAnswered", ObserversAnswered);
        yield return ("endedEpochsServed", EndedEpochsServed);
        yield return ("sentToFormer", SentToFormer);
        yield return ("restarts", Restarts);
        yield return ("recordsTorn", RecordsTorn);
        yield return ("disksLost", DisksLost);
        yield return ("rollbacksRefused", RollbacksRefused);
        yield return ("latentErrorsFound", LatentErrorsFound);
        yield return ("rollbacksUnseen", RollbacksUnseen);
        yield return ("cameBackWithNewKeys", CameBackWithNewKeys);
        yield return ("compactions", Compactions);
        yield return ("snapshotsRestored", SnapshotsRestored);
        yield return ("receipts", Receipts);
        yield return ("proofsBuiltByOthers", ProofsBuiltByOthers);
        yield return ("batchesServedByOthers", BatchesServedByOthers);
        yield return ("blocksServed", BlocksServed);
        yield return ("certificatesServed", CertificatesServed);
        yield return ("heightsReplayed", HeightsReplayed);
        yield return ("heightsCarriedOver", HeightsCarriedOver);
        yield return ("congested", Congested);
        yield return ("transactions", Transactions);
        yield return ("transactionsOrdered", TransactionsOrdered);
        yield return ("resultCertificates", ResultCertificates);
        yield return ("evidence", Evidence);
        yield return ("evidence committed", EvidenceCommitted);
        yield return ("framesRefused", FramesRefused);
        yield return ("statementsRefused", StatementsRefused);
        yield return ("messagesSent", MessagesSent);
        yield return ("messagesLost", MessagesLost);
        yield return ("events", Events);
        yield return ("recoveryMsMax", RecoveryMsMax);
        foreach ((string rule, long count) in _rules) yield return ($"rule.{rule}", count);
    }
}

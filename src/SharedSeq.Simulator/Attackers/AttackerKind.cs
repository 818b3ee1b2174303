namespace SharedSeq.Simulator;

/// <summary>The cast of attackers: one class each, one lie each. Values appear in JSON.</summary>
public enum AttackerKind
{
    Silent = 0,
    SilentAfterStabilisation = 1,
    EquivocatingLeader = 2,
    EquivocatingVoter = 3,
    CertificateWithholder = 4,
    LaneForker = 5,
    LaneOmittingLeader = 6,
    SelectiveProofAuthor = 7,
    AuthorDyingAfterReceipt = 8,
    StaleReplayer = 9,
    GarbageSender = 10,
    RolledBackVoter = 11,
    FalseViewLeader = 12,
    RegressingLeader = 13,
    StaleViewLeader = 14,
    FalseReporter = 15,
}

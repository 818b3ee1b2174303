using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Makes attackers by name.</summary>
public static class AttackerCast
{
    public static Attacker Create(AttackerKind kind)
    {
        switch (kind)
        {
            case AttackerKind.Silent: return new Silent();
            case AttackerKind.SilentAfterStabilisation: return new SilentAfterStabilisation();
            case AttackerKind.EquivocatingLeader: return new EquivocatingLeader();
            case AttackerKind.EquivocatingVoter: return new EquivocatingVoter();
            case AttackerKind.CertificateWithholder: return new CertificateWithholder();
            case AttackerKind.LaneForker: return new LaneForker();
            case AttackerKind.LaneOmittingLeader: return new LaneOmittingLeader();
            case AttackerKind.SelectiveProofAuthor: return new SelectiveProofAuthor();
            case AttackerKind.AuthorDyingAfterReceipt: return new AuthorDyingAfterReceipt();
            case AttackerKind.StaleReplayer: return new StaleReplayer();
            case AttackerKind.GarbageSender: return new GarbageSender();
            case AttackerKind.RolledBackVoter: return new RolledBackVoter();
            case AttackerKind.FalseViewLeader: return new FalseViewLeader();
            case AttackerKind.RegressingLeader: return new RegressingLeader();
            case AttackerKind.StaleViewLeader: return new StaleViewLeader();
            case AttackerKind.FalseReporter: return new FalseReporter();
            default:
                Invariant.Throw($"an attacker of no known kind {kind}");
                return null!;
        }
    }
}

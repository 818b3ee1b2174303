using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>
/// As leader never advances the view, so that nothing from L1 ever gets in by it, and votes for nobody's advance. Half of them report what they see all the
/// same, so that others know what they hold back.
/// </summary>
public sealed class StaleViewLeader : ViewForger
{
    private bool _reports;

    public override void OnStart() => _reports = Random.Below(2) == 0;

    protected override Payload? Forge(L1View parent, Payload chosen) => chosen.L1View == parent ? null : new Payload(parent, chosen.Evidence);

    protected override bool OnOther(ReplicaEffect effect) => effect switch
    {
        ReplicaEffect.SignViewReport => !_reports,
        ReplicaEffect.CastVote { Kind: VoteKind.First } cast => Node.Replica!.IsAdvance(cast.Slot, cast.Value),
        _ => false,
    };
}

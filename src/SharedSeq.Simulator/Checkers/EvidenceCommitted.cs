using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// What an honest replica recorded evidence of is charged in a committed block within <see cref="HeightsMax"/> heights: counted from the height at which
/// it was recorded, or from stabilisation. The offenders go on lying meanwhile, and each block takes a few items only. One block charges it, no other:
/// nobody fills blocks with contradictions of its own.
/// </summary>
public sealed class EvidenceCommitted(SimulatedRun run) : Checker(run)
{
    private readonly SortedDictionary<(Epoch Epoch, ReplicaId Offender, EvidenceKind Kind), Height> _waiting = [];
    private readonly Dictionary<(Epoch, ReplicaId, EvidenceKind), Height> _committed = [];
    private Height? _stableAt;

    /// <summary>Every member leads within n slots, and an offender's items fit one block: with f offenders 2f honest leaders in a row take all.</summary>
    private ulong HeightsMax => (ulong)(Run.Settings.MembersMax * (2 + (2 * Run.Settings.Quorum.F)));

    public override bool IsWaiting
    {
        get
        {
            foreach (((Epoch, ReplicaId, EvidenceKind) _, Height since) in _waiting)
            {
                if (_stableAt is not { } stable || since <= stable) return true;
            }

            return false;
        }
    }

    public override void OnEvidence(SimulatedNode node, Evidence evidence)
    {
        if (node.IsHonest && !_committed.ContainsKey(evidence.Charge)) _waiting.TryAdd(evidence.Charge, Run.HighestDelivered);
    }

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        if (!node.IsHonest) return;
        foreach (Evidence item in block.Block.Payload.Evidence)
        {
            if (_committed.TryAdd(item.Charge, block.Height))
            {
                if (_waiting.Remove(item.Charge)) Run.Coverage.EvidenceCommitted++;
            }
            else if (_committed[item.Charge] != block.Height)
            {
                Violate($"{Name(item.Charge)} is charged at height {_committed[item.Charge]} and again at height {block.Height}");
            }
        }
    }

    public override void OnMoment()
    {
        if (!Run.IsStable) return;
        _stableAt ??= Run.HighestDelivered;
        foreach (((Epoch, ReplicaId, EvidenceKind) charge, Height since) in _waiting)
        {
            Height from = since > _stableAt ? since : _stableAt.Value;
            if (Run.HighestDelivered > from.Plus(HeightsMax))
                Violate($"{Name(charge)} was recorded at height {since} and is in no block at height {Run.HighestDelivered}");
        }
    }

    public override void OnEnd()
    {
        foreach (((Epoch, ReplicaId, EvidenceKind) charge, Height since) in _waiting)
        {
            if (_stableAt is { } stable && since <= stable)
                Violate($"{Name(charge)} was recorded at height {since} and never committed; the run ended at height {Run.HighestDelivered}");
        }
    }

    private static string Name((Epoch Epoch, ReplicaId Offender, EvidenceKind Kind) charge) =>
        $"{charge.Kind} of replica {charge.Offender} in epoch {charge.Epoch}";
}

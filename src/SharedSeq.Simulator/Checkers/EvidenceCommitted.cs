using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Evidence that an honest replica recorded is in a committed block within <see cref="HeightsMax"/> heights: counted from the height at which it was
/// recorded, or from stabilisation. The offenders go on lying meanwhile, and each block takes a few items only.
/// </summary>
public sealed class EvidenceCommitted(SimulatedRun run) : Checker(run)
{
    private readonly SortedDictionary<Hash32, Height> _waiting = [];
    private readonly HashSet<Hash32> _committed = [];
    private Height? _stableAt;

    /// <summary>Every member leads within n slots, and an offender's items fill two blocks: with f offenders 2f honest leaders in a row take all.</summary>
    private ulong HeightsMax => (ulong)(Run.Settings.Quorum.N * (2 + (2 * Run.Settings.Quorum.F)));

    public override bool IsWaiting
    {
        get
        {
            foreach ((Hash32 _, Height since) in _waiting)
            {
                if (_stableAt is not { } stable || since <= stable) return true;
            }

            return false;
        }
    }

    public override void OnEvidence(SimulatedNode node, Evidence evidence)
    {
        if (node.IsHonest && !_committed.Contains(evidence.Id)) _waiting.TryAdd(evidence.Id, Run.HighestDelivered);
    }

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        if (!node.IsHonest) return;
        foreach (Evidence item in block.Block.Payload.Evidence)
        {
            if (!_committed.Add(item.Id)) continue;
            if (_waiting.Remove(item.Id)) Run.Coverage.EvidenceCommitted++;
        }
    }

    public override void OnMoment()
    {
        if (!Run.IsStable) return;
        _stableAt ??= Run.HighestDelivered;
        foreach ((Hash32 id, Height since) in _waiting)
        {
            Height from = since > _stableAt ? since : _stableAt.Value;
            if (Run.HighestDelivered > from.Plus(HeightsMax))
                Violate($"evidence {id} recorded at height {since} is in no block at height {Run.HighestDelivered}");
        }
    }

    public override void OnEnd()
    {
        foreach ((Hash32 id, Height since) in _waiting)
        {
            if (_stableAt is { } stable && since <= stable)
                Violate($"evidence {id} recorded at height {since} was never committed; the run ended at height {Run.HighestDelivered}");
        }
    }
}

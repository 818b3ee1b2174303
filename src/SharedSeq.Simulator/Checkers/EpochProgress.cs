using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// After stabilisation epochs go on: every honest replica that lives, seated or not, enters <see cref="CommitteeChanges.EpochsAfter"/> more epochs than any
/// honest one had entered then. The bound is the run's end, which moves out with their number.
/// </summary>
public sealed class EpochProgress(SimulatedRun run) : Checker(run)
{
    private Epoch? _target;
    private bool _isReached = !run.Settings.HasEpochs;

    public override bool IsWaiting => !_isReached;

    public override void OnMoment()
    {
        if (_isReached || !Run.IsStable) return;
        _target ??= new Epoch(Run.HighestEpoch.Value + (ulong)Run.Settings.Changes.EpochsAfter);
        _isReached = Behind().Length == 0;
    }

    public override void OnEnd()
    {
        if (!_isReached) Violate($"epoch {_target} was not entered by{Behind()}");
    }

    private string Behind()
    {
        string behind = "";
        foreach (SimulatedNode node in Run.Nodes)
        {
            if (node.IsHonest && !node.IsDead && !(node.IsUp && node.Epoch >= _target)) behind += $" {node.Id} in {node.Epoch}";
        }

        return behind;
    }
}

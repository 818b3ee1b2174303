using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// After stabilisation epochs go on: every honest, running replica, seated or not, enters one more epoch than anybody had entered then; some more where
/// the committee changes. The bound is the run's end.
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

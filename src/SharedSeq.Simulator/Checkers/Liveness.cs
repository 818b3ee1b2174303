using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// After stabilisation every honest, running replica delivers 2n more heights than anybody had at that moment, within
/// <see cref="RunSettings.LivenessBoundMs"/> of simulated time.
/// </summary>
public sealed class Liveness(SimulatedRun run) : Checker(run)
{
    private Height? _target;
    private long _sinceUs;
    private bool _isReached;

    public override bool IsWaiting => !_isReached;

    public override void OnMoment()
    {
        if (_isReached || !Run.IsStable) return;
        if (_target is null)
        {
            _target = Run.HighestDelivered.Plus(2 * (ulong)Run.Settings.MembersMax);
            _sinceUs = Run.Schedule.NowUs;
        }

        long takenMs = (Run.Schedule.NowUs - _sinceUs) / 1_000;
        string behind = "";
        foreach (SimulatedNode node in Run.Nodes)
        {
            if (!node.IsHonest || node.IsDead || node.ExecutedHeight >= _target) continue;
            behind += $" {node.Id} at {node.ExecutedHeight}";
        }

        if (behind.Length == 0)
        {
            _isReached = true;
            Run.Coverage.RecoveryMsMax = takenMs;
        }
        else if (takenMs > Run.Settings.LivenessBoundMs)
        {
            Violate($"{takenMs} ms after stabilisation height {_target} is not reached by{behind}");
        }
    }
}

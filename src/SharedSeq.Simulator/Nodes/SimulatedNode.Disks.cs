using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// What the shell does when the disk failed. Logs that do not hold what was durable in them refuse the start: by their checksums, or by the vote guard,
/// which lies outside of the disk and knows how far they were durable. The keys are retired then, for good; the operator clears the disk, and the
/// node observes until a committee has it with another vote key.
/// </summary>
public sealed partial class SimulatedNode
{
    private readonly HashSet<SimulatedKey> _lostKeys = [];
    private SavedDisk? _saved;
    private (long Votes, long Batches) _guarded;
    private bool _isSpoiled;

    /// <summary>Its disk has failed, whether or not that was noticed.</summary>
    public bool HasLostDisk { get; private set; }

    /// <summary>Vote keys that it must not use any more.</summary>
    public bool HasLostKeys => _lostKeys.Count > 0;

    /// <summary>Whether it must not vote with this key any more.</summary>
    public bool HasLost(SimulatedKey vote) => _lostKeys.Contains(vote);

    private bool IsGuarded => !Array.Exists(_attackers, attacker => attacker is RolledBackVoter);

    /// <summary>Somebody makes a copy of the disk as it is.</summary>
    public void SaveDisk() => _saved = Disk.Save();

    /// <summary>The node ends and its disk fails.</summary>
    public void FailDisk(DiskFault fault)
    {
        Crash();
        if (_isDead) return;
        HasLostDisk = true;
        Run.Trace.Line(Id, $"disk {fault}");
        if (fault == DiskFault.LatentError) _isSpoiled = true;
        else Disk.Restore(fault == DiskFault.RolledBack && _saved is not null ? _saved : SavedDisk.Empty);
    }

    /// <summary>Opens the logs, or retires the keys.</summary>
    private void OpenDisk()
    {
        bool isEmpty = Disk.VoteLog.SyncedPosition == 0;
        bool isShort = Disk.VoteLog.SyncedPosition < _guarded.Votes || Disk.BatchLog.SyncedPosition < _guarded.Batches;
        bool isBehind = _incarnation > 0 && (isEmpty || isShort) && HasLostDisk && !HasLostKeys;
        if (_isSpoiled)
        {
            Run.Coverage.LatentErrorsFound++;
            Retire(clears: true);
        }
        else if (isBehind && IsGuarded && !Run.Mutant.IgnoresGuard)
        {
            if (isEmpty) Run.Coverage.DisksLost++;
            else Run.Coverage.RollbacksRefused++;
            Retire(clears: isEmpty);
        }
        else if (isBehind)
        {
            Run.Coverage.RollbacksUnseen++;
        }
    }

    /// <summary>All vote keys that it may have signed with are retired. What the disk holds besides own statements may stay.</summary>
    private void Retire(bool clears)
    {
        for (ulong epoch = 0; epoch <= Epoch.Value; epoch++)
        {
            SeatPlan plan = Run.Committees.Of(new Epoch(epoch));
            if (plan.SeatOf(Id) is { } seat) _lostKeys.Add(plan.Seats[seat.Value].Keys!.Vote);
        }

        _isSpoiled = false;
        _guarded = (0, 0);
        if (clears) Disk.Restore(SavedDisk.Empty);
        else Disk.VoteLog.Restore([], 0);
        Run.Trace.Line(Id, "keys retired");
    }
}

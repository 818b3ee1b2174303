using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What the parts of the lane book share: settings, the committee, the lanes and who is connected.</summary>
internal sealed class LaneContext
{
    private readonly List<LaneState> _lanes = [];
    private int _closedCount;

    /// <param name="options">Settings.</param>
    /// <param name="committee">The present committee.</param>
    /// <param name="self">The own seat in it; null for an observer.</param>
    /// <param name="closed">Ended epochs whose lanes are not closed yet, ascending.</param>
    /// <param name="known">What the epoch before knew of those lanes; null at a start.</param>
    public LaneContext(ReplicaOptions options, Committee committee, ReplicaId? self, IReadOnlyList<ClosedEpoch> closed, LaneContext? known = null)
    {
        Options = options;
        Committee = committee;
        Self = self;
        Connected = ReplicaSet.All(committee.Count);
        Others = ReplicaSet.AllBut(committee.Count, self);
        Random = new Prng(options.Seed ^ 0x6C616E6573UL);
        foreach (ClosedEpoch ended in closed)
            AddLanes(new LaneEpoch(ended, options.ReceiptDeadlineHeights, committee), known);
        _closedCount = _lanes.Count;
        AddLanes(new LaneEpoch(committee, self), null);
    }

    public ReplicaOptions Options { get; }

    public Committee Committee { get; }

    /// <summary>The own seat; null for an observer.</summary>
    public ReplicaId? Self { get; }

    /// <summary>All members but this one.</summary>
    public ReplicaSet Others { get; }

    /// <summary>Members with a session. Everybody counts as connected until the shell says otherwise: sends to the unreachable are lost, no more.</summary>
    public ReplicaSet Connected { get; set; }

    /// <summary>Highest height known to be committed: what own Acks name.</summary>
    public Height FinalHeight { get; set; }

    /// <summary>The last height handed over in order.</summary>
    public Height CommittedHeight { get; set; }

    public Prng Random { get; }

    /// <summary>
    /// Lanes by id: those of ended epochs that are not closed yet, then the present one's by author. One worker per author in this version; the format
    /// has room for more.
    /// </summary>
    public IReadOnlyList<LaneState> Lanes => _lanes;

    /// <summary>The lane, or null for one of an epoch that is closed or to come, an unknown author or an unknown worker.</summary>
    public LaneState? Find(LaneId id)
    {
        if (id.Worker != 0) return null;
        if (id.Epoch == Committee.Epoch) return Committee.Has(id.Author) ? _lanes[_closedCount + id.Author.Value] : null;
        for (int i = 0; i < _closedCount; i++)
        {
            if (_lanes[i].Id == id) return _lanes[i];
        }

        return null;
    }

    /// <summary>Forgets the lanes of an ended epoch that no height will advance any more, and that owe no delivery.</summary>
    /// <param name="left">Receives them.</param>
    public void DropClosed(List<LaneState> left)
    {
        for (int i = 0; i < _closedCount;)
        {
            LaneState lane = _lanes[i];
            if (CommittedHeight < lane.Epoch.ClosesAt || lane.Ranges.Count > 0)
            {
                i++;
                continue;
            }

            left.Add(lane);
            _lanes.RemoveAt(i);
            _closedCount--;
        }
    }

    private void AddLanes(LaneEpoch epoch, LaneContext? known)
    {
        for (int i = 0; i < epoch.Committee.Count; i++)
        {
            var id = new LaneId(epoch.Committee.Epoch, new ReplicaId((ushort)i), 0);
            var lane = new LaneState(id, epoch, Options);
            if (known?.Find(id) is { } before) lane.TakeOver(before, Committee.Count);
            _lanes.Add(lane);
        }
    }

    /// <summary>A line of the protocol trace, when traces are wanted. Rule L is lanes in general.</summary>
    public void Trace(List<ReplicaEffect> effects, string rule, string text)
    {
        if (Options.IsTraced) effects.Add(new ReplicaEffect.Trace(rule, Slot.Zero, text));
    }

    /// <summary>R with jitter, so that members do not re-send in step.</summary>
    public int ResendMs() => Options.ResendMs + Random.Below((Options.ResendMs / 8) + 1);
}

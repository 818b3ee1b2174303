using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Committed heights on their way out: each is delivered, in height order and once, when all batches it orders are durable here, and the L1 inputs are
/// here by which it advances the view. Consensus never waits for this; what is missing is fetched meanwhile (<see cref="BatchFetch"/>,
/// <see cref="L1InputsFetch"/>).
/// </summary>
internal sealed class DeliveryQueue(LaneContext context, L1View view)
{
    private readonly Queue<Entry> _heights = new();

    // Those of them that advance the view and came without their inputs.
    private readonly Queue<L1Step> _steps = new();

    /// <summary>Heights handed over and not delivered.</summary>
    public int Count => _heights.Count;

    /// <summary>The L1 view after the last height delivered.</summary>
    public L1View DeliveredView { get; private set; } = view;

    /// <summary>The first height whose L1 inputs are missing; null for none.</summary>
    public L1Step? MissingStep
    {
        get
        {
            while (_steps.TryPeek(out L1Step? step) && step.Inputs is not null) _steps.Dequeue();
            return _steps.TryPeek(out L1Step? missing) ? missing : null;
        }
    }

    private sealed record Entry(
        Block Block, TimestampMs Timestamp, CommitProof? Proof, IReadOnlyList<LaneTip> Cut, IReadOnlyList<CommittedRange> Ranges, L1Step Step);

    public void Add(Block block, TimestampMs timestamp, IReadOnlyList<LaneTip> cut, CommitProof? proof, L1Step step)
    {
        var advanced = new List<CommittedRange>();
        foreach (LaneTip tip in cut)
        {
            if (context.Find(tip.Lane) is not { } lane || lane.Committed == tip) continue;
            Invariant.Check(tip.Seq.Value >= LaneState.CountOf(lane.Committed), "a committed cut is not below its parent's");
            var range = new CommittedRange(lane, lane.Committed, tip);
            lane.Committed = tip;
            advanced.Add(range);
            lane.Ranges.Add(range);
        }

        if (step.Inputs is null) _steps.Enqueue(step);
        _heights.Enqueue(new Entry(block, timestamp, proof, cut, InOrder(advanced, block.Header), step));
    }

    /// <summary>Delivers what is complete.</summary>
    public void Advance(List<ReplicaEffect> effects)
    {
        while (_heights.TryPeek(out Entry? entry))
        {
            foreach (CommittedRange range in entry.Ranges)
            {
                if (range.Lane.IsFrozen) continue;
                range.Walk();
                if (range.IsForked) Freeze(range, effects);
                else if (!range.IsDurable()) return;
            }

            if (entry.Step.Inputs is null) return;
            _heights.Dequeue();
            Deliver(entry, effects);
        }
    }

    private void Deliver(Entry entry, List<ReplicaEffect> effects)
    {
        var batches = new List<LaneTip>();
        foreach (CommittedRange range in entry.Ranges)
        {
            if (!range.Lane.IsFrozen) range.AddTo(batches);
            range.Lane.AdvanceDelivered(range.To);
            range.Lane.Ranges.RemoveAt(0);
        }

        DeliveredView = entry.Step.After;
        effects.Add(new ReplicaEffect.Deliver(new CommittedBlock(entry.Block, entry.Timestamp, entry.Proof, batches, entry.Cut)
        {
            View = entry.Step.After,
            Inputs = entry.Step.Inputs!,
        }));
    }

    /// <summary>Unreachable with PoAs of q; kept as an assertion (consensus.md 7 (ii)). Every honest replica walks the same chain and finds the same.</summary>
    private void Freeze(CommittedRange range, List<ReplicaEffect> effects)
    {
        range.Lane.IsFrozen = true;
        effects.Add(new ReplicaEffect.Alarm(
            AlarmKind.LaneForked,
            $"lane {range.Lane.Id}: committed tip {range.To.Seq} {range.To.Digest} does not extend {range.From?.Seq} {range.From?.Digest}"));
        context.Trace(effects, "L", $"lane {range.Lane.Id} frozen at {range.To.Seq}");
    }

    private List<CommittedRange> InOrder(List<CommittedRange> ranges, Header header)
    {
        var lanes = new List<LaneId>(ranges.Count);
        foreach (CommittedRange range in ranges) lanes.Add(range.Lane.Id);
        LaneOrder.Sort(lanes, header.Hash, header.Epoch, context.Committee.LeaderOf(header.Slot));
        var sorted = new List<CommittedRange>(ranges.Count);
        foreach (LaneId lane in lanes)
        {
            foreach (CommittedRange range in ranges)
            {
                if (range.Lane.Id == lane) sorted.Add(range);
            }
        }

        return sorted;
    }
}

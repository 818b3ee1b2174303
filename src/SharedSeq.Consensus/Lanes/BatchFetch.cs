using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Fetches batches of committed heights that did not come from their author (consensus.md 7). Per lane one request is open at a time: for the
/// longest chain of missing batches whose upper end has a known digest, at most <see cref="BatchRequest.MaxBatches"/> long, answered from its upper
/// end downwards. So every answer is checked by the digest chain when it arrives, whoever sent it; nothing unchecked is kept, and what remains
/// below is asked for next. Members are asked one after the other, signers of the lane's newest PoA first, in random order: among the first f+1 is
/// an honest one. Of an ended epoch's lane the signers that have left since are asked as well from the second time on: they may be the only ones.
/// </summary>
internal sealed class BatchFetch(LaneContext context)
{
    /// <summary>Grace in which a batch may still come from its author before others are asked: a small part of the slot timer.</summary>
    private int GraceMs => context.Options.SlotTimeoutMs / 6;

    /// <summary>Looks what the lane lacks now, and asks.</summary>
    public void Update(LaneState lane, long nowMs, List<ReplicaEffect> effects)
    {
        FetchState fetch = lane.Fetch;
        IReadOnlyList<CommittedRange> ranges = lane.Ranges;
        CommittedRange? lowest = lane.IsFrozen ? null : FirstOpen(ranges, out _);

        // Data of this lane does not run further ahead of deliveries that wait for another lane: what is fetched is remembered until then.
        if (lowest is null || lowest.FirstSeq >= lane.DeliveredCount + LaneLimits.FetchAheadBatches)
        {
            fetch.Open = null;
            fetch.MissingSinceMs = -1;
            return;
        }

        if (fetch.MissingSinceMs < 0) fetch.MissingSinceMs = nowMs;
        if (fetch.Open is { } open && open.IsStillNeeded()) return;
        bool isGoingOn = fetch.Open is not null;
        if (!isGoingOn && nowMs < fetch.MissingSinceMs + GraceMs) return;
        fetch.Open = Open(lane, ranges);
        Ask(lane, fetch.Open!, nowMs, effects);
    }

    public void Tick(long nowMs, List<ReplicaEffect> effects)
    {
        foreach (LaneState lane in context.Lanes)
        {
            if (lane.Fetch.MissingSinceMs < 0) continue;
            Update(lane, nowMs, effects);
            if (lane.Fetch.Open is { } open && nowMs >= open.DueMs) Ask(lane, open, nowMs, effects);
        }
    }

    public long NextDeadlineMs()
    {
        long deadline = long.MaxValue;
        foreach (LaneState lane in context.Lanes)
        {
            if (lane.Fetch.Open is { } open) deadline = long.Min(deadline, open.DueMs);
            else if (lane.Fetch.MissingSinceMs >= 0) deadline = long.Min(deadline, lane.Fetch.MissingSinceMs + GraceMs);
        }

        return deadline;
    }

    /// <summary>Takes the batches that continue the known chain downwards; a wrong or empty answer of the member asked moves on to the next.</summary>
    public void OnBatches(LaneState lane, ReplicaId? from, BatchResponse response, long nowMs, List<ReplicaEffect> effects)
    {
        if (lane.Fetch.Open is not { Candidates.Length: > 0 } open) return;
        IReadOnlyList<Batch> batches = response.Batches;
        Hash32 needed = open.Request.Tip.Digest;
        ulong first = ulong.Max(open.Request.First.Value, lane.DeliveredCount);
        bool isAnswer = false;
        for (int i = batches.Count - 1; i >= 0; i--)
        {
            Batch batch = batches[i];
            if (batch.Header.Digest != needed || batch.Header.Seq.Value < first) break;
            needed = batch.Header.PreviousDigest;
            isAnswer = true;
            BatchIntake.StoreForData(lane, batch, effects);
        }

        if (isAnswer) Update(lane, nowMs, effects);
        else if (from == open.LastAsked && open.AskedCount % open.Candidates.Length != 0) Ask(lane, open, nowMs, effects);
    }

    private FetchRequest Open(LaneState lane, IReadOnlyList<CommittedRange> ranges)
    {
        CommittedRange upper = FirstOpen(ranges, out int at)!;
        ulong first = upper.FirstSeq;
        for (int i = at + 1; i < ranges.Count && ranges[i].To.Seq.Value - first < BatchRequest.MaxBatches; i++)
        {
            if (!ranges[i].Walk()) upper = ranges[i];
        }

        // A single height may advance a lane by more than one request can name: then its upper part comes first.
        LaneTip tip = upper.Needed;
        ulong span = tip.Seq.Value - first;
        if (span >= BatchRequest.MaxBatches) first = tip.Seq.Value - BatchRequest.MaxBatches + 1;
        return new FetchRequest(upper, new BatchRequest(new BatchSeq(first), tip), CandidatesFor(lane));
    }

    /// <summary>Asks the next candidate that is connected.</summary>
    private void Ask(LaneState lane, FetchRequest open, long nowMs, List<ReplicaEffect> effects)
    {
        bool isFormerDue = lane.FormerHolders.Count > 0 && (open.AskedCount > 0 || lane.Holders.Count == 0);
        if (isFormerDue) effects.Add(new ReplicaEffect.SendToFormer(lane.Id.Epoch, lane.FormerHolders, open.Request));
        int rounds = int.Min(1 + (open.AskedCount / int.Max(1, open.Candidates.Length)), LaneLimits.FetchBackoffMax);
        open.DueMs = nowMs + ((long)context.Options.SlotTimeoutMs * rounds);
        for (int i = 0; i < open.Candidates.Length; i++)
        {
            ReplicaId candidate = open.Candidates[open.AskedCount++ % open.Candidates.Length];
            if (!context.Connected.Has(candidate)) continue;
            open.LastAsked = candidate;
            effects.Add(new ReplicaEffect.Send(ReplicaSet.Of(candidate), open.Request, AfterSync: false));
            return;
        }
    }

    private ReplicaId[] CandidatesFor(LaneState lane)
    {
        var candidates = new ReplicaId[context.Others.Count];
        int count = 0;
        foreach (ReplicaId member in context.Others)
        {
            if (lane.Holders.Has(member)) candidates[count++] = member;
        }

        context.Random.Shuffle(System.MemoryExtensions.AsSpan(candidates, 0, count));
        int holders = count;
        foreach (ReplicaId member in context.Others)
        {
            if (!lane.Holders.Has(member)) candidates[count++] = member;
        }

        context.Random.Shuffle(System.MemoryExtensions.AsSpan(candidates, holders));
        return candidates;
    }

    private static CommittedRange? FirstOpen(IReadOnlyList<CommittedRange> ranges, out int index)
    {
        for (index = 0; index < ranges.Count; index++)
        {
            if (!ranges[index].Walk()) return ranges[index];
        }

        return null;
    }
}

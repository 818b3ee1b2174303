using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// What one committed height orders of one lane: the batches behind the tip before, up to the new tip. Which digests those are is found by walking
/// from the new tip down by previous digests; the walk stops at the first batch that is not held and goes on when that one has come.
/// </summary>
internal sealed class CommittedRange(LaneState lane, LaneTip? from, LaneTip to)
{
    private readonly HeldBatch?[] _found = new HeldBatch?[to.Seq.Value + 1 - LaneState.CountOf(from)];
    private int _open = (int)(to.Seq.Value + 1 - LaneState.CountOf(from));
    private int _durable;

    public LaneState Lane { get; } = lane;

    public LaneTip? From { get; } = from;

    public LaneTip To { get; } = to;

    public int Count => _found.Length;

    /// <summary>Sequence of the range's first batch.</summary>
    public ulong FirstSeq => LaneState.CountOf(From);

    /// <summary>Where the walk stands: the highest batch that is not found yet. Only while <see cref="IsFound"/> is false.</summary>
    public LaneTip Needed => new(Lane.Id, new BatchSeq(FirstSeq + (ulong)_open - 1), NeededDigest);

    public Hash32 NeededDigest { get; private set; } = to.Digest;

    /// <summary>The walk reached the range's lower end.</summary>
    public bool IsFound => _open == 0;

    /// <summary>The walk ended somewhere else than at the tip before: the certified batches of this lane do not chain (consensus.md 7 (ii)).</summary>
    public bool IsForked => IsFound && NeededDigest != (From?.Digest ?? Hash32.Zero);

    /// <summary>Goes down as far as batches are held.</summary>
    public bool Walk()
    {
        while (_open > 0 && Lane.PlaceAt(FirstSeq + (ulong)_open - 1)?.Find(NeededDigest) is { } held)
        {
            _found[--_open] = held;
            NeededDigest = held.PreviousDigest;
        }

        return IsFound;
    }

    /// <summary>Whether all batches are found and synced here.</summary>
    public bool IsDurable()
    {
        if (!IsFound) return false;
        while (_durable < _found.Length && _found[_durable]!.IsDurable) _durable++;
        return _durable == _found.Length;
    }

    public void AddTo(List<LaneTip> batches)
    {
        foreach (HeldBatch? held in _found) batches.Add(held!.Tip);
    }
}

using System.Collections.Generic;

namespace SharedSeq.Consensus;

/// <summary>
/// Batches of one lane that can not be placed yet, because the batch before them is missing or the window is full. The only place where the core
/// holds bodies. When it is full the batch with the highest sequence goes: its author sends it again.
/// </summary>
internal sealed class ReorderBuffer
{
    private readonly SortedDictionary<ulong, Verified<Batch>> _batches = [];
    private long _bytes;

    public int Count => _batches.Count;

    public long Bytes => _bytes;

    public bool Has(ulong seq) => _batches.ContainsKey(seq);

    /// <returns>False when it was not kept, or kept already.</returns>
    public bool Add(Verified<Batch> batch)
    {
        if (!_batches.TryAdd(batch.Value.Header.Seq.Value, batch)) return false;
        _bytes += batch.Value.Header.BodyBytes;
        while (_batches.Count > LaneLimits.ReorderBatches || _bytes > LaneLimits.ReorderBytes) Remove(Highest());
        return _batches.ContainsKey(batch.Value.Header.Seq.Value);
    }

    /// <summary>The sequences held, ascending: a copy, because placing one removes it.</summary>
    public ulong[] Sequences() => [.. _batches.Keys];

    public Verified<Batch> At(ulong seq) => _batches[seq];

    public void Remove(ulong seq)
    {
        if (_batches.Remove(seq, out Verified<Batch> batch)) _bytes -= batch.Value.Header.BodyBytes;
    }

    private ulong Highest()
    {
        ulong highest = 0;
        foreach (ulong seq in _batches.Keys) highest = seq;
        return highest;
    }
}

using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The batches this node holds: recent ones in memory, all others read back from the batch log. Memory is bounded by bytes; what falls out was
/// stored before it came in.
/// </summary>
/// <param name="readFromLog">Reads a batch of the log; null when it is not there.</param>
/// <param name="bytesMax">
/// Bytes of bodies in memory. 24 MiB: over half a second of the highest rate measured, longer than a batch waits to be ordered.
/// </param>
public sealed class BatchStore(Func<LaneTip, Batch?> readFromLog, long bytesMax = 24L * 1024 * 1024) : IBatchSource
{
    private readonly ConcurrentDictionary<Hash32, Batch> _recent = new();
    private readonly ConcurrentQueue<Batch> _order = new();
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Remembers a batch that was appended to the log.</summary>
    public void Add(Batch batch)
    {
        if (!_recent.TryAdd(batch.Header.Digest, batch)) return;
        _order.Enqueue(batch);
        Interlocked.Add(ref _bytes, batch.Header.BodyBytes);
        while (Interlocked.Read(ref _bytes) > bytesMax && _order.TryDequeue(out Batch? oldest))
        {
            if (_recent.TryRemove(oldest.Header.Digest, out _)) Interlocked.Add(ref _bytes, -oldest.Header.BodyBytes);
        }
    }

    /// <summary>After a restart: what was stored and is not ordered yet, so that transactions that wait are found.</summary>
    public void AddStored(IEnumerable<StoredBatch> stored)
    {
        foreach (StoredBatch item in stored)
        {
            if (readFromLog(item.Tip) is { } batch) Add(batch);
        }
    }

    /// <summary>The batch at a place, or null when it is not stored here or pruned.</summary>
    public Batch? Find(LaneTip tip) => _recent.TryGetValue(tip.Digest, out Batch? batch) ? batch : readFromLog(tip);

    /// <summary>The batch at a place if it is in memory.</summary>
    public Batch? FindRecent(LaneTip tip) => _recent.GetValueOrDefault(tip.Digest);

    /// <summary>Looks for a transaction in the batches in memory, newest first: for those not ordered yet. A scan of a few milliseconds at most.</summary>
    public (Batch Batch, int Index)? Locate(Hash32 id)
    {
        foreach (Batch batch in _order.Reverse())
        {
            int index = batch.Body.LeafHashes.IndexOf(id);
            if (index >= 0) return (batch, index);
        }

        return null;
    }

    public BatchBody Get(LaneTip tip)
    {
        Batch? batch = Find(tip);
        Invariant.Check(batch is not null, $"batch {tip.Lane}/{tip.Seq} of a delivered height is stored");
        return batch.Body;
    }
}

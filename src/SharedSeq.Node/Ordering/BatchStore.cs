using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The batches this node holds: recent ones in memory, all others read back from the batch log. Memory is bounded by bytes; what falls out was
/// stored before it came in, and its memory is used again: bytes are read under a lease.
/// </summary>
/// <param name="readFromLog">Reads a batch of the log; null when it is not there.</param>
/// <param name="bytesMax">
/// Bytes of bodies in memory. 12 MiB: a quarter of a second of the highest rate measured, longer than a batch waits to be ordered.
/// </param>
public sealed class BatchStore(Func<LaneTip, Batch?> readFromLog, long bytesMax = 12L * 1024 * 1024) : IBatchSource
{
    /// <summary>Headers kept for longer than their bodies. 4,096, 250 bytes each: 20 s at the highest pace; replies to submitters name them.</summary>
    private const int HeadersMax = 4_096;

    private readonly ConcurrentDictionary<Hash32, BatchHeader> _headers = new();
    private readonly ConcurrentQueue<Hash32> _headerOrder = new();
    private readonly ConcurrentDictionary<Hash32, Batch> _recent = new();
    private readonly ConcurrentQueue<Batch> _order = new();
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Remembers a batch that was appended to the log, and gives up its body in time.</summary>
    public void Add(Batch batch)
    {
        if (!_recent.TryAdd(batch.Header.Digest, batch)) return;
        _order.Enqueue(batch);
        Interlocked.Add(ref _bytes, batch.Header.BodyBytes);
        while (Interlocked.Read(ref _bytes) > bytesMax && _order.TryDequeue(out Batch? oldest))
        {
            if (!_recent.TryRemove(oldest.Header.Digest, out _)) continue;
            Interlocked.Add(ref _bytes, -oldest.Header.BodyBytes);
            KeepHeader(oldest.Header);
            oldest.Body.Release();
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

    /// <summary>The batch at a place, for its header and ids; null when it is not stored here or pruned.</summary>
    public Batch? Find(LaneTip tip) => FindRecent(tip) ?? readFromLog(tip);

    /// <summary>The header of the batch at a place; null when it is not stored here or pruned.</summary>
    public BatchHeader? FindHeader(LaneTip tip) =>
        FindRecent(tip)?.Header ?? (_headers.TryGetValue(tip.Digest, out BatchHeader? header) ? header : readFromLog(tip)?.Header);

    /// <summary>The batch at a place if it is in memory, for its header and ids.</summary>
    public Batch? FindRecent(LaneTip tip) => _recent.GetValueOrDefault(tip.Digest);

    /// <summary>The batch at a place with a hold on its bytes, which the caller releases; null when it is not stored here or pruned.</summary>
    public Batch? Hold(LaneTip tip) => FindRecent(tip) is { } batch && batch.Body.TryHold() ? batch : readFromLog(tip);

    /// <summary>The bytes of the batch at a place; null when it is not stored here or pruned.</summary>
    public BodyLease? TryBorrow(LaneTip tip)
    {
        if (FindRecent(tip) is { } recent && BodyLease.TryTake(recent.Body, out BodyLease lease)) return lease;
        return readFromLog(tip) is { } stored ? BodyLease.Of(stored.Body) : null;
    }

    /// <summary>
    /// Looks for a transaction in the batches in memory; the newest that has it. For those not ordered yet: what is ordered is in the ledger's index. An
    /// index here would cost every transaction more than a scan costs those who ask: <paramref name="id"/> is compared with the ids of 16 MiB at most, and how
    /// often a connection may ask is limited.
    /// </summary>
    public (Batch Batch, int Index)? Locate(Hash32 id)
    {
        (Batch Batch, int Index)? found = null;
        foreach (Batch batch in _order)
        {
            int index = batch.Body.LeafHashes.IndexOf(id);
            if (index >= 0) found = (batch, index);
        }

        return found;
    }

    /// <summary>
    /// A batch of the height being ordered. One that fell out is in memory again: each namespace in it, and each of those told about the height, would
    /// read and hash it anew otherwise.
    /// </summary>
    public BodyLease Borrow(LaneTip tip)
    {
        if (FindRecent(tip) is { } recent && BodyLease.TryTake(recent.Body, out BodyLease lease)) return lease;
        Batch? stored = readFromLog(tip);
        if (stored is null) Invariant.Throw($"batch {tip.Lane}/{tip.Seq} of a delivered height is stored");
        Add(stored);
        return BodyLease.Of(stored.Body);
    }

    private void KeepHeader(BatchHeader header)
    {
        if (!_headers.TryAdd(header.Digest, header)) return;
        _headerOrder.Enqueue(header.Digest);
        if (_headers.Count > HeadersMax && _headerOrder.TryDequeue(out Hash32 oldest)) _headers.TryRemove(oldest, out _);
    }
}

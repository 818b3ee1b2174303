using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>The feeds of all namespaces, filled by ordering, and the newest certificate for their proofs.</summary>
public sealed class NamespaceFeeds(BatchStore batches, Func<NamespaceId, ulong, StreamBlock?> readOld, Func<NamespaceId, ulong> headOf)
    : IOrderedFollower
{
    private readonly ConcurrentDictionary<NamespaceId, NamespaceFeed> _feeds = new();
    private readonly ConcurrentDictionary<NamespaceId, NamespaceHead> _starts = new();
    private volatile ResultCertificate? _newest;
    private volatile Divergence? _divergence;

    /// <summary>The newest result certificate.</summary>
    public ResultCertificate? Newest => _newest;

    public NamespaceFeed Of(NamespaceId id)
    {
        NamespaceFeed feed = _feeds.GetOrAdd(id, ns => new NamespaceFeed(ns, ulong.Max(headOf(ns), StartOf(ns)?.Number ?? 0), number => readOld(ns, number)));
        if (_divergence is { } divergence) feed.Halt(divergence.Agreed);
        return feed;
    }

    /// <summary>Where the namespaces stand when the node starts: of what lies below, this node may have no blocks at all.</summary>
    public void StartFrom(IReadOnlyList<NamespaceHead> heads)
    {
        foreach (NamespaceHead head in heads) _starts[head.Namespace] = head;
    }

    /// <summary>Where a namespace stood when the node started.</summary>
    public NamespaceHead? StartOf(NamespaceId id) => _starts.TryGetValue(id, out NamespaceHead head) ? head : null;

    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        foreach (ClosedBlock closed in height.Result.Closed)
            Of(closed.Block.Namespace).Append(new StreamBlock(closed.Block, closed.Hash, closed.Content, batches));
        return ValueTask.CompletedTask;
    }

    public void OnCertified(ResultCertificate certificate)
    {
        // That of an ended epoch's boundary may come after a later one.
        if (_newest is null || certificate.Result.Height > _newest.Result.Height) _newest = certificate;
    }

    public void OnDiverged(Divergence divergence)
    {
        _divergence = divergence;
        foreach (NamespaceFeed feed in _feeds.Values) feed.Halt(divergence.Agreed);
    }
}

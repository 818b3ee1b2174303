using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Record bytes of each namespace that are in the own lane and not placed yet: on their way to a committed height, or carried over behind one. The
/// door stops at Q / 2n of them (ordering.md 2), so that nothing with a receipt of this operator is rejected as congested. After a restart what
/// was on its way is counted as nothing; the half of Q that all lanes together leave free is more than that.
/// </summary>
/// <param name="isOwn">Whether a lane is an own one.</param>
/// <param name="batches">Where the own batches of an ordered height are.</param>
/// <param name="carriedOver">Bytes of a namespace that ordering carries over from the own lane; asked on ordering's loop.</param>
public sealed class LaneBacklog(Func<LaneId, bool> isOwn, IBatchSource batches, Func<NamespaceId, ulong> carriedOver) : IOrderedFollower
{
    private readonly ConcurrentDictionary<NamespaceId, Share> _shares = new();
    private readonly List<Share> _carrying = [];

    /// <summary>Record bytes of a namespace not placed yet.</summary>
    public ulong Of(NamespaceId ns) => _shares.TryGetValue(ns, out Share? share) ? share.Bytes : 0;

    /// <summary>Admitted records go into the lane.</summary>
    public void Add(NamespaceId ns, int bytes) => ShareOf(ns).Add(bytes);

    /// <summary>They did not: the lane refused them.</summary>
    public void Remove(NamespaceId ns, int bytes) => ShareOf(ns).Remove(bytes);

    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        // What is carried over comes first: between the two steps bytes count twice rather than not at all.
        foreach (Share share in _carrying) share.CarriedOver = carriedOver(share.Namespace);
        _carrying.RemoveAll(static share => share.CarriedOver == 0);
        foreach (NamespaceBacklog backlog in height.Result.Backlogs)
        {
            ulong bytes = carriedOver(backlog.Namespace);
            if (bytes == 0) continue;
            Share share = ShareOf(backlog.Namespace);
            if (share.CarriedOver == 0) _carrying.Add(share);
            share.CarriedOver = bytes;
        }

        foreach (LaneTip tip in height.Committed.Batches)
        {
            if (!isOwn(tip.Lane)) continue;
            using BodyLease batch = batches.Borrow(tip);
            RemoveBatch(batch.Body);
        }

        return ValueTask.CompletedTask;
    }

    public void OnCertified(ResultCertificate certificate)
    {
    }

    public void OnDiverged(Divergence divergence)
    {
    }

    private void RemoveBatch(BatchBody body)
    {
        NamespaceId ns = body[0].Namespace;
        int bytes = 0;
        for (int i = 0; i < body.Count; i++)
        {
            TransactionRecord record = body[i];
            if (record.Namespace != ns)
            {
                Remove(ns, bytes);
                (ns, bytes) = (record.Namespace, 0);
            }

            bytes += BatchBody.RecordOverhead + record.Payload.Length;
        }

        Remove(ns, bytes);
    }

    private Share ShareOf(NamespaceId ns) => _shares.GetOrAdd(ns, static id => new Share(id));

    private sealed class Share(NamespaceId ns)
    {
        private long _onItsWay;
        private ulong _carriedOver;

        public NamespaceId Namespace { get; } = ns;

        public ulong CarriedOver
        {
            get => Volatile.Read(ref _carriedOver);
            set => Volatile.Write(ref _carriedOver, value);
        }

        public ulong Bytes => (ulong)long.Max(0, Interlocked.Read(ref _onItsWay)) + CarriedOver;

        public void Add(int bytes) => Interlocked.Add(ref _onItsWay, bytes);

        public void Remove(int bytes)
        {
            // Batches of before a restart were never added.
            long left = Interlocked.Add(ref _onItsWay, -bytes);
            if (left < 0) Interlocked.Add(ref _onItsWay, -left);
        }
    }
}

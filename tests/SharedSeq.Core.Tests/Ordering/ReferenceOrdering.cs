using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>
/// Ordering written down as plainly as docs/protocol/ordering.md reads: lists, dictionaries, nothing kept that can be computed again. What the real
/// machine must equal on every input.
/// </summary>
internal sealed class ReferenceOrdering(Genesis genesis)
{
    private readonly List<Ns> _namespaces = [.. genesis.Namespaces.Select(p => new Ns(p, genesis))];
    private readonly List<(TxId Id, ulong ForgetAtMs)> _remembered = [];
    private ulong _time = genesis.Timestamp.Value;
    private Hash32 _effectsRoot = genesis.Hash;

    /// <summary>What one height must bring about.</summary>
    public sealed record Expected(
        List<NamespaceBlock> Closed, List<TxId[]> ClosedIds, List<(ulong Ns, ulong Number, int First, TxId[] New)> Growth,
        List<Rejection> Rejections, uint Duplicates, bool IsSigned, Hash32 NamespacesRoot, Hash32 EffectsRoot, List<NamespaceBacklog> Backlogs);

    public Expected Apply(CommittedBlock block, IEnumerable<(LaneId Lane, TestTransaction Transaction)> transactions)
    {
        Policy policy = genesis.Policy;
        ulong now = block.Timestamp.Value;
        bool isSigned = block.Height.Value % policy.CheckpointInterval == 0 || now / policy.ResultIntervalMs > _time / policy.ResultIntervalMs;
        _time = now;
        uint duplicates = 0;
        var rejections = new List<Rejection>();
        var heard = new HashSet<LaneId>();
        foreach ((LaneId lane, TestTransaction tx) in transactions)
        {
            Ns? ns = _namespaces.Find(n => n.Policy.Id.Value == tx.Namespace);
            RejectionReason? reason = ns is null && tx.Namespace != 0 ? RejectionReason.UnknownNamespace : Refuse(ns, tx, now);
            if (reason is null && ns is null && !heard.Add(lane)) reason = RejectionReason.Congested;
            ulong forgetAt = ns?.IsEvm == true ? now + policy.EvmDedupMs : (tx.ValidUntil * 1000) + 1;
            if (reason is null && _remembered.Exists(r => r.Id == tx.Id && now < r.ForgetAtMs))
            {
                duplicates++;
                continue;
            }

            // An id counts against the limit until the second after its time begins.
            if (reason is null && _remembered.Count(r => (r.ForgetAtMs + 999) / 1000 > now / 1000) >= policy.DedupIdsMax)
                reason = RejectionReason.Congested;
            if (reason is { } why)
            {
                rejections.Add(new Rejection(tx.Id, new NamespaceId(tx.Namespace), why));
                continue;
            }

            _remembered.Add((tx.Id, forgetAt));
            if (ns is null) rejections.Add(new Rejection(tx.Id, NamespaceId.System, RejectionReason.BadStatement));
            else ns.Queue.Add(tx);
        }

        return Place(block, policy, now, isSigned, duplicates, rejections);
    }

    private Expected Place(CommittedBlock block, Policy policy, ulong now, bool isSigned, uint duplicates, List<Rejection> rejections)
    {
        var closed = new List<NamespaceBlock>();
        var closedIds = new List<TxId[]>();
        var growth = new List<(ulong Ns, ulong Number, int First, TxId[] New)>();
        ulong[] demands = [.. _namespaces.Select(n => ulong.Min((ulong)n.QueuedBytes, n.Room(now, policy)))];
        bool isShared = demands.Aggregate(0UL, (a, b) => a + b) > policy.HeightBytes;
        if (isShared) GrantShares(policy.HeightBytes, demands);
        foreach (Ns ns in _namespaces)
        {
            ns.StartHeight();
            bool isBlocked = ns.Fill(now, isShared, rejections);
            foreach (ulong time in ns.ClosingTimes(now, policy, out NamespaceBlockFlags flags))
            {
                ns.ReportGrowth(growth);
                closedIds.Add([.. ns.Open.Select(t => t.Id)]);
                closed.Add(ns.Close(block.Height.Value, time, policy.Version, flags));
                if (ns.IsTimed) isBlocked = ns.Fill(now, isShared, rejections);
            }

            ns.ReportGrowth(growth);
            ns.Credit = isShared && isBlocked ? ns.Credit : 0;
            while ((ulong)ns.QueuedBytes > policy.QueueBytes)
            {
                rejections.Add(new Rejection(ns.Queue[^1].Id, ns.Policy.Id, RejectionReason.Congested));
                ns.Queue.RemoveAt(ns.Queue.Count - 1);
            }
        }

        Hash32 namespacesRoot = SortedMerkle.Commit(
            NamespaceHeads.Tag, (ulong)_namespaces.Count,
            MerkleTree.RootOfLeafHashes([.. _namespaces.Select(n => SortedMerkle.LeafHash(n.Policy.Id.Value, n.Head.Value))]));
        var effects = new HeightEffects(
            block.Height, block.Block.Header.Hash, block.Timestamp, namespacesRoot,
            MerkleTree.RootOfLeafHashes([.. rejections.Select(r => r.LeafHash)]), (uint)rejections.Count, duplicates);
        _effectsRoot = Sha.Of([.. _effectsRoot.ToArray(), .. effects.Hash.ToArray()]);
        List<NamespaceBacklog> backlogs =
            [.. _namespaces.Where(n => n.Queue.Count > 0).Select(n => new NamespaceBacklog(n.Policy.Id, (ulong)n.QueuedBytes))];
        return new Expected(closed, closedIds, growth, rejections, duplicates, isSigned, namespacesRoot, _effectsRoot, backlogs);
    }

    private RejectionReason? Refuse(Ns? ns, TestTransaction tx, ulong now)
    {
        if (tx.Payload.Length == 0) return RejectionReason.Empty;
        if (tx.Payload.Length > genesis.Policy.TransactionBytesMax) return RejectionReason.TooLarge;
        if (ns is { IsEvm: true }) return tx.ValidUntil == 0 ? null : RejectionReason.ValidUntilNotAllowed;
        if (tx.ValidUntil == 0) return RejectionReason.ValidUntilRequired;
        if (tx.ValidUntil * 1000 > now + (genesis.Policy.DedupSeconds * 1000)) return RejectionReason.TooFarAhead;
        return now > tx.ValidUntil * 1000 ? RejectionReason.Expired : null;
    }

    private void GrantShares(ulong total, ulong[] demands)
    {
        var left = Enumerable.Range(0, demands.Length).ToList();
        while (left.Count > 0)
        {
            // The one that asks for least per weight goes next; of the rest, its share by weight is the most it gets.
            int next = left.MinBy(i => ((decimal)demands[i] / _namespaces[i].Policy.Share, i));
            ulong weights = (ulong)left.Sum(i => _namespaces[i].Policy.Share);
            ulong granted = ulong.Min(demands[next], total * _namespaces[next].Policy.Share / weights);
            _namespaces[next].Credit += granted;
            total -= granted;
            left.Remove(next);
        }
    }

    private sealed class Ns(NamespacePolicy policy, Genesis genesis)
    {
        private Hash32 _hash = NamespaceBlock.GenesisHash(genesis.Hash, policy.Id);
        private ulong _number;
        private ulong _closedAt;
        private ulong _blockTime = genesis.Timestamp.Value;
        private int _reported;

        public NamespacePolicy Policy { get; } = policy;

        public List<TestTransaction> Queue { get; } = [];

        public List<TestTransaction> Open { get; } = [];

        public ulong Credit { get; set; }

        public bool IsEvm => Policy.Admission == AdmissionKind.Evm;

        public bool IsTimed => Policy.BlockTimeMs != 0;

        public int QueuedBytes => Queue.Sum(t => t.RecordBytes);

        public NamespaceHead Head => new(
            Policy.Id, _number, _hash, (uint)Open.Count, MerkleTree.RootOfLeafHashes([.. Open.Select(t => t.Id.Value)]));

        public void StartHeight() => _reported = Open.Count;

        public ulong Room(ulong now, Policy policy) =>
            Policy.ByteCap - (ulong)Open.Sum(t => t.RecordBytes)
            + (IsTimed ? (ulong)ClosingTimes(now, policy, out _).Length * Policy.ByteCap : 0);

        /// <summary>True when the share stopped it.</summary>
        public bool Fill(ulong now, bool isShared, List<Rejection> rejections)
        {
            while (Queue.Count > 0)
            {
                TestTransaction tx = Queue[0];
                if (!IsEvm && now > tx.ValidUntil * 1000)
                {
                    rejections.Add(new Rejection(tx.Id, Policy.Id, RejectionReason.Expired));
                    Queue.RemoveAt(0);
                    continue;
                }

                if ((ulong)(Open.Sum(t => t.RecordBytes) + tx.RecordBytes) > Policy.ByteCap) return false;
                if (Policy.GasCap > 0 && Open.Aggregate(Gas(tx), (sum, t) => sum + Gas(t)) > Policy.GasCap) return false;
                if (isShared && Credit < (ulong)tx.RecordBytes) return true;
                if (isShared) Credit -= (ulong)tx.RecordBytes;
                Open.Add(tx);
                Queue.RemoveAt(0);
            }

            return false;
        }

        public ulong[] ClosingTimes(ulong now, Policy policy, out NamespaceBlockFlags flags)
        {
            flags = NamespaceBlockFlags.None;
            if (!IsTimed) return Open.Count > 0 ? [now] : [];
            var times = new List<ulong>();
            for (ulong at = _blockTime + Policy.BlockTimeMs; at <= now; at += Policy.BlockTimeMs) times.Add(at);
            if (times.Count <= policy.BlocksPerHeightMax) return [.. times];
            if (Policy.TimeGaps == TimeGaps.Fill) return [.. times.Take((int)policy.BlocksPerHeightMax)];
            flags = NamespaceBlockFlags.TimeJump;
            return [times[^1]];
        }

        public NamespaceBlock Close(ulong height, ulong time, uint policyVersion, NamespaceBlockFlags flags)
        {
            var block = new NamespaceBlock
            {
                Namespace = Policy.Id,
                Number = _number + 1,
                Branch = 0,
                FirstHeight = new Height(ulong.Min(_closedAt + 1, height)),
                LastHeight = new Height(height),
                ParentHash = _hash,
                Timestamp = new TimestampMs(time),
                L1Origin = L1Origin.None,
                PolicyVersion = policyVersion,
                TxRoot = MerkleTree.RootOfLeafHashes([.. Open.Select(t => t.Id.Value)]),
                Count = (uint)Open.Count,
                Bytes = (ulong)Open.Sum(t => t.RecordBytes),
                Flags = flags,
            };
            (_number, _hash, _closedAt, _blockTime, _reported) = (block.Number, block.Hash, height, time, 0);
            Open.Clear();
            return block;
        }

        public void ReportGrowth(List<(ulong Ns, ulong Number, int First, TxId[] New)> growth)
        {
            if (Open.Count > _reported) growth.Add((Policy.Id.Value, _number + 1, _reported, [.. Open.Skip(_reported).Select(t => t.Id)]));
            _reported = Open.Count;
        }

        private ulong Gas(TestTransaction tx) =>
            EvmTransaction.TryReadGasLimit(tx.Payload, out ulong gas) && gas <= Policy.GasCap ? gas : 0;
    }
}

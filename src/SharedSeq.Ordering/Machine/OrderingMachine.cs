using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Turns committed heights into namespace blocks and results (docs/protocol/ordering.md). Deterministic: the same genesis and heights give the same bytes
/// on every replica. Single-threaded; what it returns never changes afterwards and may be read from any thread.
/// The caller applies every height exactly once, in order, from 1 on (or from the height after a restored snapshot).
/// </summary>
public sealed partial class OrderingMachine
{
    private readonly Genesis _genesis;
    private readonly Policy _policy;
    private readonly NamespaceState[] _namespaces;
    private readonly Lookup<ulong, NamespaceState> _byId;
    private readonly DuplicateTable _duplicates;
    private readonly BatchSlots _slots = new();
    private readonly SortedMerkleTree _heads;
    private readonly CanonicalWriter _writer = new(4096);
    private readonly ISignatureScheme _scheme;
    private readonly CommitteeMutations _mutations;

    // Work of the height being applied.
    private readonly List<NamespaceState> _work = [];
    private readonly List<NamespaceState> _queued = [];
    private List<ClosedBlock> _closed = [];
    private List<NamespaceGrowth> _growth = [];
    private List<Rejection> _rejections = [];
    private List<AcceptedStatement> _statements = [];
    private readonly List<LaneId> _statementLanes = [];
    private uint _duplicateCount;

    // How far the present epoch goes, by the headers applied.
    private EpochSpan _span;

    // The earliest time at which some namespace's block is due: heights before it need not look at namespaces they do not touch.
    private ulong _nextDueMs;

    /// <summary>The machine before the first height.</summary>
    /// <param name="genesis">The network.</param>
    /// <param name="scheme">Checks the signatures of operator statements; nothing else that is ordered has any that ordering looks at.</param>
    public OrderingMachine(Genesis genesis, ISignatureScheme scheme)
        : this(genesis, scheme, CommitteeMutations.None)
    {
    }

    internal OrderingMachine(Genesis genesis, ISignatureScheme scheme, CommitteeMutations mutations)
    {
        _genesis = genesis;
        _scheme = scheme;
        _mutations = mutations;
        Operators = new OperatorRegistry(genesis, mutations);
        _policy = genesis.Policy;
        _namespaces = new NamespaceState[genesis.Namespaces.Count];
        _byId = new Lookup<ulong, NamespaceState>(_namespaces.Length);
        _heads = new SortedMerkleTree(_namespaces.Length);
        for (int i = 0; i < _namespaces.Length; i++)
        {
            NamespacePolicy policy = genesis.Namespaces[i];
            _namespaces[i] = new NamespaceState(policy, i, NamespaceBlock.GenesisHash(genesis.Hash, policy.Id), genesis.Timestamp);
            _byId[policy.Id.Value] = _namespaces[i];
            _heads.Set(policy.Id.Value, _namespaces[i].UpdateHead().Value);
        }

        uint evmSeconds = (_policy.EvmDedupMs + 999) / 1000;
        _duplicates = new DuplicateTable(_policy.DedupIdsMax, uint.Max(_policy.DedupSeconds, evmSeconds));
        _duplicates.Advance(genesis.Timestamp.Value);
        Timestamp = genesis.Timestamp;
        _span = SpanFrom(genesis.Timestamp);
        EffectsRoot = genesis.Hash;
        _nextDueMs = EarliestDue();
    }

    /// <summary>The last height applied; 0 before the first.</summary>
    public Height Height { get; private set; }

    /// <summary>Committed time: the last height's timestamp.</summary>
    public TimestampMs Timestamp { get; private set; }

    /// <summary>The chain over all effects so far; the genesis hash before the first height.</summary>
    public Hash32 EffectsRoot { get; private set; }

    /// <summary>The epoch of the last height applied.</summary>
    public Epoch Epoch { get; private set; }

    /// <summary>When that epoch began: the timestamp of the block it started from.</summary>
    public TimestampMs EpochStartedAt =>
        _span.IsEndless ? _genesis.Timestamp : new TimestampMs(_span.EndsAt.Value - (_policy.EpochSeconds * 1_000UL));

    /// <summary>The present epoch's last height once it is known.</summary>
    public Height? Boundary => _span.Boundary;

    /// <summary>Operators and committees after the last height applied. What it is now never changes.</summary>
    public OperatorRegistry Operators { get; private set; }

    /// <summary>Ids remembered against duplicates.</summary>
    public uint RememberedIds => _duplicates.Count;

    /// <summary>Record bytes of a namespace that wait for room; 0 for one that is not registered.</summary>
    public ulong QueuedBytes(NamespaceId id) => _byId.TryGet(id.Value, out NamespaceState? ns) ? ns.Queue.Bytes : 0;

    /// <summary>Those of them that came by one author's lane.</summary>
    public ulong QueuedBytes(NamespaceId id, ReplicaId author) => _byId.TryGet(id.Value, out NamespaceState? ns) ? ns.QueuedBy(author) : 0;

    /// <summary>Where every namespace stands after the last height, ascending by id.</summary>
    public NamespaceHead[] Heads()
    {
        var heads = new NamespaceHead[_namespaces.Length];
        for (int i = 0; i < heads.Length; i++) heads[i] = _namespaces[i].Head;
        return heads;
    }

    /// <summary>Applies the next committed height.</summary>
    public OrderingResult Apply(CommittedBlock block, IBatchSource batches)
    {
        Invariant.Check(block.Height == Height.Next(), "heights are applied in order, each once");
        Invariant.Check(block.Timestamp >= Timestamp, "committed time does not go back");
        TimestampMs before = Timestamp;
        CommitteeSeats? fixedBefore = Operators.Next;
        EnterEpoch(block.Block.Header.Epoch);
        Height = block.Height;
        Timestamp = block.Timestamp;
        _span = _span.After(Height, Timestamp);
        StartHeight();
        if (Operators.Next is null && _mutations.HasFlag(CommitteeMutations.FixedBeforeStatements)) Operators = Operators.WithNextFixed();
        foreach (LaneTip tip in block.Batches)
        {
            int slot = _slots.Open(tip);
            using BodyLease batch = batches.Borrow(tip);
            Take(batch.Body, slot);
            _slots.Release(slot);
        }

        ListDue();
        _work.Sort(static (a, b) => a.Index.CompareTo(b.Index));
        GrantShares();
        foreach (NamespaceState ns in _work) Advance(ns);
        UpdateCommittees(block.Block.Payload.Evidence);
        return Finish(block, before, Operators.Next == fixedBefore ? null : Operators.Next!.Plan);
    }

    /// <summary>An epoch begins behind the boundary of the one before, and nowhere else.</summary>
    private void EnterEpoch(Epoch epoch)
    {
        bool isNext = _span.Boundary is { } boundary && boundary == Height;
        Invariant.Check(epoch.Value == Epoch.Value + (isNext ? 1UL : 0UL), "epochs change at their boundary");
        if (!isNext) return;
        Operators = Operators.WithEpochEnded(Height);
        Epoch = epoch;
        _span = SpanFrom(Timestamp);
    }

    private EpochSpan SpanFrom(TimestampMs start) => EpochSpan.From(start, _policy.EpochSeconds, _policy.BoundaryLead);

    private void StartHeight()
    {
        _closed = [];
        _growth = [];
        _rejections = [];
        _statements = [];
        _statementLanes.Clear();
        _duplicateCount = 0;
        _work.Clear();
        _duplicates.Advance(Timestamp.Value);
        foreach (NamespaceState ns in _queued) List(ns);
        _queued.Clear();
    }

    private void List(NamespaceState ns)
    {
        if (ns.ListedAt == Height) return;
        ns.ListedAt = Height;
        _work.Add(ns);
    }

    private void ListDue()
    {
        if (Timestamp.Value < _nextDueMs) return;
        foreach (NamespaceState ns in _namespaces)
        {
            if (ns.DueMs <= Timestamp.Value) List(ns);
        }
    }

    private ulong EarliestDue()
    {
        ulong earliest = ulong.MaxValue;
        foreach (NamespaceState ns in _namespaces) earliest = ulong.Min(earliest, ns.DueMs);
        return earliest;
    }

    private OrderingResult Finish(CommittedBlock block, TimestampMs before, CommitteePlan? fixedCommittee)
    {
        var backlogs = new List<NamespaceBacklog>();
        foreach (NamespaceState ns in _work)
        {
            _heads.Set(ns.Policy.Id.Value, ns.UpdateHead().Value);
            ns.Queue.Trim();
            if (ns.Queue.Count == 0) continue;
            _queued.Add(ns);
            backlogs.Add(new NamespaceBacklog(ns.Policy.Id, ns.Queue.Bytes));
        }

        if (Timestamp.Value >= _nextDueMs) _nextDueMs = EarliestDue();
        Hash32 namespacesRoot = _heads.Commitment(NamespaceHeads.Tag);
        var effects = new HeightEffects(
            Height, block.Block.Header.Hash, Timestamp, namespacesRoot, RejectionsRoot(_rejections), (uint)_rejections.Count, _duplicateCount);
        EffectsRoot = effects.RootAfter(EffectsRoot);
        bool isBoundary = _span.Boundary == Height;
        bool isCheckpoint = isBoundary || Height.Value % _policy.CheckpointInterval == 0;
        if (isCheckpoint) Operators = Operators.WithCheckpoint(Height, EffectsRoot);
        bool isSigned = isCheckpoint || Timestamp.Value / _policy.ResultIntervalMs != before.Value / _policy.ResultIntervalMs;
        var result = new BlockResult(
            block.Block.Header.Epoch, Height, block.Block.Header.Hash, namespacesRoot, EffectsRoot, Hash32.Zero,
            isCheckpoint ? StateRoot() : Hash32.Zero, isBoundary ? Operators.Next!.Plan.Hash : Hash32.Zero);
        return new OrderingResult
        {
            Result = result,
            Timestamp = Timestamp,
            IsSigned = isSigned,
            IsCheckpoint = isCheckpoint,
            Effects = effects,
            Closed = _closed,
            Growth = _growth,
            Rejections = _rejections,
            Statements = _statements,
            FixedCommittee = fixedCommittee,
            Operators = Operators,
            Backlogs = backlogs,
            Heads = isSigned ? CaptureHeads() : null,
        };
    }

    private NamespaceHeads CaptureHeads()
    {
        return new NamespaceHeads(Heads(), _heads.Clone());
    }

    private static Hash32 RejectionsRoot(List<Rejection> rejections)
    {
        if (rejections.Count == 0) return MerkleTree.EmptyRoot;
        var frontier = new MerkleFrontier();
        foreach (Rejection rejection in rejections) frontier.Append(rejection.LeafHash);
        return frontier.Root();
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The committed blocks that are not archived yet. Delivery runs behind the commit proofs (R10): from each committed block the chain is walked back
/// by hash to what was delivered, missing blocks are fetched, and then heights are handed to the lanes in order, each once.
/// Memory is bounded: above a limit a walk, and live heights while the data lags, keep only every 256th id; those blocks are fetched again when
/// their turn comes.
/// </summary>
internal sealed class FinalChain
{
    private readonly ReplicaState _state;
    private readonly Lookup<ulong, Link> _links = new();
    private readonly SortedSet<ulong> _missing = [];
    private ulong _lowest;
    private int _blocksHeld;
    private long _askAtMs = long.MinValue;
    private long _askTopAtMs = long.MinValue;
    private ReplicaId? _lastGood;

    public FinalChain(ReplicaState state, DeliveredTip delivered)
    {
        _state = state;
        Ordered = delivered.Id;
        OrderedSlot = delivered.Slot;
        Tip = new ResolvedBlock(delivered.Timestamp, delivered.Cut, delivered.Epoch, delivered.View ?? state.Options.L1?.Start ?? L1View.None);
        Archived = delivered.Id.Height;
        _lowest = delivered.Id.Height.Value + 1;
    }

    /// <summary>The newest block handed to the lanes.</summary>
    public BlockId Ordered { get; private set; }

    public Slot OrderedSlot { get; private set; }

    /// <summary>Its resolved timestamp, cut and epoch.</summary>
    public ResolvedBlock Tip { get; private set; }

    public Height Archived { get; private set; }

    /// <summary>Final blocks held in memory.</summary>
    public int BlocksHeld => _blocksHeld;

    /// <summary>Whether blocks below the last commit are missing in an epoch that ends: then proofs of lower slots may be of use.</summary>
    public bool HasHole => _missing.Count > 0 && !Tip.Epoch.IsEndless;

    public long NextDeadlineMs
    {
        get
        {
            if (_missing.Count == 0) return long.MaxValue;
            long next = IsHoldingBack ? long.MaxValue : _askAtMs;
            return IsTopMissing ? long.Min(next, _askTopAtMs) : next;
        }
    }

    /// <summary>The way down to the delivered tip is held and there is enough of it: what is missing higher up can wait.</summary>
    private bool IsHoldingBack =>
        _blocksHeld > ConsensusLimits.ChainBlocksMax / 2 && _links.TryGet(Ordered.Height.Value + 1, out Link? next) && next.Block is not null;

    /// <summary>The last committed block itself is missing: without it no proposal on it can be checked, however long delivery takes.</summary>
    private bool IsTopMissing => (_missing.Count > 1 || IsHoldingBack) && _missing.Max == _state.LastFinal.Height.Value;

    /// <summary>A block is committed: notes it and as much of its chain as is held.</summary>
    /// <returns>False when it does not descend from what is committed: agreement is broken.</returns>
    public bool Commit(CommitProof proof)
    {
        Height height = proof.Block.Height;
        if (height < Ordered.Height) return false;
        if (height == Ordered.Height) return proof.Block == Ordered;
        if (_links.TryGet(height.Value, out Link? known))
        {
            known.Proof ??= proof;
            return known.Id == proof.Block;
        }

        AddLink(proof.Block, proof.Slot);
        _links[height.Value].Proof = proof;
        if (!FillDown(height)) return false;
        if (_blocksHeld > 2 * ConsensusLimits.ChainBlocksMax) Thin(height);
        return true;
    }

    /// <summary>Whether a block of this height is committed and to be delivered, and nothing that is held names it.</summary>
    public bool IsHole(Height height) => HasHole && height > Ordered.Height && height < _state.LastFinal.Height && !Tip.Epoch.IsTail(height)
        && !_links.Contains(height.Value);

    /// <summary>Takes blocks of a response that continue the chain downwards. Anything else in it is left alone.</summary>
    /// <returns>False when the chain turns out not to descend from what was delivered.</returns>
    public bool Offer(ReplicaId? from, IReadOnlyList<Block> blocks)
    {
        int start = 0;
        while (start < blocks.Count && !IsMissing(blocks[start].Id)) start++;
        if (start == blocks.Count) return true;
        int end = start + 1;
        while (end < blocks.Count && blocks[end].Id == blocks[end - 1].Header.ParentId && blocks[end].Id.Height > Ordered.Height) end++;
        _lastGood = from;
        _askAtMs = _state.NowMs;
        Block last = blocks[end - 1];
        bool connects = last.Header.ParentId.Height == Ordered.Height;
        bool isTop = blocks[start].Id == _state.LastFinal;
        if (_blocksHeld + end - start > ConsensusLimits.ChainBlocksMax && !connects && !isTop) return SkipDown(last);
        for (int i = start; i < end; i++)
        {
            if (!IsMissing(blocks[i].Id)) break;
            Hold(_links[blocks[i].Id.Height.Value], new HeldBlock(blocks[i]));
            if (!LinkParent(blocks[i])) return false;
        }

        return FillDown(last.Header.ParentId.Height);
    }

    /// <summary>The block with this id if it is committed, not archived and held.</summary>
    public HeldBlock? Find(BlockId id) =>
        _links.TryGet(id.Height.Value, out Link? link) && link.Id == id ? link.Block : null;

    /// <summary>Hands contiguous heights to the lanes, up to the epoch's boundary: what follows there are tails, which nobody delivers.</summary>
    public void Advance()
    {
        while (!Tip.Epoch.IsTail(Ordered.Height.Next()) && Ordered.Height.Value < Archived.Value + ConsensusLimits.OrderAhead
            && _state.Lanes.HasRoomForCommitted
            && _links.TryGet(Ordered.Height.Value + 1, out Link? link) && link.Block is { } held)
        {
            Block block = held.Block;
            Invariant.Check(block.Header.ParentHash == Ordered.Hash, "a final chain is linked before it is delivered");
            L1View before = Tip.View;
            Tip = Tip.Of(block);
            Ordered = block.Id;
            OrderedSlot = block.Header.Slot;
            if (!_state.Is(ProtocolMutations.EvidenceRepeated)) _state.Evidence.OnCommitted(block.Payload.Evidence);
            _state.Lanes.OnCommitted(block, Tip.Timestamp, Tip.Cut, link.Proof, _state.NowMs, _state.Effects, new L1Step(before, Tip.View));
        }
    }

    public void OnArchived(Height height)
    {
        if (height > Archived) Archived = height;
        for (; _lowest <= Archived.Value && _lowest <= Ordered.Height.Value; _lowest++)
        {
            if (_links.TryGet(_lowest, out Link? link) && link.Block is not null) _blocksHeld--;
            _links.Remove(_lowest);
        }
    }

    /// <summary>Asks for the lowest missing block and up to 255 below it when that is due, and for the last commit if that is missing too.</summary>
    public void Flush()
    {
        if (_missing.Count == 0) return;
        if (_askAtMs <= _state.NowMs && !IsHoldingBack)
        {
            _askAtMs = _state.NowMs + _state.FetchRetryMs;
            Ask(_missing.Min, BlockRequest.MaxAncestors);
        }

        if (!IsTopMissing || _askTopAtMs > _state.NowMs) return;
        _askTopAtMs = _state.NowMs + _state.FetchRetryMs;
        Ask(_missing.Max, BlockFetch.Ancestors);
    }

    private void Ask(ulong height, ushort ancestorsMax)
    {
        ulong below = height - Ordered.Height.Value - 1;
        ReplicaSet holders = _lastGood is { } good ? ReplicaSet.Of(good) : ReplicaSet.Empty;
        _lastGood = null;
        var request = new BlockRequest(_state.Committee.Epoch, _links[height].Id, (ushort)ulong.Min(below, ancestorsMax));
        _state.Send(_state.Peers.Choose(holders, _state.Random), request);
    }

    /// <summary>Blocks of the vote log that are not archived yet, ascending.</summary>
    public IEnumerable<Block> LoggedBlocks()
    {
        for (ulong height = _lowest; _links.Count > 0 && height <= _state.LastFinal.Height.Value; height++)
        {
            if (_links.TryGet(height, out Link? link) && link.Block is { IsLogged: true } held) yield return held.Block;
        }
    }

    private bool IsMissing(BlockId id) => _links.TryGet(id.Height.Value, out Link? link) && link.Block is null && link.Id == id;

    private void AddLink(BlockId id, Slot slot)
    {
        _links[id.Height.Value] = new Link(id, slot);
        if (_missing.Count == 0) _askAtMs = _state.NowMs;
        _missing.Add(id.Height.Value);
    }

    private void Hold(Link link, HeldBlock block)
    {
        link.Block = block;
        _blocksHeld++;
        _missing.Remove(link.Id.Height.Value);
    }

    /// <summary>Fills links from the blocks of the slots, downwards from this height, as far as they are held.</summary>
    private bool FillDown(Height height)
    {
        for (ulong at = height.Value; at > Ordered.Height.Value; at--)
        {
            if (!_links.TryGet(at, out Link? link) || link.Block is not null) return true;
            if (_state.Slots.Find(link.Slot)?.FindBlock(link.Id) is not { } held) return true;
            Hold(link, held);
            if (!LinkParent(held.Block)) return false;
        }

        return true;
    }

    /// <summary>Names the parent of a committed block, which is committed with it, or checks it against what is known.</summary>
    private bool LinkParent(Block block)
    {
        BlockId parent = block.Header.ParentId;
        if (parent.Height <= Ordered.Height) return parent == Ordered;
        if (_links.TryGet(parent.Height.Value, out Link? known)) return known.Id == parent;
        AddLink(parent, block.Header.ParentSlot);
        return true;
    }

    /// <summary>
    /// The memory bound: the blocks are dropped again and only the way down is kept; the link above them stays missing
    /// and is asked for later.
    /// </summary>
    private bool SkipDown(Block last) => LinkParent(last) && FillDown(last.Header.ParentId.Height);

    /// <summary>
    /// The same bound for heights committed live while their data lags: a stretch well below the newest is dropped down to the id at its top.
    /// </summary>
    private void Thin(Height newest)
    {
        const ulong Stretch = BlockRequest.MaxAncestors + 1;
        if (newest.Value < Ordered.Height.Value + ConsensusLimits.OrderAhead + (2 * Stretch)) return;
        ulong top = newest.Value - Stretch;
        for (ulong at = top; at > top - Stretch; at--)
        {
            if (!_links.TryGet(at, out Link? link) || link.Block is null) return;
        }

        _links[top].Block = null;
        _missing.Add(top);
        _blocksHeld -= (int)Stretch;
        for (ulong at = top - 1; at > top - Stretch; at--) _links.Remove(at);
    }

    private sealed class Link(BlockId id, Slot slot)
    {
        public BlockId Id { get; } = id;

        public Slot Slot { get; } = slot;

        public HeldBlock? Block { get; set; }

        public CommitProof? Proof { get; set; }
    }
}

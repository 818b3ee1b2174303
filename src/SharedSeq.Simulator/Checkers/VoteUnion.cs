using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Nothing that is committed anywhere contradicts anything that is, or could still be, committed anywhere (S1 to S3). It looks at the delivered
/// chains and at the union of all votes ever signed, with every liar counted as voting for every value.
/// </summary>
/// <param name="ofEpoch">Of each epoch what commits and what notarizes, and how many of its members lie.</param>
/// <param name="nodes">Nodes that deliver.</param>
/// <param name="violate">Told of everything that contradicts.</param>
public sealed class VoteUnion(Func<Epoch, (QuorumParameters Quorum, int Liars)> ofEpoch, int nodes, Action<string> violate)
{
    private readonly SortedDictionary<(Epoch Epoch, Slot Slot), SlotVotes> _slots = [];
    private readonly Dictionary<Hash32, Header> _headers = [];
    private readonly SortedDictionary<Height, (BlockId Block, Slot Slot)> _delivered = [];
    private readonly BlockId[] _deliveredBy = new BlockId[nodes];

    private sealed class SlotVotes(QuorumParameters quorum, int liars)
    {
        public QuorumParameters Quorum => quorum;

        public int WithLiars(ReplicaSet honest) => honest.Count + liars;

        public SortedDictionary<BlockId, ReplicaSet> First { get; } = [];

        public SortedDictionary<BlockId, ReplicaSet> FirstOrExtra { get; } = [];

        public SortedDictionary<BlockId, ReplicaSet> Final { get; } = [];

        /// <summary>First or Extra votes of everybody, as signed: what coverage counts.</summary>
        public SortedDictionary<BlockId, ReplicaSet> Signed { get; } = [];

        public BlockId? Committable { get; set; }
    }

    /// <summary>The first height above what a node had delivered in an earlier life is the one it must deliver next.</summary>
    public void OnStarted(int node, BlockId delivered) => _deliveredBy[node] = delivered;

    /// <summary>Everything any member signs, sent or not.</summary>
    public void OnSigned(PeerMessage statement, bool isHonest)
    {
        if (statement is Proposal proposal) _headers.TryAdd(proposal.Block.Header.Hash, proposal.Block.Header);
        if (statement is not Vote vote) return;
        if (!_slots.TryGetValue((vote.Epoch, vote.Slot), out SlotVotes? slot)) _slots[(vote.Epoch, vote.Slot)] = slot = NewSlot(vote.Epoch);
        if (vote.VoteKind != VoteKind.Final) Count(slot.Signed, vote);
        if (!isHonest) return;
        if (vote.VoteKind == VoteKind.First) Count(slot.First, vote);
        if (vote.VoteKind == VoteKind.Final) Count(slot.Final, vote);
        else Count(slot.FirstOrExtra, vote);
        CheckSlot(vote.Slot, slot);
    }

    /// <summary>An honest node delivers a block.</summary>
    public void OnDelivered(int node, Block block)
    {
        BlockId last = _deliveredBy[node];
        if (block.Id.Height != last.Height.Next() || block.Header.ParentHash != last.Hash)
        {
            violate($"node {node} delivers {block.Id} on top of height {last.Height}: heights come once, in order, each on its parent");
            return;
        }

        _deliveredBy[node] = block.Id;
        _headers.TryAdd(block.Header.Hash, block.Header);
        if (!_delivered.TryGetValue(block.Id.Height, out (BlockId Block, Slot Slot) first))
            _delivered[block.Id.Height] = (block.Id, block.Header.Slot);
        else if (first.Block != block.Id)
            violate($"node {node} delivers {block.Id}, another one delivered {first.Block} at that height");
    }

    /// <summary>Every block that could be committed must lie on one chain, together with all that was delivered.</summary>
    public void OnEnd()
    {
        BlockId? lower = null;
        foreach (((Epoch epoch, Slot slot), SlotVotes votes) in _slots)
        {
            if (votes.Committable is not { } value) continue;
            BlockId block = HeightOf(value);
            if (_delivered.TryGetValue(block.Height, out (BlockId Block, Slot Slot) delivered) && delivered.Block != block)
                violate($"{block} of slot {slot} in epoch {epoch} can be committed, but {delivered.Block} was delivered at that height");
            if (lower is { } below && !DescendsFrom(block, below))
                violate($"{block} of slot {slot} in epoch {epoch} can be committed and does not descend from {below}, which can be committed before it");
            lower = block;
        }
    }

    /// <summary>For each slot in which somebody voted: the values that are notarized by the votes as signed.</summary>
    public IEnumerable<(Slot Slot, IReadOnlyList<BlockId> Values)> Notarized()
    {
        foreach (((_, Slot slot), SlotVotes votes) in _slots)
        {
            var values = new List<BlockId>();
            foreach ((BlockId value, ReplicaSet voters) in votes.Signed)
            {
                if (voters.Count >= votes.Quorum.Quorum) values.Add(value);
            }

            yield return (slot, values);
        }
    }

    /// <summary>How many tails end in a proposed block, itself included.</summary>
    public int TailsTo(BlockId block)
    {
        int tails = 0;
        for (; _headers.TryGetValue(block.Hash, out Header? header) && header.IsTail; block = header.ParentId) tails++;
        return tails;
    }

    /// <summary>What a committed tail commits: the boundary of its epoch. Any other block commits itself.</summary>
    private BlockId HeightOf(BlockId block)
    {
        while (_headers.TryGetValue(block.Hash, out Header? header) && header.IsTail) block = header.ParentId;
        return block;
    }

    private SlotVotes NewSlot(Epoch epoch)
    {
        (QuorumParameters quorum, int liars) = ofEpoch(epoch);
        return new SlotVotes(quorum, liars);
    }

    private static void Count(SortedDictionary<BlockId, ReplicaSet> votes, Vote vote) =>
        votes[vote.Value] = votes.GetValueOrDefault(vote.Value).With(vote.Voter);

    /// <summary>S1 and S2: beside a block that can be committed, no other value of the slot can be notarized.</summary>
    private void CheckSlot(Slot slot, SlotVotes votes)
    {
        foreach ((BlockId block, ReplicaSet voters) in votes.First)
        {
            if (!block.IsSkip && votes.WithLiars(voters) >= votes.Quorum.FastQuorum) SetCommittable(slot, votes, block);
        }

        foreach ((BlockId block, ReplicaSet voters) in votes.Final)
        {
            if (votes.WithLiars(voters) >= votes.Quorum.Quorum) SetCommittable(slot, votes, block);
        }

        if (votes.Committable is not { } committable) return;
        foreach ((BlockId value, ReplicaSet voters) in votes.FirstOrExtra)
        {
            if (value != committable && votes.WithLiars(voters) >= votes.Quorum.Quorum)
                violate($"slot {slot}: {committable} can be committed and {value} can be notarized");
        }
    }

    private void SetCommittable(Slot slot, SlotVotes votes, BlockId block)
    {
        if (votes.Committable is { } other && other != block) violate($"slot {slot}: {other} and {block} can both be committed");
        votes.Committable = block;
    }

    /// <summary>Walks back by the headers that were ever signed. A header nobody signed breaks the chain, and with it the promise.</summary>
    private bool DescendsFrom(BlockId block, BlockId ancestor)
    {
        Hash32 hash = block.Hash;
        while (_headers.TryGetValue(hash, out Header? header))
        {
            if (hash == ancestor.Hash) return true;
            if (header.Height <= ancestor.Height) return false;
            hash = header.ParentHash;
        }

        return hash == ancestor.Hash;
    }
}

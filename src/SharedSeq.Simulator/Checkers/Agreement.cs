using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Nothing that is committed anywhere contradicts anything that is, or could still be, committed anywhere (S1 to S3). It looks at the delivered
/// chains and at the union of all votes ever signed, with every liar counted as voting for every value.
/// </summary>
public sealed class Agreement(SimulatedRun run) : Checker(run)
{
    private readonly SortedDictionary<Slot, SlotVotes> _slots = [];
    private readonly Dictionary<Hash32, Header> _headers = [];
    private readonly SortedDictionary<Height, (BlockId Block, Slot Slot)> _delivered = [];
    private readonly Height[] _deliveredBy = new Height[run.Settings.Quorum.N];
    private readonly Hash32[] _lastHash = new Hash32[run.Settings.Quorum.N];

    private sealed class SlotVotes
    {
        public SortedDictionary<BlockId, ReplicaSet> First { get; } = [];

        public SortedDictionary<BlockId, ReplicaSet> FirstOrExtra { get; } = [];

        public SortedDictionary<BlockId, ReplicaSet> Final { get; } = [];

        /// <summary>First or Extra votes of everybody, as signed: what coverage counts.</summary>
        public SortedDictionary<BlockId, ReplicaSet> Signed { get; } = [];

        public BlockId? Committable { get; set; }
    }

    /// <summary>The first height above what a node had delivered in an earlier life is the one it must deliver next.</summary>
    public void OnStarted(SimulatedNode node, BlockId delivered)
    {
        _deliveredBy[node.Id.Value] = delivered.Height;
        _lastHash[node.Id.Value] = delivered.Hash;
    }

    public override void OnSigned(ReplicaId by, PeerMessage statement)
    {
        if (statement is Proposal proposal) _headers.TryAdd(proposal.Block.Header.Hash, proposal.Block.Header);
        if (statement is not Vote vote) return;
        if (!_slots.TryGetValue(vote.Slot, out SlotVotes? slot)) _slots[vote.Slot] = slot = new SlotVotes();
        if (vote.VoteKind != VoteKind.Final) Count(slot.Signed, vote);
        if (!Run.Nodes[by.Value].IsHonest) return;
        if (vote.VoteKind == VoteKind.First) Count(slot.First, vote);
        if (vote.VoteKind == VoteKind.Final) Count(slot.Final, vote);
        else Count(slot.FirstOrExtra, vote);
        CheckSlot(vote.Slot, slot);
    }

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        int index = node.Id.Value;
        if (!node.IsHonest) return;
        if (block.Height != _deliveredBy[index].Next() || block.Block.Header.ParentHash != _lastHash[index])
        {
            Violate($"replica {node.Id} delivers {block.Block.Id} on top of height {_deliveredBy[index]}: heights come once, in order, each on its parent");
            return;
        }

        _deliveredBy[index] = block.Height;
        _lastHash[index] = block.Block.Header.Hash;
        _headers.TryAdd(block.Block.Header.Hash, block.Block.Header);
        if (!_delivered.TryGetValue(block.Height, out (BlockId Block, Slot Slot) first))
        {
            _delivered[block.Height] = (block.Block.Id, block.Block.Header.Slot);
        }
        else if (first.Block != block.Block.Id)
        {
            Violate($"replica {node.Id} delivers {block.Block.Id}, another one delivered {first.Block} at that height");
        }
    }

    /// <summary>Every block that could be committed must lie on one chain, together with all that was delivered.</summary>
    public override void OnEnd()
    {
        BlockId? lower = null;
        foreach ((Slot slot, SlotVotes votes) in _slots)
        {
            if (votes.Committable is not { } block) continue;
            if (_delivered.TryGetValue(block.Height, out (BlockId Block, Slot Slot) delivered) && delivered.Block != block)
                Violate($"{block} of slot {slot} can be committed, but {delivered.Block} was delivered at that height");
            if (lower is { } below && !DescendsFrom(block, below))
                Violate($"{block} of slot {slot} and {below} of an earlier slot can both be committed, but one does not descend from the other");
            lower = block;
        }

        foreach (SlotVotes votes in _slots.Values)
        {
            int notarized = 0;
            foreach ((BlockId value, ReplicaSet voters) in votes.Signed)
            {
                if (voters.Count < TrueQuorum) continue;
                notarized++;
                if (value.IsSkip) Run.Coverage.Skips++;
            }

            if (notarized > 1) Run.Coverage.DoubleNotarizations++;
        }
    }

    private int TrueQuorum => Run.Settings.Quorum.N - Run.Settings.Quorum.F - Run.Settings.Quorum.P;

    private int TrueFastQuorum => Run.Settings.Quorum.N - Run.Settings.Quorum.P;

    private int WithLiars(ReplicaSet honest) => honest.Count + Run.Settings.Liars.Count;

    private static void Count(SortedDictionary<BlockId, ReplicaSet> votes, Vote vote) =>
        votes[vote.Value] = votes.GetValueOrDefault(vote.Value).With(vote.Voter);

    /// <summary>S1 and S2: beside a block that can be committed, no other value of the slot can be notarized.</summary>
    private void CheckSlot(Slot slot, SlotVotes votes)
    {
        foreach ((BlockId block, ReplicaSet voters) in votes.First)
        {
            if (!block.IsSkip && WithLiars(voters) >= TrueFastQuorum) SetCommittable(slot, votes, block);
        }

        foreach ((BlockId block, ReplicaSet voters) in votes.Final)
        {
            if (WithLiars(voters) >= TrueQuorum) SetCommittable(slot, votes, block);
        }

        if (votes.Committable is not { } committable) return;
        foreach ((BlockId value, ReplicaSet voters) in votes.FirstOrExtra)
        {
            if (value != committable && WithLiars(voters) >= TrueQuorum)
                Violate($"slot {slot}: {committable} can be committed and {value} can be notarized");
        }
    }

    private void SetCommittable(Slot slot, SlotVotes votes, BlockId block)
    {
        if (votes.Committable is { } other && other != block) Violate($"slot {slot}: {other} and {block} can both be committed");
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

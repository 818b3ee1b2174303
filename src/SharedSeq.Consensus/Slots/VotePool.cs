using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What became of a vote offered to a pool.</summary>
/// <param name="IsNew">The vote was kept.</param>
/// <param name="Against">An earlier vote of the same member that an honest member does not make beside this one, or null.</param>
/// <param name="Kind">Which evidence the two are.</param>
internal readonly record struct PooledVote(bool IsNew, Vote? Against, EvidenceKind Kind);

/// <summary>The members behind one value of a slot.</summary>
internal sealed class ValueTally(BlockId value)
{
    public BlockId Value { get; } = value;

    /// <summary>first(X): voters whose counted First is X.</summary>
    public ReplicaSet CountedFirsts { get; set; }

    /// <summary>Voters with any First for X, an equivocator's second one included.</summary>
    public ReplicaSet Firsts { get; set; }

    /// <summary>votes(X): voters with a First or Extra for X.</summary>
    public ReplicaSet Supporters { get; set; }

    /// <summary>Voters with a Final for X.</summary>
    public ReplicaSet Finals { get; set; }
}

/// <summary>
/// The received votes of one slot (consensus.md 3): per voter the first First (it counts), one conflicting First, a few Extras, one Final and one
/// conflicting Final. Everything else is dropped, so memory is O(n) per slot whatever members send.
/// </summary>
internal sealed class VotePool
{
    private readonly VoterVotes[] _voters;
    private readonly List<ValueTally> _tallies = new(2);
    private readonly int _extraBlocksMax;

    public VotePool(QuorumParameters quorum)
    {
        _voters = new VoterVotes[quorum.N];
        // A member that votes by the rules casts at most floor(n/M) Extras for blocks: each had M First votes.
        _extraBlocksMax = int.Max(2, quorum.N / (quorum.F + quorum.P + 1));
    }

    /// <summary>T: members whose First is counted.</summary>
    public int FirstCount { get; private set; }

    public IReadOnlyList<ValueTally> Tallies => _tallies;

    public ValueTally? Find(BlockId value)
    {
        foreach (ValueTally tally in _tallies)
        {
            if (tally.Value == value) return tally;
        }

        return null;
    }

    /// <summary>The First votes for the block that has most of them; with skips counted too for the mutant of C3.</summary>
    public int MostFirsts(bool withSkip)
    {
        int most = 0;
        foreach (ValueTally tally in _tallies)
        {
            if (withSkip || !tally.Value.IsSkip) most = int.Max(most, tally.CountedFirsts.Count);
        }

        return most;
    }

    public PooledVote Add(Vote vote)
    {
        ref VoterVotes votes = ref _voters[vote.Voter.Value];
        return vote.VoteKind switch
        {
            VoteKind.First => AddFirst(ref votes, vote),
            VoteKind.Extra => AddExtra(ref votes, vote),
            _ => AddFinal(ref votes, vote),
        };
    }

    /// <summary>An earlier vote of its voter that an honest member does not make beside this one, without keeping this one: a certificate's votes are
    /// not counted.</summary>
    public PooledVote Compare(Vote vote)
    {
        ref readonly VoterVotes votes = ref _voters[vote.Voter.Value];
        return vote.VoteKind switch
        {
            VoteKind.First when votes.First is { } first && first.Value != vote.Value => Against(first, EvidenceKind.TwoFirstVotes),
            VoteKind.Final when votes.FinalOtherThan(vote.Value) is { } final => Against(final, EvidenceKind.TwoFinals),
            VoteKind.Final => Against(votes.SupportOtherThan(vote.Value), EvidenceKind.FinalAndOther),
            _ => Against(votes.FinalOtherThan(vote.Value), EvidenceKind.FinalAndOther),
        };
    }

    /// <summary>q signatures for a value, by ascending voter, Firsts preferred to Extras; null when there are not as many.</summary>
    public CertificateSignature[]? Support(BlockId value, int needed)
    {
        if (Find(value) is not { } tally || tally.Supporters.Count < needed) return null;
        var signatures = new CertificateSignature[needed];
        int count = 0;
        foreach (ReplicaId voter in tally.Supporters)
        {
            if (count == needed) break;
            ref readonly VoterVotes votes = ref _voters[voter.Value];
            Vote? vote = Matching(votes.First, value) ?? Matching(votes.OtherFirst, value);
            signatures[count++] = vote is not null
                ? new CertificateSignature(voter, IsExtra: false, vote.Signature)
                : new CertificateSignature(voter, IsExtra: true, votes.ExtraFor(value)!.Signature);
        }

        return signatures;
    }

    /// <summary>Signatures of a commit proof for a block: F Firsts or q Finals.</summary>
    public CertificateSignature[]? Finality(BlockId block, CommitPath path, int needed)
    {
        if (Find(block) is not { } tally) return null;
        ReplicaSet voters = path == CommitPath.Fast ? tally.Firsts : tally.Finals;
        if (voters.Count < needed) return null;
        var signatures = new CertificateSignature[needed];
        int count = 0;
        foreach (ReplicaId voter in voters)
        {
            if (count == needed) break;
            ref readonly VoterVotes votes = ref _voters[voter.Value];
            Vote? vote = path == CommitPath.Fast
                ? Matching(votes.First, block) ?? Matching(votes.OtherFirst, block)
                : Matching(votes.Final, block) ?? Matching(votes.OtherFinal, block);
            signatures[count++] = new CertificateSignature(voter, IsExtra: false, vote!.Signature);
        }

        return signatures;
    }

    private PooledVote AddFirst(ref VoterVotes votes, Vote vote)
    {
        if (votes.First is { } first)
        {
            if (first.Value == vote.Value || votes.OtherFirst is not null) return default;
            votes.OtherFirst = vote;
            ValueTally other = Tally(vote.Value);
            other.Firsts = other.Firsts.With(vote.Voter);
            other.Supporters = other.Supporters.With(vote.Voter);
            return new PooledVote(IsNew: true, first, EvidenceKind.TwoFirstVotes);
        }

        votes.First = vote;
        FirstCount++;
        ValueTally tally = Tally(vote.Value);
        tally.CountedFirsts = tally.CountedFirsts.With(vote.Voter);
        tally.Firsts = tally.Firsts.With(vote.Voter);
        tally.Supporters = tally.Supporters.With(vote.Voter);
        return Against(votes.FinalOtherThan(vote.Value), EvidenceKind.FinalAndOther);
    }

    private PooledVote AddExtra(ref VoterVotes votes, Vote vote)
    {
        if (!votes.TryAddExtra(vote, _extraBlocksMax)) return default;
        ValueTally tally = Tally(vote.Value);
        tally.Supporters = tally.Supporters.With(vote.Voter);
        return Against(votes.FinalOtherThan(vote.Value), EvidenceKind.FinalAndOther);
    }

    private PooledVote AddFinal(ref VoterVotes votes, Vote vote)
    {
        if (votes.Final is { } final)
        {
            if (final.Value == vote.Value || votes.OtherFinal is not null) return default;
            votes.OtherFinal = vote;
            ValueTally other = Tally(vote.Value);
            other.Finals = other.Finals.With(vote.Voter);
            return new PooledVote(IsNew: true, final, EvidenceKind.TwoFinals);
        }

        votes.Final = vote;
        ValueTally tally = Tally(vote.Value);
        tally.Finals = tally.Finals.With(vote.Voter);
        return Against(votes.SupportOtherThan(vote.Value), EvidenceKind.FinalAndOther);
    }

    private static PooledVote Against(Vote? earlier, EvidenceKind kind) => new(IsNew: true, earlier, earlier is null ? default : kind);

    private ValueTally Tally(BlockId value)
    {
        if (Find(value) is { } found) return found;
        var tally = new ValueTally(value);
        _tallies.Add(tally);
        return tally;
    }

    private static Vote? Matching(Vote? vote, BlockId value) => vote is not null && vote.Value == value ? vote : null;

    private struct VoterVotes
    {
        public Vote? First;
        public Vote? OtherFirst;
        public Vote? Final;
        public Vote? OtherFinal;
        private Vote? _extraSkip;
        private Vote?[]? _extraBlocks;

        public bool TryAddExtra(Vote vote, int blocksMax)
        {
            if (vote.Value.IsSkip)
            {
                if (_extraSkip is not null) return false;
                _extraSkip = vote;
                return true;
            }

            _extraBlocks ??= new Vote?[blocksMax];
            for (int i = 0; i < _extraBlocks.Length; i++)
            {
                if (_extraBlocks[i] is null)
                {
                    _extraBlocks[i] = vote;
                    return true;
                }

                if (_extraBlocks[i]!.Value == vote.Value) return false;
            }

            return false;
        }

        public readonly Vote? ExtraFor(BlockId value)
        {
            if (value.IsSkip) return _extraSkip;
            return _extraBlocks is null ? null : Array.Find(_extraBlocks, vote => vote is not null && vote.Value == value);
        }

        public readonly Vote? FinalOtherThan(BlockId value)
        {
            if (Final is not null && Final.Value != value) return Final;
            return OtherFinal is not null && OtherFinal.Value != value ? OtherFinal : null;
        }

        public readonly Vote? SupportOtherThan(BlockId value)
        {
            if (First is not null && First.Value != value) return First;
            if (_extraSkip is not null) return _extraSkip;
            return _extraBlocks is null ? null : Array.Find(_extraBlocks, vote => vote is not null && vote.Value != value);
        }
    }
}

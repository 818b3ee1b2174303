using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>One operator's seat: the vote key signs proposals, votes and result votes; the node key signs everything else and is its TLS identity.</summary>
public sealed record CommitteeMember(PublicKey64 VoteKey, PublicKey64 NodeKey)
{
    /// <summary>A seat that nobody has: all-zero keys, under which nothing verifies. It counts in n and is one of the f that may fail.</summary>
    public static readonly CommitteeMember Empty = new(default, default);

    public bool IsEmpty => this == Empty;

    /// <summary>Vote key, node key.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.PublicKey(VoteKey);
        writer.PublicKey(NodeKey);
    }

    public static CommitteeMember Read(ref CanonicalReader reader) => new(reader.PublicKey(), reader.PublicKey());
}

/// <summary>The replicas of one epoch with their keys and thresholds, and the order in which they lead.</summary>
public sealed class Committee
{
    private readonly CommitteeMember[] _members;
    private readonly ReplicaId[] _leaders;

    /// <param name="epoch">The epoch the committee serves.</param>
    /// <param name="quorum">Thresholds; N must equal the number of members.</param>
    /// <param name="members">The seats by ReplicaId.</param>
    /// <param name="epochGenesis">Hash of the epoch's genesis block, the seed of the leader order.</param>
    public Committee(Epoch epoch, QuorumParameters quorum, IReadOnlyList<CommitteeMember> members, Hash32 epochGenesis)
    {
        if (members.Count != quorum.N)
            throw new ArgumentException($"{members.Count} members, but n is {quorum.N}", nameof(members));
        Epoch = epoch;
        Quorum = quorum;
        EpochGenesis = epochGenesis;
        _members = [.. members];
        var leaders = new List<ReplicaId>();
        for (int i = 0; i < _members.Length; i++)
        {
            if (!_members[i].IsEmpty) leaders.Add(new ReplicaId((ushort)i));
        }

        if (leaders.Count == 0) throw new ArgumentException("nobody has a seat", nameof(members));
        _leaders = [.. leaders];
        new Prng(epochGenesis.Prefix).Shuffle<ReplicaId>(_leaders);
    }

    public Epoch Epoch { get; }

    public QuorumParameters Quorum { get; }

    public Hash32 EpochGenesis { get; }

    public int Count => _members.Length;

    public CommitteeMember this[ReplicaId id] => _members[id.Value];

    /// <summary>Whether there is such a seat and somebody has it.</summary>
    public bool Has(ReplicaId id) => id.Value < _members.Length && !_members[id.Value].IsEmpty;

    /// <summary>
    /// leader(e, s) = members[perm_e(s mod n)], over the seats that are not empty; the permutation is fixed by the epoch's genesis, never by unfinalized
    /// data.
    /// </summary>
    public ReplicaId LeaderOf(Slot slot) => _leaders[(int)(slot.Value % (ulong)_leaders.Length)];
}

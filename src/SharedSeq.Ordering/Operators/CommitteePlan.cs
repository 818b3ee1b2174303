using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Who serves an epoch, before the epoch's genesis is known: the thresholds and the seats. The result of a boundary certifies its hash, so that whoever
/// trusts one committee learns the next (consensus.md 8). A seat may be empty, at most f are.
/// </summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Quorum">Thresholds.</param>
/// <param name="Members">The seats by ReplicaId.</param>
public sealed record CommitteePlan(Epoch Epoch, QuorumParameters Quorum, IReadOnlyList<CommitteeMember> Members)
{
    /// <summary>SHA-256("SharedSeq.committee" || encoding).</summary>
    public Hash32 Hash
    {
        get
        {
            var writer = new CanonicalWriter(1_024);
            writer.Raw("SharedSeq.committee"u8);
            Write(writer);
            return Sha.Of(writer.Written);
        }
    }

    /// <summary>The committee once its epoch's genesis, the boundary before it, is known.</summary>
    public Committee Committee(Hash32 epochGenesis) => new(Epoch, Quorum, Members, epochGenesis);

    public void Write(CanonicalWriter writer)
    {
        writer.U16(ProtocolVersion.Current.Value);
        writer.U64(Epoch.Value);
        Quorum.Write(writer);
        foreach (CommitteeMember member in Members) member.Write(writer);
    }

    /// <exception cref="DecodeException">The bytes do not begin with a plan of this protocol version.</exception>
    public static CommitteePlan Read(ref CanonicalReader reader)
    {
        ushort version = reader.U16();
        if (version != ProtocolVersion.Current.Value)
            DecodeException.Throw(DecodeRejection.UnknownValue, $"a committee of protocol version {version}");
        var epoch = new Epoch(reader.U64());
        QuorumParameters quorum = QuorumParameters.Read(ref reader);
        var members = new CommitteeMember[quorum.N];
        int empty = 0;
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = CommitteeMember.Read(ref reader);
            if (members[i].IsEmpty) empty++;
            else if (members[i].VoteKey == default || members[i].NodeKey == default) DecodeException.Throw(DecodeRejection.Malformed, "a seat with one key");
        }

        if (empty > quorum.F) DecodeException.Throw(DecodeRejection.Malformed, "more empty seats than may fail");
        return new CommitteePlan(epoch, quorum, members);
    }
}

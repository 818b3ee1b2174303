using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>The operator's two keys and the seat they have in the committee.</summary>
public sealed class NodeKeys : IDisposable
{
    private NodeKeys(P256PrivateKey voteKey, P256PrivateKey nodeKey, ReplicaId seat)
    {
        VoteKey = voteKey;
        NodeKey = nodeKey;
        Seat = seat;
    }

    public P256PrivateKey VoteKey { get; }

    public P256PrivateKey NodeKey { get; }

    public ReplicaId Seat { get; }

    /// <summary>The own seat in a committee: the one with both keys.</summary>
    public ReplicaId? SeatIn(Committee committee)
    {
        var own = new CommitteeMember(VoteKey.PublicKey.Value, NodeKey.PublicKey.Value);
        for (int i = 0; i < committee.Count; i++)
        {
            if (committee[new ReplicaId((ushort)i)] == own) return new ReplicaId((ushort)i);
        }

        return null;
    }

    /// <exception cref="ConfigurationException">A key file is refused, or the keys have no seat.</exception>
    public static NodeKeys Open(ReplicaSection options, Genesis genesis)
    {
        string password = options.KeyPasswordFile.Length == 0 ? "" : ReadPassword(options.KeyPasswordFile);
        P256PrivateKey voteKey = OpenKey(options.VoteKeyFile, KeyKind.Vote, password, options.AllowUnprotectedKeys);
        P256PrivateKey nodeKey = OpenKey(options.NodeKeyFile, KeyKind.Node, password, options.AllowUnprotectedKeys);
        for (int i = 0; i < genesis.Members.Count; i++)
        {
            CommitteeMember member = genesis.Members[i];
            if (member.VoteKey != voteKey.PublicKey.Value) continue;
            if (member.NodeKey == nodeKey.PublicKey.Value) return new NodeKeys(voteKey, nodeKey, new ReplicaId((ushort)i));
            throw new ConfigurationException(
                ConfigurationRejection.NotAMember, $"the vote key is seat {i}'s, but the node key '{options.NodeKeyFile}' is not");
        }

        throw new ConfigurationException(
            ConfigurationRejection.NotAMember, $"the vote key '{options.VoteKeyFile}' has no seat in the committee of genesis {genesis.Hash}");
    }

    public void Dispose()
    {
        VoteKey.Dispose();
        NodeKey.Dispose();
    }

    private static P256PrivateKey OpenKey(string path, KeyKind kind, string password, bool allowUnprotected)
    {
        KeyFileOpening opening = KeyFile.Open(path, kind, password, allowUnprotected);
        return opening.Key ?? throw new ConfigurationException(ConfigurationRejection.Unreadable, $"key file refused ({opening.Rejection}): {opening.Message}");
    }

    private static string ReadPassword(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(ConfigurationRejection.Unreadable, $"password file '{path}' can not be read: {e.Message}", e);
        }
    }
}

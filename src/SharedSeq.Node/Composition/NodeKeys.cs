using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>The operator's two keys, and while it rotates them the new ones beside them.</summary>
public sealed class NodeKeys : IDisposable
{
    private readonly P256PrivateKey[] _voteKeys;
    private readonly P256PrivateKey[] _nodeKeys;

    private NodeKeys(P256PrivateKey[] voteKeys, P256PrivateKey[] nodeKeys)
    {
        _voteKeys = voteKeys;
        _nodeKeys = nodeKeys;
    }

    public P256PrivateKey VoteKey => _voteKeys[0];

    /// <summary>The one that others find behind the listening address.</summary>
    public P256PrivateKey NodeKey => _nodeKeys[0];

    /// <summary>The node key that takes its place; null when none does.</summary>
    public P256PrivateKey? NewNodeKey => _nodeKeys.Length > 1 ? _nodeKeys[1] : null;

    /// <summary>The own seat in a committee: the one whose two keys are own ones.</summary>
    public ReplicaId? SeatIn(Committee committee)
    {
        for (int i = 0; i < committee.Count; i++)
        {
            var seat = new ReplicaId((ushort)i);
            if (Find(_voteKeys, committee[seat].VoteKey) is not null && Find(_nodeKeys, committee[seat].NodeKey) is not null) return seat;
        }

        return null;
    }

    /// <summary>A seat of which one key is an own one, and the other is not; null when there is none.</summary>
    public ReplicaId? HalfSeatIn(Committee committee)
    {
        for (int i = 0; i < committee.Count; i++)
        {
            var seat = new ReplicaId((ushort)i);
            if (Find(_voteKeys, committee[seat].VoteKey) is null != Find(_nodeKeys, committee[seat].NodeKey) is null) return seat;
        }

        return null;
    }

    /// <summary>The public keys of <see cref="NodeKey"/> and <see cref="NewNodeKey"/>.</summary>
    public IReadOnlyList<PublicKey64> PublicNodeKeys => [.. _nodeKeys.Select(key => key.PublicKey.Value)];

    /// <summary>Signs with the own key of this public one.</summary>
    /// <exception cref="InvariantException">It is none of ours.</exception>
    public ISigner SignerOf(PublicKey64 key) =>
        new P256Signer(Find(_voteKeys, key) ?? Find(_nodeKeys, key) ?? throw new InvariantException("a node signs with its own keys"));

    /// <exception cref="ConfigurationException">
    /// A key file is refused, or, in a network whose committee never changes, the keys are of two different seats or of none.
    /// </exception>
    public static NodeKeys Open(ReplicaSection options, Genesis genesis)
    {
        string password = options.KeyPasswordFile.Length == 0 ? "" : ReadPassword(options.KeyPasswordFile);
        var opened = new List<P256PrivateKey>();
        try
        {
            P256PrivateKey[] OpenAll(KeyKind kind, params ReadOnlySpan<string> paths)
            {
                int first = opened.Count;
                foreach (string path in paths)
                {
                    if (path.Length > 0) opened.Add(OpenKey(path, kind, password, options.AllowUnprotectedKeys));
                }

                return [.. opened[first..]];
            }

            var keys = new NodeKeys(
                OpenAll(KeyKind.Vote, options.VoteKeyFile, options.NewVoteKeyFile), OpenAll(KeyKind.Node, options.NodeKeyFile, options.NewNodeKeyFile));
            keys.Check(options, genesis);
            return keys;
        }
        catch (ConfigurationException)
        {
            foreach (P256PrivateKey key in opened) key.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (P256PrivateKey key in _voteKeys) key.Dispose();
        foreach (P256PrivateKey key in _nodeKeys) key.Dispose();
    }

    private void Check(ReplicaSection options, Genesis genesis)
    {
        // Where committees change, keys of genesis may have been replaced one at a time, and whoever has no seat yet, or none any more, observes.
        if (genesis.Policy.EpochSeconds > 0) return;
        for (int i = 0; i < genesis.Members.Count; i++)
        {
            CommitteeMember member = genesis.Members[i];
            if (Find(_voteKeys, member.VoteKey) is null) continue;
            if (Find(_nodeKeys, member.NodeKey) is not null) return;
            throw new ConfigurationException(
                ConfigurationRejection.NotAMember, $"the vote key is seat {i}'s, but the node key '{options.NodeKeyFile}' is not");
        }

        throw new ConfigurationException(
            ConfigurationRejection.NotAMember, $"the vote key '{options.VoteKeyFile}' has no seat in the committee of genesis {genesis.Hash}");
    }

    private static P256PrivateKey? Find(P256PrivateKey[] keys, PublicKey64 key) => Array.Find(keys, own => own.PublicKey.Value == key);

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

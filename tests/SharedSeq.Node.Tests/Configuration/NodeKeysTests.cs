using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Configuration;

/// <summary>Which keys a node may be started with: of its vote key and its node key either may have been rotated since genesis.</summary>
public sealed class NodeKeysTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-keys-").FullName;
    private readonly CommitteeMember[] _members = [.. Enumerable.Range(0, 4).Select(i => new CommitteeMember(KeyOf(i, 1), KeyOf(i, 2)))];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(9, 1)]
    [InlineData(1, 9)]
    [InlineData(9, 9)]
    public void A_member_whose_keys_were_rotated_starts_with_the_new_ones_alone(int vote, int node)
    {
        Genesis genesis = Network(epochSeconds: 60);
        var rotated = new CommitteeMember(KeyOf(vote, 1), KeyOf(node, 2));
        using NodeKeys keys = Open(genesis, vote, node);
        Assert.Null(keys.SeatIn(genesis.Committee));
        Assert.Equal(vote == node ? null : new ReplicaId(1), keys.HalfSeatIn(genesis.Committee));
        var plan = new CommitteePlan(new Epoch(1), genesis.Quorum, [_members[0], rotated, .. _members[2..]]);
        Assert.Equal(new ReplicaId(1), keys.SeatIn(plan.Committee(genesis.Hash)));
        Assert.Null(keys.HalfSeatIn(plan.Committee(genesis.Hash)));
    }

    [Fact]
    public void Where_committees_never_change_the_keys_of_two_seats_or_of_none_are_refused()
    {
        Genesis genesis = Network(epochSeconds: 0);
        foreach ((int vote, int node) in ((int, int)[])[(1, 2), (1, 9), (9, 1), (9, 9)])
            Assert.Equal(ConfigurationRejection.NotAMember, Assert.Throws<ConfigurationException>(() => Open(genesis, vote, node)).Reason);
        using NodeKeys keys = Open(genesis, 1, 1);
        Assert.Equal(new ReplicaId(1), keys.SeatIn(genesis.Committee));
    }

    private static P256PrivateKey SecretOf(int who, byte kind) => P256PrivateKey.Import(Sha.Of([(byte)who, kind]).ToArray());

    private static PublicKey64 KeyOf(int who, byte kind)
    {
        using P256PrivateKey key = SecretOf(who, kind);
        return key.PublicKey.Value;
    }

    private NodeKeys Open(Genesis genesis, int vote, int node) => NodeKeys.Open(
        new ReplicaSection { VoteKeyFile = Save(vote, 1, KeyKind.Vote), NodeKeyFile = Save(node, 2, KeyKind.Node), AllowUnprotectedKeys = true }, genesis);

    private string Save(int who, byte kind, KeyKind use)
    {
        string path = Path.Combine(_folder, $"{who}-{kind}.json");
        using P256PrivateKey key = SecretOf(who, kind);
        if (!File.Exists(path)) Assert.Equal(KeyFileRejection.None, KeyFile.SaveUnprotected(path, key, use));
        return path;
    }

    private Genesis Network(uint epochSeconds) => Genesis.Create(
        new ChainId(7), new TimestampMs(1_000_000), QuorumParameters.ForMembers(4), _members, new Policy { EpochSeconds = epochSeconds }, []);
}

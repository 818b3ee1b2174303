using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Networking;

/// <summary>Who may have a session is known from what is on disk alone: a node that starts again must not shut out whom it served before.</summary>
public sealed class NodePeersTests : IDisposable
{
    private static readonly Policy Terms = new() { EpochSeconds = 1, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 30 };
    private static readonly string[] Addresses = ["127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"];
    private readonly List<P256PrivateKey> _keys = [.. Enumerable.Range(0, 12).Select(i => P256PrivateKey.Import(Sha.Of([(byte)i]).ToArray()))];

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    [Fact]
    public void A_member_that_joined_and_rotates_is_reached_by_its_old_and_by_its_new_node_key()
    {
        OperatorRegistry joined = Joined();
        OperatorRegistry fixedNext = joined.With(Signer.Rotate(
            ulong.MaxValue, KeysOf(4).VoteKey, new P256Signer(_keys[8]), KeysOf(5), new P256Signer(_keys[10]), new P256Signer(_keys[11]))).WithNextFixed();

        // From then on it is an operator by its new keys, and a member by the old ones.
        Assert.Equal(KeysOf(5), fixedNext.Operators[^1].Keys);
        Assert.Equal(KeysOf(4), fixedNext.Present.Plan.Members[4]);
        foreach (OperatorRegistry registry in (OperatorRegistry[])[joined, fixedNext])
            Assert.Equal(("127.0.0.1", 7004), PlaceOf(KeysOf(4).NodeKey, registry, EpochsOf(joined)));
        Assert.Equal(("127.0.0.1", 7004), PlaceOf(KeysOf(5).NodeKey, fixedNext, EpochsOf(joined)));
    }

    [Fact]
    public void A_member_that_joined_and_left_may_come_as_long_as_it_owes_something()
    {
        OperatorRegistry joined = Joined();
        OperatorRegistry left = joined
            .With(Signer.Exit(ulong.MaxValue, KeysOf(4).VoteKey, new P256Signer(_keys[8]))).WithNextFixed().WithEpochEnded(new Height(200)).WithNextFixed();
        Assert.Null(left.Find(KeysOf(4).VoteKey));
        NodeEpochs epochs = EpochsOf(joined);
        Add(epochs, left, 200);
        Assert.Equal(("", 0), PlaceOf(KeysOf(4).NodeKey, left, epochs));
        for (ulong i = 3; i < 5; i++) epochs.Add(new EpochStart(IdOf(100 * i), default, left.Present.Plan with { Epoch = new Epoch(i) }));
        Assert.Null(PlaceOf(KeysOf(4).NodeKey, left, epochs));
    }

    [Fact]
    public void Who_has_left_knows_it_and_who_has_not_joined_yet_has_not_left()
    {
        bool HasLeft(OperatorRegistry registry, int who) => new NodePeers(Network(), Addresses, [KeysOf(who).NodeKey]).HasLeft(registry);
        var genesis = new OperatorRegistry(Network());
        OperatorRegistry leaving = Joined().With(Signer.Exit(ulong.MaxValue, KeysOf(4).VoteKey, new P256Signer(_keys[8]))).WithNextFixed();
        OperatorRegistry left = leaving.WithEpochEnded(new Height(200));
        foreach ((OperatorRegistry registry, bool hasLeft) in new[] { (genesis, false), (Joined(), false), (leaving, false), (left.WithNextFixed(), true) })
            Assert.Equal(hasLeft, HasLeft(registry, 4));
        Assert.False(HasLeft(left.WithNextFixed(), 0));
    }

    private OperatorStatementSigner Signer => new(Network().Domain);

    private CommitteeMember KeysOf(int who) => new(_keys[2 * who].PublicKey.Value, _keys[(2 * who) + 1].PublicKey.Value);

    private Genesis Network() => Genesis.Create(
        new ChainId(7), new TimestampMs(1_000_000), QuorumParameters.ForMembers(4), [.. Enumerable.Range(0, 4).Select(KeysOf)], Terms, []);

    /// <summary>Epoch 1, in which the fifth operator has a seat.</summary>
    private OperatorRegistry Joined()
    {
        var endpoints = new OperatorEndpoints("fifth", "127.0.0.1:7004", "http://127.0.0.1:8004");
        OperatorStatement.Join join = Signer.Join(ulong.MaxValue, KeysOf(4), endpoints, new P256Signer(_keys[8]), new P256Signer(_keys[9]));
        OperatorStatement.Ready ready = Signer.Ready(ulong.MaxValue, KeysOf(4).VoteKey, default, new P256Signer(_keys[8]));
        OperatorRegistry joined = new OperatorRegistry(Network()).With(join).With(ready).WithNextFixed().WithEpochEnded(new Height(100));
        Assert.Equal(KeysOf(4), joined.Present.Plan.Members[4]);
        return joined;
    }

    private NodeEpochs EpochsOf(OperatorRegistry registry)
    {
        var epochs = new NodeEpochs(Network(), new P256Scheme(), _ => null, _ => null);
        Add(epochs, registry, 100);
        return epochs;
    }

    private static void Add(NodeEpochs epochs, OperatorRegistry registry, ulong boundary) =>
        epochs.Add(new EpochStart(IdOf(boundary), default, registry.Present.Plan));

    private static BlockId IdOf(ulong height) => new(new Height(height), Sha.Of([(byte)height]));

    /// <summary>Where a node that has just started looks for a key; null when it has no session with it.</summary>
    private (string Host, int Port)? PlaceOf(PublicKey64 key, OperatorRegistry registry, NodeEpochs epochs)
    {
        PeerEndpoint? found = new NodePeers(Network(), Addresses, []).Registered(registry, epochs).SingleOrDefault(peer => peer.NodeKey == key);
        return found is null ? null : (found.Host, found.Port);
    }
}

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
        Assert.Equal(("127.0.0.1", 7004), PlaceOf(KeysOf(4).NodeKey, left, epochs));
        for (ulong i = 3; i < 5; i++) epochs.Add(new EpochStart(IdOf(100 * i), default, left.Present.Plan with { Epoch = new Epoch(i) }));
        Assert.Null(PlaceOf(KeysOf(4).NodeKey, left, epochs));
    }

    [Fact]
    public void Who_has_left_knows_it_and_who_has_not_joined_yet_has_not_left()
    {
        bool HasLeft(OperatorRegistry registry, int who) => new NodePeers(Network(), new PeersSection { Addresses = Addresses }, [KeysOf(who).NodeKey])
            .HasLeft(registry);
        var genesis = new OperatorRegistry(Network());
        OperatorRegistry leaving = Joined().With(Signer.Exit(ulong.MaxValue, KeysOf(4).VoteKey, new P256Signer(_keys[8]))).WithNextFixed();
        OperatorRegistry left = leaving.WithEpochEnded(new Height(200));
        foreach ((OperatorRegistry registry, bool hasLeft) in new[] { (genesis, false), (Joined(), false), (leaving, false), (left.WithNextFixed(), true) })
            Assert.Equal(hasLeft, HasLeft(registry, 4));
        Assert.False(HasLeft(left.WithNextFixed(), 0));
    }

    [Fact]
    public void A_genesis_member_that_rotated_and_left_is_found_at_its_old_place_by_its_new_key()
    {
        OperatorRegistry first = new(Network());
        CommitteeMember[] members = [.. first.Present.Plan.Members];
        members[2] = KeysOf(5);
        var epochs = new NodeEpochs(Network(), new P256Scheme(), _ => null, _ => null);
        epochs.Add(new EpochStart(IdOf(100), default, first.Present.Plan with { Epoch = new Epoch(1), Members = members })
        {
            Places = [.. first.Present.Operators.Select(id => new SeatPlace(id, ""))],
        });
        OperatorRegistry joined = Joined();
        Assert.Equal(("127.0.0.1", 7002), PlaceOf(KeysOf(5).NodeKey, joined, epochs));
    }

    [Fact]
    public void Members_that_neither_genesis_nor_the_registry_names_are_reached_where_the_configuration_says()
    {
        var registry = new OperatorRegistry(Network());
        var epochs = new NodeEpochs(Network(), new P256Scheme(), _ => null, _ => null);
        NodePeers peers = NewPeers($"{KeysOf(5).NodeKey}@10.0.0.9:7700", $"{KeysOf(1).NodeKey}@10.0.0.1:7701");
        PeerEndpoint Of(int who) => Assert.Single(peers.Registered(registry, epochs), peer => peer.NodeKey == KeysOf(who).NodeKey);
        Assert.Equal(("10.0.0.9", 7700), (Of(5).Host, Of(5).Port));
        Assert.Equal(("10.0.0.1", 7701), (Of(1).Host, Of(1).Port));
        Assert.Equal(("127.0.0.1", 7002), (Of(2).Host, Of(2).Port));
        Assert.Equal(KeysOf(5).NodeKey, peers.KeyOf(Of(5).Peer));
        foreach (string bad in (string[])["", "10.0.0.9:7700", $"{KeysOf(5).NodeKey}@10.0.0.9", $"{KeysOf(5).NodeKey}@", "0x12@10.0.0.9:7700"])
            Assert.Null(KnownPeer.Parse(bad));
        Assert.Null(KnownPeer.Parse($"{KeysOf(5).NodeKey}".Replace('x', 'y') + "@10.0.0.9:7700"));
        Assert.Null(KnownPeer.Parse("0x" + new string('g', 128) + "@10.0.0.9:7700"));
    }

    [Fact]
    public void Members_of_the_newest_committee_that_hand_overs_led_to_may_come_until_the_own_archive_names_them()
    {
        var registry = new OperatorRegistry(Network());
        var epochs = new NodeEpochs(Network(), new P256Scheme(), _ => null, _ => null);
        NodePeers peers = NewPeers();
        CommitteePlan later = registry.Present.Plan with { Epoch = new Epoch(2), Members = [.. Enumerable.Range(1, 4).Select(KeysOf)] };
        peers.Lead(later.Committee(Sha.Of([2])));
        PeerEndpoint found = Assert.Single(peers.Registered(registry, epochs), peer => peer.NodeKey == KeysOf(4).NodeKey);
        Assert.Equal(("", 0), (found.Host, found.Port));
        for (ulong i = 1; i < 3; i++) epochs.Add(new EpochStart(IdOf(100 * i), default, registry.Present.Plan with { Epoch = new Epoch(i) }));
        Assert.DoesNotContain(peers.Registered(registry, epochs), peer => peer.NodeKey == KeysOf(4).NodeKey);
    }

    private NodePeers NewPeers(params string[] known) => new(Network(), new PeersSection { Addresses = Addresses, Known = known }, []);

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

    private static void Add(NodeEpochs epochs, OperatorRegistry registry, ulong boundary)
    {
        SeatPlace[] places = [.. registry.Present.Operators.Select(id => new SeatPlace(id, registry.Find(id!.Value)!.Endpoints?.Peer ?? ""))];
        epochs.Add(new EpochStart(IdOf(boundary), default, registry.Present.Plan) { Places = places });
    }

    private static BlockId IdOf(ulong height) => new(new Height(height), Sha.Of([(byte)height]));

    /// <summary>Where a node that has just started looks for a key; null when it has no session with it.</summary>
    private (string Host, int Port)? PlaceOf(PublicKey64 key, OperatorRegistry registry, NodeEpochs epochs)
    {
        PeerEndpoint? found = NewPeers().Registered(registry, epochs).SingleOrDefault(peer => peer.NodeKey == key);
        return found is null ? null : (found.Host, found.Port);
    }
}

using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Sync.CheckpointBench;

namespace SharedSeq.Core.Tests.Sync;

/// <summary>
/// How a member that knows the genesis alone learns the committee of a checkpoint some epochs later. Committees change: of the first one of four nobody has
/// his seat with the same keys in the fourth epoch.
/// </summary>
public sealed class StateSyncEpochTests
{
    private const int Last = 4;
    private const int EpochsMax = 8;

    private static readonly TestEpochs Epochs = new(Operators, EpochsMax + 1);
    private static readonly byte[] Bytes = StateSyncTests.MakeBytes(1);
    private static readonly CheckpointOffer Late = MakeOffer(Last);

    private readonly List<SyncEffect> _effects = [];
    private StateSync _sync = NewSync(_ => null);
    private Height _own;
    private long _now;

    [Fact]
    public void Hand_overs_lead_from_the_genesis_to_a_later_committee_and_f_plus_one_of_it_decide()
    {
        Connect(0, 1, 2);
        Offer(1, Late);
        Offer(2, Late);
        Assert.Equal([(1, 0UL)], Asked());
        Give(1, 0, 2);
        Assert.Equal([(2, 2UL)], Asked());
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        Give(2, 2, 2);
        Assert.Equal((SyncPhase.Fetching, 2, new Epoch(Last)), (_sync.Phase, _sync.Sources, _sync.ChainEpoch));
        Assert.Equal(Late, Assert.Single(_effects.OfType<SyncEffect.Begin>()).Offer);
        Assert.Empty(Asked());
        Assert.Equal(Way(Last), Kept());
    }

    [Fact]
    public void Short_answers_cost_a_rest_and_the_next_member_is_asked_from_where_they_ended()
    {
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        Assert.Equal([(0, 0UL)], Asked());
        Give(0, 0, 1);
        Assert.Equal([(1, 1UL)], Asked());
        Give(1, 1, 1);
        Assert.Equal([(2, 2UL)], Asked());
        Give(2, 2, 1);
        Assert.Empty(Asked());
        _now += 8_000;
        Tick();
        Assert.Equal([(0, 3UL)], Asked());
        Give(0, 3, 1);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
    }

    [Fact]
    public void Full_answers_cost_no_rest_and_members_take_turns()
    {
        const int last = HandOverResponse.MaxHandOvers + 1;
        var epochs = new TestEpochs(Operators, last);
        _sync = NewSync(_ => null, last + 1);
        CheckpointOffer offer = StateSyncTests.MakeOffer(100_000, Bytes, new Epoch(last), result => epochs.Certify(result));
        for (ushort i = 0; i < 2; i++) _sync.OnConnected(i, epochs.Committee(last)[new ReplicaId(i)].NodeKey);
        Offer(0, offer);
        Offer(1, offer);
        foreach ((int peer, int first) in new[] { (0, 0), (1, 256) })
        {
            Assert.Equal([(peer, (ulong)first)], Asked());
            Give(peer, first, HandOverResponse.MaxHandOvers, epochs);
        }

        Assert.Equal((SyncPhase.Fetching, offer), (_sync.Phase, _sync.Offer));
    }

    [Fact]
    public void Members_that_give_little_hold_up_neither_others_nor_an_older_checkpoint()
    {
        CheckpointOffer early = ConnectEarly(2, 3);
        Connect(0);
        Offer(0, Late);
        Assert.Equal([(0, 0UL)], Asked());
        Offer(2, early);
        Offer(3, early);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        _now += 3_999;
        Give(0, 0, 1);
        Assert.Equal((SyncPhase.Fetching, early), (_sync.Phase, _sync.Offer));
    }

    [Fact]
    public void Two_that_come_back_again_and_again_do_not_hold_up_an_older_checkpoint()
    {
        CheckpointOffer early = ConnectEarly(2, 3);
        Connect(0, 1);
        Offer(0, Late);
        Offer(1, Late);
        Offer(2, early);
        Offer(3, early);
        for (int i = 0; i < 8; i++)
        {
            _now += 4_000;
            Tick();
            int silent = i % 2;
            _sync.OnDisconnected((ulong)silent);
            Connect(silent);
            Offer(silent, Late);
        }

        Assert.Equal((SyncPhase.Fetching, early), (_sync.Phase, _sync.Offer));
    }

    [Fact]
    public void Whoever_comes_back_rests_as_long_as_if_it_had_stayed()
    {
        Connect(0);
        Offer(0, Late);
        Assert.Equal([(0, 0UL)], Asked());
        _now += 4_000;
        Tick();
        Reconnect();

        // Until 4,000 + 8,000; and who goes instead of answering rests, too, longer than before.
        _now = 11_999;
        Tick();
        Assert.Empty(Asked());
        _now = 12_000;
        Tick();
        Assert.Equal([(0, 0UL)], Asked());
        Reconnect();
        Assert.Empty(Asked());
        _now = 27_999;
        Tick();
        Assert.Empty(Asked());
        _now = 28_000;
        Tick();
        Assert.Equal([(0, 0UL)], Asked());

        void Reconnect()
        {
            _sync.OnDisconnected(0);
            Connect(0);
            Offer(0, Late);
        }
    }

    [Fact]
    public void Nothing_older_is_begun_while_hand_overs_come_but_whoever_never_gives_any_does_not_hold_it_up()
    {
        CheckpointOffer early = ConnectEarly(1, 2);
        Connect(0);
        Offer(0, Late);
        Offer(1, early);
        Offer(2, early);
        Assert.Equal([(0, 0UL)], Asked());
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        _now += 4_000;
        Tick();
        Assert.Equal((SyncPhase.Fetching, early), (_sync.Phase, _sync.Offer));
    }

    public static TheoryData<string, SyncRejection, HandOverRejection> Lies => new()
    {
        { "wrong genesis", SyncRejection.BadHandOver, HandOverRejection.BadSignature },
        { "other network", SyncRejection.BadHandOver, HandOverRejection.BadSignature },
        { "gap", SyncRejection.BadHandOver, HandOverRejection.WrongEpoch },
        { "twice", SyncRejection.BadHandOver, HandOverRejection.WrongEpoch },
        { "forged certificate", SyncRejection.BadHandOver, HandOverRejection.BadSignature },
        { "too few signatures", SyncRejection.BadHandOver, HandOverRejection.TooFewSignatures },
        { "other committee", SyncRejection.BadHandOver, HandOverRejection.OtherCommittee },
        { "no boundary", SyncRejection.BadHandOver, HandOverRejection.NotABoundary },
        { "too long", SyncRejection.TooManyEpochs, HandOverRejection.TooManyEpochs },
        { "no hand-over at all", SyncRejection.BadHandOver, HandOverRejection.None },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void Whoever_shows_a_wrong_way_is_refused_by_name_and_another_member_leads_on(string lie, SyncRejection reason, HandOverRejection why)
    {
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        Assert.Equal([(0, 0UL)], Asked());
        _sync.OnHandOvers(0, new HandOverResponse(Epoch.Zero, LieOf(lie)), _now, _effects);
        Assert.Equal([new SyncEffect.Refuse(0, reason, why)], _effects.OfType<SyncEffect.Refuse>());

        // What it showed before the lie follows from the genesis all the same.
        ulong reached = _sync.ChainEpoch.Value;
        Assert.Equal(Way((int)reached), Kept());
        if (lie == "too long") return;
        Assert.Equal([(1, reached)], Asked());
        Give(1, (int)reached, Last - (int)reached);
        Assert.Equal((SyncPhase.Fetching, 2), (_sync.Phase, _sync.Sources));
        _now += 60_000;
        _sync.OnConnected(0, Epochs.Committee(Last)[new ReplicaId(0)].NodeKey);
        Offer(0, Late);
        Assert.Equal(2, _sync.Sources);
    }

    [Fact]
    public void A_checkpoint_of_an_epoch_that_no_chain_reaches_ends_its_senders_part()
    {
        Connect(0, 1);
        Offer(0, MakeOffer(EpochsMax));
        Assert.Equal([new SyncEffect.Refuse(0, SyncRejection.TooManyEpochs)], _effects.OfType<SyncEffect.Refuse>());
        Assert.Empty(Asked());
        Offer(1, MakeOffer(EpochsMax - 1));
        Assert.Equal([(1, 0UL)], Asked());
    }

    [Fact]
    public void Members_that_have_no_hand_over_or_say_nothing_are_left_for_others()
    {
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        Assert.Equal([(0, 0UL)], Asked());
        Give(0, 0, 0);
        Assert.Equal([(1, 0UL)], Asked());
        _now += 3_999;
        Tick();
        Assert.Empty(Asked());
        _now += 1;
        Tick();
        Assert.Equal([(2, 0UL)], Asked());
        Assert.Empty(_effects.OfType<SyncEffect.Refuse>());

        // Too late, and not what was asked for.
        Give(1, 0, 1);
        Give(2, 1, 1);
        Assert.Equal(Epoch.Zero, _sync.ChainEpoch);
        _sync.OnDisconnected(2);
        Tick();
        Assert.Empty(Asked());
        _now += 60_000;
        Tick();
        Assert.Equal([(0, 0UL)], Asked());
        Give(0, 0, Last);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
    }

    [Fact]
    public void Offers_that_turn_out_forged_once_the_committee_is_known_end_their_senders_part()
    {
        BlockResult other = Late.Certificate.Result with { StateRoot = Sha.Of([9]) };
        Connect(0, 1, 2);
        Offer(0, Late with { Certificate = new ResultCertificate(other, [.. Late.Certificate.Signatures]) });
        Offer(1, Late);
        Offer(2, Late);
        Give(0, 0, Last);
        Assert.Equal([new SyncEffect.Refuse(0, SyncRejection.BadOffer)], _effects.OfType<SyncEffect.Refuse>());
        Assert.Equal((Late, 2), (_sync.Offer, _sync.Sources));
    }

    [Fact]
    public void Only_seats_of_the_checkpoints_own_committee_count_others_may_serve()
    {
        // Members of the first committee without a seat in the later one: as many as they are, they are not f + 1 of it.
        for (int i = 0; i < 3; i++) _sync.OnConnected((ulong)(10 + i), Operators.Genesis.Members[i].NodeKey);
        Connect(0);
        for (int i = 0; i < 3; i++) Offer(10 + i, Late);
        Offer(0, Late);
        Give(10, 0, Last);
        Assert.Equal((SyncPhase.Watching, new Epoch(Last)), (_sync.Phase, _sync.ChainEpoch));
        _now += 5_000;
        Tick();
        Connect(1);
        Offer(1, Late);
        Assert.Equal((SyncPhase.Fetching, 5), (_sync.Phase, _sync.Sources));
        _effects.Clear();
        Tick();
        Assert.Contains(_effects.OfType<SyncEffect.Send>(), sent => sent.To == 10 && sent.Message is PieceRequest);
    }

    [Fact]
    public void Nobody_is_asked_while_the_heights_themselves_are_near_and_what_nobody_asked_for_changes_nothing()
    {
        _own = new Height(Late.Height.Value - 9_000);
        Connect(0, 1);
        Offer(0, Late);
        Offer(1, Late);
        Assert.Empty(Asked());
        Give(0, 0, Last);
        Assert.Equal((Epoch.Zero, 0), (_sync.ChainEpoch, Kept().Length));
        _now += 5_000;
        _sync.OnOffers(0, new CheckpointOffers(Late.Height, [Late]), _now, _effects);
        Assert.Equal([(0, 0UL)], Asked());
    }

    [Fact]
    public void A_fork_by_leaked_keys_does_not_replace_what_the_member_knows_by_itself()
    {
        // It ordered the first epoch itself, and with it learnt the second one's committee.
        MessageVerifier second = new(Operators.Genesis.Domain, Epochs.Committee(1), new Client.P256Scheme());
        _sync = NewSync(certificate => certificate.Result.Epoch == new Epoch(1) ? second.TryVerify(certificate, out _) == VerificationRejection.None : null);
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        Assert.Equal([(0, 0UL)], Asked());
        _sync.OnHandOvers(0, Fork(2), _now, _effects);
        Assert.Equal([new SyncEffect.Refuse(0, SyncRejection.BadHandOver, HandOverRejection.OtherCommittee)], _effects.OfType<SyncEffect.Refuse>());

        // And peer 1 leads on: what peer 0 showed before its lie was one, too.
        Assert.Equal([(1, 1UL)], Asked());
        Give(1, 1, 3);
        Assert.Equal([(2, 1UL)], Asked());
        Give(2, 1, 3);
        Assert.Equal([(1, 0UL)], Asked());
        Give(1, 0, Last);
        Assert.Single(_effects.OfType<SyncEffect.Refuse>());
        AssertTrueWay();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Last)]
    [InlineData(Last + 1)]
    public void A_fork_by_leaked_keys_ends_nobodys_part_but_its_senders(int length)
    {
        // It ends before the others' checkpoint, with it, or behind it.
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, member == 0 ? MakeOffer(Last + 2) : Late);
        Assert.Equal([(0, 0UL)], Asked());
        _sync.OnHandOvers(0, Fork(length), _now, _effects);
        for (int i = 0; i < 8 && _sync.Phase == SyncPhase.Watching; i++)
        {
            foreach ((int to, ulong from) in Asked()) Give(to, (int)from, Last - (int)from);
        }

        AssertTrueWay();
        Assert.DoesNotContain(_effects.OfType<SyncEffect.Refuse>(), refused => refused.Peer != 0);
    }

    [Fact]
    public void Whoever_leads_anew_is_believed_alone_until_it_proves_wrong_or_falls_silent()
    {
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        Assert.Equal([(0, 0UL)], Asked());
        Give(0, 0, 2);
        Assert.Equal([(1, 2UL)], Asked());
        _sync.OnHandOvers(1, new HandOverResponse(new Epoch(2), [Forged(2)]), _now, _effects);
        Assert.Equal([(2, 2UL)], Asked());
        Give(2, 2, 1);

        // Its turn: it has to show another way from the genesis on, and can not.
        Assert.Equal([(1, 0UL)], Asked());
        Assert.Contains(new SyncEffect.DropHandOvers(), _effects);
        Assert.Equal(Epoch.Zero, _sync.ChainEpoch);
        Assert.Empty(_effects.OfType<SyncEffect.Refuse>());
        _sync.OnHandOvers(1, new HandOverResponse(Epoch.Zero, [Epochs.HandOvers[0].Encode(), Forged(1)]), _now, _effects);
        Assert.Equal([new SyncEffect.Refuse(1, SyncRejection.BadHandOver, HandOverRejection.BadSignature)], _effects.OfType<SyncEffect.Refuse>());
        _now += 60_000;
        Tick();
        Assert.Equal([(2, 1UL)], Asked());
        Give(2, 1, Last - 1);
        AssertTrueWay();
    }

    [Fact]
    public void Whoever_says_again_and_again_that_the_way_is_another_waits_longer_each_time()
    {
        Connect(0, 1);
        Offer(0, MakeOffer(Last + 1));
        Offer(1, MakeOffer(Last + 1));
        var anew = new List<long>();
        for (; _now < 1_000_000; _now += 500)
        {
            Tick();
            if (_effects.RemoveAll(effect => effect is SyncEffect.DropHandOvers) > 0) anew.Add(_now);
            foreach ((int to, ulong from) in Asked())
            {
                // The one leads a step further each time, the other says that the way is another, and shows none.
                if (to == 0) Give(0, (int)from, 1);
                else if (from > 0) _sync.OnHandOvers(1, new HandOverResponse(new Epoch(from), [Forged((int)from)]), _now, _effects);
            }
        }

        // Waits of 8, 16, 32 s and so on come to 1,016 s: rests alone, of 64 s at most, would make it twice as often.
        Assert.InRange(anew.Count, 3, 8);
    }

    [Fact]
    public void Starting_anew_keeps_sessions_and_refusals_and_nothing_else()
    {
        Connect(0, 1, 2);
        foreach (int member in new[] { 0, 1, 2 }) Offer(member, Late);
        _sync.OnHandOvers(0, new HandOverResponse(Epoch.Zero, [new byte[9]]), _now, _effects);
        Give(1, 0, Last);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
        _effects.Clear();
        _sync.StartAnew(_effects);
        Assert.Contains(new SyncEffect.GiveUp(), _effects);
        Assert.Equal((SyncPhase.Watching, Epoch.Zero), (_sync.Phase, _sync.ChainEpoch));
        Tick();
        Assert.Equal([1UL, 2UL], _effects.OfType<SyncEffect.Send>().Where(sent => sent.Message is CheckpointRequest).Select(sent => sent.To));
        _now += 1_000;
        Offer(2, Late);
        Assert.Equal([(2, 0UL)], Asked());
    }

    private void AssertTrueWay()
    {
        Assert.Equal((SyncPhase.Fetching, Late, new Epoch(Last)), (_sync.Phase, _sync.Offer, _sync.ChainEpoch));
        Assert.Equal(Epochs.Committee(Last)[new ReplicaId(0)], _sync.NewestCommittee[new ReplicaId(0)]);

        // What is kept begins anew where the way does.
        int from = _effects.FindLastIndex(effect => effect is SyncEffect.DropHandOvers) + 1;
        _effects.RemoveRange(0, from);
        Assert.Equal(Way(Last), Kept());
    }

    /// <summary>A way on which the first committee, whose keys leaked, stays for ever.</summary>
    private static HandOverResponse Fork(int length)
    {
        var shown = new List<ReadOnlyMemory<byte>>();
        for (int epoch = 0; epoch < length; epoch++)
        {
            CommitteePlan next = Epochs.HandOvers[epoch].Next with { Members = Operators.Genesis.Members };
            shown.Add(new HandOver(next, Operators.Certify(Epochs.Boundary(next))).Encode());
        }

        return new HandOverResponse(Epoch.Zero, shown);
    }

    /// <summary>A true hand-over's plan, signed by others.</summary>
    private static byte[] Forged(int epoch) =>
        (Epochs.HandOvers[epoch] with { Boundary = Operators.Certify(Epochs.HandOvers[epoch].Boundary.Result) }).Encode();

    private static IReadOnlyList<ReadOnlyMemory<byte>> LieOf(string lie)
    {
        HandOver first = Epochs.HandOvers[0], second = Epochs.HandOvers[1];
        CertificateSignature[] signatures = [.. second.Boundary.Signatures];
        HandOver[] shown = lie switch
        {
            "wrong genesis" => [new TestEpochs(new TestCommittee(4, 7, 1), 1).HandOvers[0]],
            "other network" => [new TestEpochs(new TestCommittee(4, 8, 0), 1).HandOvers[0]],
            "gap" => [first, Epochs.HandOvers[2]],
            "twice" => [first, first],
            "forged certificate" =>
                [first, second with { Boundary = new ResultCertificate(second.Boundary.Result with { StateRoot = Sha.Of([9]) }, signatures) }],
            "too few signatures" => [first, second with { Boundary = new ResultCertificate(second.Boundary.Result, signatures[..2]) }],
            "other committee" => [first, second with { Next = second.Next with { Members = Operators.Genesis.Members } }],
            "no boundary" => [first, second with { Boundary = Epochs.Certify(second.Boundary.Result with { NextCommitteeHash = Hash32.Zero }) }],
            "too long" => [.. Epochs.HandOvers],
            _ => [],
        };
        return shown.Length == 0 ? [first.Encode(), second.Encode().AsMemory()[..^1]] : [.. shown.Select(handOver => (ReadOnlyMemory<byte>)handOver.Encode())];
    }

    private static StateSync NewSync(Func<ResultCertificate, bool?> isCertified, ulong epochsMax = EpochsMax) => new(
        new StateSyncOptions { AheadHeights = 10_000, EpochsMax = epochsMax }, Operators.Genesis, new Client.P256Scheme(), isCertified);

    private static CheckpointOffer MakeOffer(int epoch) => StateSyncTests.MakeOffer(
        100_000, Bytes, new Epoch((ulong)epoch), result => Epochs.Certify(result));

    /// <summary>Members of the late committee.</summary>
    private void Connect(params int[] members)
    {
        foreach (int member in members) _sync.OnConnected((ulong)member, Epochs.Committee(Last)[new ReplicaId((ushort)member)].NodeKey);
        Tick();
    }

    /// <summary>Members of the first committee, and a checkpoint of theirs.</summary>
    private CheckpointOffer ConnectEarly(params int[] members)
    {
        foreach (int member in members) _sync.OnConnected((ulong)member, Operators.Genesis.Members[member].NodeKey);
        return StateSyncTests.MakeOffer(50_000, Bytes, certify: result => Operators.Certify(result));
    }

    private void Tick() => _sync.OnTick(_own, _now, _effects);

    private void Offer(int from, CheckpointOffer offer) => _sync.OnOffers((ulong)from, new CheckpointOffers(new Height(1), [offer]), _now, _effects);

    private void Give(int from, int first, int count, TestEpochs? epochs = null) => _sync.OnHandOvers(
        (ulong)from,
        new HandOverResponse(
            new Epoch((ulong)first), [.. (epochs ?? Epochs).HandOvers.Skip(first).Take(count).Select(item => (ReadOnlyMemory<byte>)item.Encode())]),
        _now, _effects);

    /// <summary>Questions for hand-overs since the last look.</summary>
    private (int To, ulong From)[] Asked()
    {
        (int, ulong)[] asked = [.. from sent in _effects.OfType<SyncEffect.Send>()
                                   where sent.Message is HandOverRequest
                                   select ((int)sent.To, ((HandOverRequest)sent.Message).From.Value)];
        _effects.RemoveAll(effect => effect is SyncEffect.Send { Message: HandOverRequest });
        return asked;
    }

    private Hash32[] Kept() => [.. _effects.OfType<SyncEffect.KeepHandOvers>().SelectMany(effect => effect.HandOvers).Select(item => item.Checkpoint)];

    private static Hash32[] Way(int epochs) => [.. Epochs.HandOvers.Take(epochs).Select(item => item.Checkpoint)];
}

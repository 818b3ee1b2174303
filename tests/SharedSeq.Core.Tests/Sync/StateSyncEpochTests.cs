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
        Assert.Equal([(1, 2UL)], Asked());
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        Give(1, 2, 1);
        Assert.Equal([(1, 3UL)], Asked());
        Give(1, 3, 1);
        Assert.Equal((SyncPhase.Fetching, 2, new Epoch(Last)), (_sync.Phase, _sync.Sources, _sync.ChainEpoch));
        Assert.Equal(Late, Assert.Single(_effects.OfType<SyncEffect.Begin>()).Offer);
        Assert.Empty(Asked());
        Assert.Equal(Way(Last), Kept());
    }

    [Fact]
    public void Answers_end_where_their_bounds_are_and_are_asked_for_again_from_there()
    {
        Connect(0, 1);
        Offer(0, Late);
        Offer(1, Late);
        Assert.Equal([(0, 0UL)], Asked());
        for (int epoch = 0; epoch < Last; epoch++)
        {
            Give(0, epoch, 1);
            Assert.Equal(epoch + 1 < Last ? [(0, (ulong)epoch + 1)] : [], Asked());
        }

        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
    }

    [Fact]
    public void Nothing_older_is_begun_while_hand_overs_come_but_whoever_never_gives_any_does_not_hold_it_up()
    {
        CheckpointOffer early = StateSyncTests.MakeOffer(50_000, Bytes, certify: result => Operators.Certify(result));
        for (int i = 1; i < 3; i++) _sync.OnConnected((ulong)i, Operators.Genesis.Members[i].NodeKey);
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
        CommitteePlan forged = Epochs.HandOvers[0].Next with { Members = Operators.Genesis.Members };
        HandOver fork = new(forged, Epochs.Certify(Epochs.Boundary(forged)));
        CommitteePlan next = Epochs.HandOvers[1].Next with { Members = Operators.Genesis.Members };
        HandOver onwards = new(next, Operators.Certify(Epochs.Boundary(next)));
        Connect(0);
        Offer(0, Late);
        _sync.OnHandOvers(0, new HandOverResponse(Epoch.Zero, [fork.Encode(), onwards.Encode()]), _now, _effects);
        Assert.Equal([new SyncEffect.Refuse(0, SyncRejection.BadHandOver, HandOverRejection.OtherCommittee)], _effects.OfType<SyncEffect.Refuse>());
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

    private static StateSync NewSync(Func<ResultCertificate, bool?> isCertified) => new(
        new StateSyncOptions { AheadHeights = 10_000, EpochsMax = EpochsMax }, Operators.Genesis, new Client.P256Scheme(), isCertified);

    private static CheckpointOffer MakeOffer(int epoch) => StateSyncTests.MakeOffer(
        100_000, Bytes, new Epoch((ulong)epoch), result => Epochs.Certify(result));

    /// <summary>Members of the late committee.</summary>
    private void Connect(params int[] members)
    {
        foreach (int member in members) _sync.OnConnected((ulong)member, Epochs.Committee(Last)[new ReplicaId((ushort)member)].NodeKey);
        Tick();
    }

    private void Tick() => _sync.OnTick(_own, _now, _effects);

    private void Offer(int from, CheckpointOffer offer) => _sync.OnOffers((ulong)from, new CheckpointOffers(new Height(1), [offer]), _now, _effects);

    private void Give(int from, int first, int count) => _sync.OnHandOvers(
        (ulong)from,
        new HandOverResponse(new Epoch((ulong)first), [.. Epochs.HandOvers.Skip(first).Take(count).Select(item => (ReadOnlyMemory<byte>)item.Encode())]),
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

using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Sync.CheckpointBench;

namespace SharedSeq.Core.Tests.Sync;

/// <summary>What an empty or far too old member asks for and takes; members here are messages, pieces are a few bytes of the last one.</summary>
public sealed class StateSyncTests
{
    private const int Pieces = 12;

    private static readonly byte[] Bytes = MakeBytes(1);
    private static readonly CheckpointOffer Honest = MakeOffer(100_000, Bytes);
    private static readonly MessageVerifier Verifier = new(Operators.Genesis.Domain, Operators.Genesis.Committee, new Client.P256Scheme());

    private readonly StateSync _sync = new(
        new StateSyncOptions { AheadHeights = 10_000 }, Operators.Genesis, new Client.P256Scheme(),
        certificate => certificate.Result.Epoch == Epoch.Zero ? Verifier.TryVerify(certificate, out _) == VerificationRejection.None : null);

    private readonly List<SyncEffect> _effects = [];
    private readonly SortedDictionary<int, byte[]> _stored = [];
    private Height _own;
    private long _now;

    [Fact]
    public void Members_are_asked_and_a_checkpoint_that_f_plus_one_offer_is_fetched_from_all_that_have_it()
    {
        Connect(0, 1, 2);
        Assert.Equal([0, 1, 2], Sent<CheckpointRequest>().Select(sent => sent.To));
        Offer(0, Honest);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        Offer(1, Honest);
        Offer(2, Honest);
        Assert.Equal((SyncPhase.Fetching, 3), (_sync.Phase, _sync.Sources));
        Assert.Single(_effects.OfType<SyncEffect.Begin>());
        Tick();
        (int To, PieceRequest Request)[] asked = [.. Sent<PieceRequest>()];
        Assert.Equal(Pieces, asked.Select(sent => sent.Request.Index).Distinct().Count());
        Assert.Equal([4, 4, 4], asked.GroupBy(sent => sent.To).Select(group => group.Count()));
        foreach ((int to, PieceRequest request) in asked) Serve(to, request);
        Complete();
    }

    [Fact]
    public void The_newest_checkpoint_that_enough_offer_is_taken()
    {
        CheckpointOffer newer = MakeOffer(120_000, Bytes), newest = MakeOffer(130_000, Bytes);
        Connect(0, 1, 2);
        Offer(0, Honest, newer);
        Offer(1, Honest, newest);
        Assert.Equal(Honest, _sync.Offer);

        StateSync other = NewSync();
        var effects = new List<SyncEffect>();
        for (ulong i = 0; i < 3; i++) other.OnConnected(i, KeyOf((int)i));
        other.OnTick(Height.Zero, 0, effects);
        other.OnOffers(0, new CheckpointOffers(Height.Zero, [newer, newest]), 0, effects);
        other.OnOffers(1, new CheckpointOffers(Height.Zero, [newer, newest]), 0, effects);
        Assert.Equal(newest, other.Offer);
    }

    [Fact]
    public void What_is_near_is_fetched_height_by_height_unless_nobody_keeps_it()
    {
        _own = new Height(95_000);
        Connect(0, 1, 2);
        Offer(0, Honest);
        Offer(1, Honest);
        Offer(2, Honest);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        _now += 5_000;
        Tick();
        Assert.All(Sent<CheckpointRequest>(), sent => Assert.Equal(_own, sent.Message.Above));
        OfferPruned(0, 95_002, Honest);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        OfferPruned(1, 95_002, Honest);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
    }

    [Fact]
    public void Whoever_offers_what_does_not_verify_is_asked_for_nothing_any_more()
    {
        ResultCertificate other = Operators.Certify(Honest.Certificate.Result with { StateRoot = Sha.Of([9]) }, 0, 1);
        CheckpointOffer[] lies =
        [
            Honest with { Certificate = other },
            Honest with { Certificate = Operators.Certify(Honest.Certificate.Result with { StateRoot = Hash32.Zero }) },
            Honest with { Blocks = MakeOffer(100_001, Bytes).Blocks },
        ];
        Connect(0, 1, 2, 3);
        for (int i = 0; i < lies.Length; i++)
        {
            Offer(i, lies[i]);
            Assert.Equal(new SyncEffect.Refuse((ulong)i, SyncRejection.BadOffer), _effects.OfType<SyncEffect.Refuse>().Last());
            Offer(i, Honest);
        }

        Offer(3, Honest);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
        _effects.Clear();
        _now += 10_000;
        Tick();
        Assert.Equal([3], Sent<CheckpointRequest>().Select(sent => sent.To));
        Connect(0);
        Assert.DoesNotContain(Sent<CheckpointRequest>(), sent => sent.To == 0);
    }

    [Fact]
    public void Pieces_that_one_member_alone_puts_beside_a_true_certificate_are_never_asked_for()
    {
        byte[] others = MakeBytes(2);
        CheckpointOffer lie = MakeOffer(100_000, others), mixed = MakeOffer(130_000, Bytes);
        Connect(0, 1, 2);
        Offer(0, lie, mixed);
        Offer(1, Honest);
        Offer(2, Honest);
        Assert.Equal((Honest, 2), (_sync.Offer, _sync.Sources));
        FetchAll();
        Complete();
    }

    [Fact]
    public void A_piece_with_another_hash_ends_its_senders_part_and_comes_from_the_others()
    {
        StartFetching(0, 1, 2);
        (int To, PieceRequest Request) first = Sent<PieceRequest>().First(sent => sent.To == 0);
        Give(0, new PieceResponse(first.Request.Root, first.Request.Index, new byte[Honest.Pieces.BytesOf(first.Request.Index)]));
        Assert.Equal([new SyncEffect.Refuse(0, SyncRejection.BadPiece)], _effects.OfType<SyncEffect.Refuse>());
        Serve(0, first.Request);
        Assert.Empty(_stored);
        FetchAll();
        Complete();
    }

    [Fact]
    public void Members_that_vanish_or_fall_silent_in_the_middle_are_replaced_by_the_others()
    {
        StartFetching(0, 1, 2);
        foreach ((int to, PieceRequest request) in Sent<PieceRequest>().Where(sent => sent.To == 2).Take(2).ToArray()) Serve(to, request);
        _sync.OnDisconnected(0);
        FetchAll(silent: 1);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
        for (int i = 0; i < 4 && _sync.Phase == SyncPhase.Fetching; i++)
        {
            _now += 4_000;
            FetchAll(silent: 1);
        }

        Complete();
    }

    [Fact]
    public void A_checkpoint_that_nobody_has_any_more_is_given_up_and_a_newer_one_taken()
    {
        StartFetching(0, 1);
        foreach ((int to, PieceRequest request) in Sent<PieceRequest>().ToArray()) Give(to, new PieceResponse(request.Root, request.Index, default));
        Assert.Equal(0, _sync.Sources);
        _effects.Clear();
        Tick();
        Assert.Contains(new SyncEffect.GiveUp(), _effects);
        Assert.Equal([0, 1], Sent<CheckpointRequest>().Select(sent => sent.To));
        CheckpointOffer newer = MakeOffer(110_000, Bytes);
        _now += 1_000;
        Offer(0, newer);
        Offer(1, newer);
        Assert.Equal(newer, _sync.Offer);
        FetchAll();
        Complete();
    }

    [Fact]
    public void Heights_that_came_by_themselves_meanwhile_make_the_checkpoint_useless()
    {
        StartFetching(0, 1);
        _own = Honest.Height;
        Tick();
        Assert.Contains(new SyncEffect.GiveUp(), _effects);
        Assert.Equal(SyncPhase.Watching, _sync.Phase);
    }

    [Fact]
    public void A_whole_that_is_not_the_certified_state_ends_the_part_of_all_that_offered_it()
    {
        StartFetching(0, 1);
        FetchAll();
        Assert.Equal(SyncPhase.Checking, _sync.Phase);
        _sync.OnChecked(SyncVerdict.Damaged, _effects);
        Assert.Empty(_effects.OfType<SyncEffect.Refuse>());
        _now += 1_000;
        Tick();
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
        FetchAll();
        _sync.OnChecked(SyncVerdict.OtherState, _effects);
        Assert.Equal([0, 1], _effects.OfType<SyncEffect.Refuse>().Select(refused => (int)refused.Peer));
        _now += 10_000;
        _effects.Clear();
        Tick();
        Assert.Empty(_effects);
    }

    [Fact]
    public void Pieces_that_were_not_asked_for_and_offers_without_end_change_nothing()
    {
        StartFetching(0, 1);
        _effects.Clear();
        for (int i = 0; i < 100; i++)
        {
            Give(2, new PieceResponse(Honest.Pieces.Root, i % Pieces, Piece(i % Pieces)));
            Offer(0, Honest with { Certificate = Operators.Certify(Honest.Certificate.Result with { StateRoot = Sha.Of([9]) }, 0, 1) });
        }

        Assert.Empty(_effects);
    }

    private static StateSync NewSync() =>
        new(new StateSyncOptions { AheadHeights = 10_000 }, Operators.Genesis, new Client.P256Scheme(), _ => true);

    private static PublicKey64 KeyOf(int member) => Operators.Genesis.Members[member].NodeKey;

    internal static byte[] MakeBytes(byte seed)
    {
        byte[] bytes = new byte[((Pieces - 1) * PieceList.PieceBytes) + 9];
        bytes.AsSpan().Fill(seed);
        for (int i = 0; i < Pieces; i++) bytes[i * PieceList.PieceBytes] = (byte)i;
        return bytes;
    }

    internal static CheckpointOffer MakeOffer(ulong height, byte[] bytes, Epoch epoch = default, Func<BlockResult, ResultCertificate>? certify = null)
    {
        var hasher = new PieceHasher();
        hasher.Add(bytes);
        var header = new Header(
            epoch, new Slot(height), new Height(height), new Slot(height - 1), Sha.Of([1]), new TimestampMs(height), HeaderFlags.None,
            Payload.Empty.Commitment, []);
        var result = new BlockResult(
            epoch, header.Height, header.Hash, Sha.Of([2]), Sha.Of([3]), Hash32.Zero, Sha.Of([4]), Hash32.Zero);
        return new CheckpointOffer((certify ?? (certified => Operators.Certify(certified)))(result), [new Block(header, Payload.Empty)], hasher.Finish());
    }

    private static byte[] Piece(int index) => Bytes.AsSpan((int)PieceList.OffsetOf(index), Honest.Pieces.BytesOf(index)).ToArray();

    private void StartFetching(params int[] members)
    {
        Connect(members);
        foreach (int member in members) Offer(member, Honest);
        Assert.Equal(SyncPhase.Fetching, _sync.Phase);
        Tick();
    }

    private void Connect(params int[] members)
    {
        foreach (int member in members) _sync.OnConnected((ulong)member, KeyOf(member));
        Tick();
    }

    private void Tick() => _sync.OnTick(_own, _now, _effects);

    private void Offer(int from, params CheckpointOffer[] offers) => OfferPruned(from, 1, offers);

    private void OfferPruned(int from, ulong oldest, params CheckpointOffer[] offers) =>
        _sync.OnOffers((ulong)from, new CheckpointOffers(new Height(oldest), offers), _now, _effects);

    private void Give(int from, PieceResponse response)
    {
        _sync.OnPiece((ulong)from, response, _effects);
        foreach (SyncEffect.Store store in _effects.OfType<SyncEffect.Store>()) _stored[store.Index] = store.Bytes.ToArray();
    }

    private void Serve(int to, PieceRequest request) => Give(to, new PieceResponse(request.Root, request.Index, Piece(request.Index)));

    /// <summary>Answers what is asked until nothing more is.</summary>
    private void FetchAll(int silent = -1)
    {
        while (_sync.Phase == SyncPhase.Fetching)
        {
            Tick();
            (int To, PieceRequest Request)[] asked = [.. Sent<PieceRequest>().Where(sent => sent.To != silent)];
            _effects.RemoveAll(effect => effect is SyncEffect.Send { Message: PieceRequest });
            if (asked.Length == 0) return;
            foreach ((int to, PieceRequest request) in asked) Serve(to, request);
        }
    }

    private void Complete()
    {
        Assert.Equal(SyncPhase.Checking, _sync.Phase);
        Assert.Equal(_sync.Offer, _effects.OfType<SyncEffect.Check>().Single().Offer);
        Assert.Equal(Bytes, _stored.Values.SelectMany(piece => piece).ToArray());
        _sync.OnChecked(SyncVerdict.Certified, _effects);
        Assert.Equal(SyncPhase.Done, _sync.Phase);
        _effects.Clear();
        Tick();
        Assert.Empty(_effects);
    }

    private IEnumerable<(int To, T Message)> Sent<T>()
        where T : PeerMessage =>
        _effects.OfType<SyncEffect.Send>().Where(sent => sent.Message is T).Select(sent => ((int)sent.To, (T)sent.Message));
}

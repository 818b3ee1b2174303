using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Sync.CheckpointBench;

namespace SharedSeq.Core.Tests.Sync;

/// <summary>How a member that was away while boundaries were certified gets those certificates, from whom, and from whom not.</summary>
public sealed class MissedHandOversTests
{
    private const int Newest = 6;
    private const int AnswerMs = 4_000;
    private const int LookMs = 5_000;

    private static readonly TestEpochs Epochs = new(Operators, Newest);

    private readonly List<SyncEffect> _effects = [];
    private readonly MissedHandOvers _missed;
    private Func<HandOver, bool?> _isOwn = _ => true;

    // What the ledger has, without a hole.
    private int _held = 2;
    private long _now;

    public MissedHandOversTests() => _missed = new MissedHandOvers(
        new StateSyncOptions { AheadHeights = 10 }, Operators.Genesis, new Client.P256Scheme(), handOver => _isOwn(handOver));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_hole_that_lasts_is_asked_for_and_filled(int held)
    {
        _held = held;
        _missed.OnConnected(1);
        Look();
        Assert.Empty(Asked());
        _now += LookMs - 1;
        Assert.False(_missed.IsDue(_now));
        _now++;
        Look();
        Assert.Equal([(1, held)], Asked());
        Give(1, held, Newest - held);
        Assert.Equal(Way(held, Newest), Kept());
        Look();
        Assert.Empty(Asked());
        Assert.Empty(Lies());
    }

    [Fact]
    public void Nothing_is_asked_for_while_certificates_come_by_themselves()
    {
        _missed.OnConnected(1);
        for (_held = 0; _held < Newest; _held++)
        {
            Look();
            _now += LookMs;
        }

        Look();
        Assert.Empty(Asked());
    }

    [Fact]
    public void Members_take_turns_and_what_one_gives_is_gone_on_from()
    {
        Begin(0, 1);
        Assert.Equal([(0, 2)], Asked());
        Give(0, 2, 1);
        Look();
        Assert.Equal([(1, 3)], Asked());
        Give(1, 3, 2);
        Look();
        Assert.Equal([(0, 5)], Asked());
        Give(0, 5, 1);
        Assert.Equal(Way(2, Newest), Kept());
    }

    [Fact]
    public void Who_is_silent_or_has_nothing_rests_longer_each_time()
    {
        Begin(0, 1);
        Assert.Equal([(0, 2)], Asked());
        _now += AnswerMs - 1;
        Assert.False(_missed.IsDue(_now));
        _now++;
        Look();
        Assert.Equal([(1, 2)], Asked());
        Give(0, 2, 4);
        Assert.Empty(Kept());
        Give(1, 2, 0);
        _now += LookMs;
        Look();
        Assert.Empty(Asked());
        _now += LookMs;
        Look();
        Assert.Equal([(0, 2)], Asked());
        _missed.OnDisconnected(0);
        Look();
        Assert.Equal([(1, 2)], Asked());
        Give(1, 2, 4);
        Assert.Equal(4, Kept().Count);
        Assert.Empty(Lies());
    }

    [Fact]
    public void A_new_session_does_not_end_a_rest()
    {
        Begin(0);
        Assert.Equal([(0, 2)], Asked());
        _missed.OnDisconnected(0);
        _missed.OnConnected(0);
        _now += LookMs;
        Look();
        Assert.Empty(Asked());
    }

    [Fact]
    public void Who_lies_is_asked_no_more_and_what_was_good_is_kept()
    {
        var otherNetwork = new TestEpochs(new TestCommittee(4, 7, 9), Newest);
        HandOver good = Epochs.HandOvers[2], later = Epochs.HandOvers[4], other = otherNetwork.HandOvers[2];
        HandOver weak = good with { Boundary = Epochs.Certify(good.Boundary.Result, 0, 1) };
        HandOver swapped = good with { Next = later.Next };
        Begin(0, 1, 2, 3, 4, 5, 6);
        (byte[][] Items, HandOverRejection Reason)[] lies =
        [
            ([other.Encode()], HandOverRejection.BadSignature),
            ([weak.Encode()], HandOverRejection.TooFewSignatures),
            ([swapped.Encode()], HandOverRejection.WrongEpoch),
            ([later.Encode()], HandOverRejection.WrongEpoch),
            ([[1, 2, 3]], HandOverRejection.None),
            ([good.Encode(), later.Encode()], HandOverRejection.WrongEpoch),
        ];
        for (int i = 0; i < lies.Length; i++)
        {
            Assert.Equal([(i, 2)], Asked());
            Answer(i, 2, lies[i].Items);
            SyncEffect.Refuse lie = Assert.Single(Lies());
            Assert.Equal(((ulong)i, SyncRejection.BadHandOver, lies[i].Reason), (lie.Peer, lie.Reason, lie.HandOver));
            if (i == lies.Length - 1) Assert.Equal(Way(2, 3), Kept());
            _effects.Clear();
            _now += LookMs;
            Look();
        }

        Assert.Equal([(6, 3)], Asked());
        Give(6, 3, 0);
        _missed.OnConnected(1);
        _now += LookMs;
        Look();
        Assert.Empty(Asked());
    }

    [Fact]
    public void What_was_ordered_here_is_not_given_up_for_what_others_sign()
    {
        Begin(0, 1);
        _isOwn = handOver => handOver.Ended != new Epoch(3);
        Assert.Equal([(0, 2)], Asked());
        Give(0, 2, 4);
        Assert.Equal(HandOverRejection.OtherCommittee, Assert.Single(Lies()).HandOver);
        Assert.Equal(Way(2, 3), Kept());
    }

    [Fact]
    public void Nothing_is_taken_that_was_not_asked_for_or_is_of_an_epoch_that_did_not_end_here()
    {
        _missed.OnConnected(0);
        Give(0, 2, 4);
        Assert.Empty(_effects);
        Look(Newest - 2);
        _now += LookMs;
        Look(Newest - 2);
        Give(0, 1, 2);
        Assert.Empty(Kept());
        Give(0, 2, 4);
        Assert.Equal(Way(2, 4), Kept());
    }

    private void Begin(params ulong[] peers)
    {
        foreach (ulong peer in peers) _missed.OnConnected(peer);
        Look();
        _now += LookMs;
        Look();
    }

    private void Look(int newest = Newest)
    {
        HandOver? before = _held == 0 ? null : Epochs.HandOvers[_held - 1];
        _missed.OnLook(_held >= newest ? null : new HandOverGap(new Epoch((ulong)_held), before, new Epoch((ulong)newest)), _now, _effects);
    }

    private void Give(int peer, int first, int count) => Answer(peer, first, [.. Epochs.HandOvers.Skip(first).Take(count).Select(item => item.Encode())]);

    private void Answer(int peer, int first, byte[][] items)
    {
        int before = Kept().Count;
        var response = new HandOverResponse(new Epoch((ulong)first), [.. items.Select(item => (ReadOnlyMemory<byte>)item)]);
        _missed.OnHandOvers((ulong)peer, response, _now, _effects);
        _held += Kept().Count - before;
    }

    /// <summary>Questions since the last time.</summary>
    private List<(int Peer, int From)> Asked()
    {
        List<(int, int)> asked =
            [.. _effects.OfType<SyncEffect.Send>().Select(send => ((int)send.To, (int)((HandOverRequest)send.Message).From.Value))];
        _effects.RemoveAll(effect => effect is SyncEffect.Send);
        return asked;
    }

    private List<SyncEffect.Refuse> Lies() => [.. _effects.OfType<SyncEffect.Refuse>()];

    /// <summary>Encoded: members are lists, which are compared by reference.</summary>
    private List<byte[]> Kept() => [.. _effects.OfType<SyncEffect.KeepHandOvers>().SelectMany(effect => effect.HandOvers).Select(item => item.Encode())];

    private static List<byte[]> Way(int from, int to) => [.. Epochs.HandOvers[from..to].Select(item => item.Encode())];
}

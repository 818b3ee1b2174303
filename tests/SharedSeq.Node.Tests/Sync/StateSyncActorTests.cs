using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;
using SharedSeq.Node.Tests.Actors;
using SharedSeq.Node.Tests.Network;
using SharedSeq.Node.Tests.Serving;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>What the node makes of hand-overs of others: asks, counts, keeps, and lets those come whom they name.</summary>
public sealed class StateSyncActorTests : IAsyncDisposable
{
    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 4, CheckpointInterval = 2, ReceiptDeadlineHeights = 100 };
    private static readonly TestCommittee Genesis = new(4, 7, 0, Opaque(5));
    private static readonly TestEpochs Epochs = new(Genesis, 2);

    private readonly ConcurrentQueue<(PeerId To, PeerMessage Message)> _sent = new();
    private readonly ConcurrentQueue<Committee> _led = new();
    private readonly SimulatedFileLayer _files = new();
    private readonly ServedNetwork _served = new(Genesis);

    public ValueTask DisposeAsync() => _served.DisposeAsync();

    [Fact]
    public async Task A_peer_that_shows_a_wrong_way_is_counted_and_another_one_is_asked()
    {
        await using StateSyncActor actor = NewActor();
        actor.Start();
        for (ushort i = 0; i < 3; i++) await TellAsync(actor, new SyncMessage.Connected(new PeerId(i), Epochs.Committee(2)[new ReplicaId(i)].NodeKey));
        for (ushort i = 0; i < 3; i++) await SayAsync(actor, i, new CheckpointOffers(new Height(1), [Offer()]));
        await UntilAskedAsync(0, 0);
        await SayAsync(actor, 0, Answer(0, Epochs.HandOvers[0].Encode(), [1, 2, 3]));
        await TestNetwork.UntilAsync(
            "the lie is counted", () => Task.FromResult(actor.Refused.TryGetValue(SyncRejection.BadHandOver, out long count) && count == 1));

        // From where the good ones ended.
        await UntilAskedAsync(1, 1);
        await SayAsync(actor, 1, Answer(1, Epochs.HandOvers[1].Encode()));
        await TestNetwork.UntilAsync("the committee is told", () => Task.FromResult(!_led.IsEmpty));
        Assert.Equal(Epochs.Committee(2).EpochGenesis, Assert.Single(_led).EpochGenesis);
        await TestNetwork.UntilAsync("pieces are asked for", () => Task.FromResult(_sent.Any(sent => sent.Message is PieceRequest && sent.To.Value > 0)));
        Assert.DoesNotContain(_sent, sent => sent.Message is PieceRequest && sent.To.Value == 0);
        var kept = new HandOverFile("/data/checkpoint", _files);
        kept.Accept();
        Assert.Equal(2, kept.Read(Genesis.Genesis, new P256Scheme(), new Epoch(2)).Count());
    }

    [Fact]
    public async Task A_disk_that_does_not_take_hand_overs_makes_them_begin_anew()
    {
        var faults = new StorageFaults { PathContains = "hand-overs", ReadOnly = true };
        await using StateSyncActor actor = NewActor(new FaultyFileLayer(_files, faults));
        actor.Start();
        for (ushort i = 0; i < 2; i++) await TellAsync(actor, new SyncMessage.Connected(new PeerId(i), Epochs.Committee(2)[new ReplicaId(i)].NodeKey));
        await SayAsync(actor, 0, new CheckpointOffers(new Height(1), [Offer()]));
        await UntilAskedAsync(0, 0);
        await SayAsync(actor, 0, Answer(0, Epochs.HandOvers[0].Encode()));
        await TestNetwork.UntilAsync("checkpoints are asked for again", () => Task.FromResult(_sent.Count(sent => sent.Message is CheckpointRequest) > 2));
        faults.ReadOnly = false;
        await TestNetwork.UntilAsync("an offer is looked at again, and the way is asked for from the genesis on", async () =>
        {
            await SayAsync(actor, 1, new CheckpointOffers(new Height(1), [Offer()]));
            return _sent.Any(sent => sent.To.Value == 1 && sent.Message is HandOverRequest { From.Value: 0 });
        });
        await SayAsync(actor, 1, Answer(0, [.. Epochs.HandOvers.Select(item => item.Encode())]));
        await TestNetwork.UntilAsync("the committee is told", () => Task.FromResult(!_led.IsEmpty));
        Assert.Empty(actor.Refused);
    }

    [Fact]
    public async Task A_hole_in_the_chain_of_hand_overs_is_filled_from_a_peer_and_noted_in_the_log()
    {
        const int ended = 6;
        var committee = new TestCommittee(Short, 4, 7, 0, Opaque(5));
        await using var away = new ServedNetwork(committee);
        var whole = new List<HandOver>();
        for (ulong at = 0; whole.Count < ended; at++)
        {
            OrderingResult result = await away.ApplyAsync((1_100 * ((ulong)whole.Count + 1)) + at);
            if (result.NextCommittee is not { } next) continue;
            var handOver = new HandOver(next, committee.Certify(result.Result));
            whole.Add(handOver);
            if (whole.Count is <= 2 or ended) away.Ledger.OnCertified(handOver.Boundary);
        }

        JsonElement lacking = (await away.CallAsync("sharedseq_getHandOvers", 0)).GetProperty("result");
        Assert.Equal((2, (ulong)ended), (lacking.GetProperty("handOvers").GetArrayLength(), lacking.GetProperty("newest").GetUInt64()));
        await using var actor = new StateSyncActor(
            new StateSyncOptions { AheadHeights = 10, AskMs = 20, PieceMs = 60_000 }, committee.Genesis, committee.NewEpochs(), away.Ledger,
            new CheckpointFolder("/data", _files), () => Height.Zero, (to, message) => _sent.Enqueue((to, message)), _led.Enqueue, _ => { },
            NullLogger.Instance);
        actor.Start();
        await TellAsync(actor, new SyncMessage.Connected(new PeerId(1), committee.Genesis.Committee[new ReplicaId(1)].NodeKey));
        await UntilAskedAsync(1, 2);
        HandOverResponse answer = Answer(2, [.. whole.Skip(2).Select(item => item.Encode())]);
        Assert.True(actor.Takes(new PeerId(1), answer));
        Assert.False(actor.Takes(new PeerId(1), answer));
        await SayAsync(actor, 1, answer);
        await TestNetwork.UntilAsync("the hole is closed", () => Task.FromResult(away.Ledger.HandOvers(Epoch.Zero, ended).Count == ended));
        Assert.Equal(whole.Select(item => item.Encode()), away.Ledger.HandOverPage(Epoch.Zero, ended, HandOverResponse.MaxBytes));

        // The three that were certified at once, and those of the peer: a rebuild from the logs has all.
        Assert.Equal(3 + ended - 2, away.Notes.Count(note => note == LedgerNote.Certificate));
        Assert.Empty(actor.Refused);
    }

    [Fact]
    public async Task A_checkpoint_behind_a_boundary_hands_over_itself_and_one_within_an_epoch_knows_when_that_began()
    {
        await using var network = new ServedNetwork(new TestCommittee(Short, 4, 7, 0, Opaque(5)));
        OrderingResult last = null!;
        for (ulong epoch = 0; epoch < 3; epoch++)
        {
            for (ulong i = 0; i < 5; i++) last = await network.ApplyAsync((1_100 * (epoch + 1)) + i);
            network.Certify(last);
        }

        CertifiedCheckpoint behind = At(network, last);
        EpochStart[] starts = [.. behind.EpochStarts()];
        Assert.Equal([new Epoch(1), new Epoch(2), new Epoch(3)], starts.Select(start => start.Epoch));
        Assert.Equal((last.Height, last.Timestamp), (starts[2].Genesis.Height, starts[2].Timestamp));
        var chain = new CommitteeChain(network.Committee.Genesis, new P256Scheme());
        Assert.All([.. behind.HandOvers, behind.OwnHandOver!], handOver => Assert.Equal(HandOverRejection.None, chain.TryExtend(handOver)));
        Assert.Equal(new Epoch(3), chain.Newest);
        TimestampMs began = last.Timestamp;
        last = await network.ApplyAsync(5_000);
        Assert.True(last.IsCheckpoint);
        CertifiedCheckpoint within = At(network, last);
        Assert.Null(within.OwnHandOver);
        Assert.Equal(began, network.Bench.Machine.EpochStartedAt);
        starts = [.. within.EpochStarts()];
        Assert.Equal([new Epoch(1), new Epoch(2), new Epoch(3)], starts.Select(start => start.Epoch));
        Assert.All(starts, start => Assert.Equal(began, start.Timestamp));
    }

    private static CertifiedCheckpoint At(ServedNetwork network, OrderingResult result)
    {
        var header = new Header(
            result.Result.Epoch, new Slot(1), result.Height, Slot.Zero, default, result.Timestamp, HeaderFlags.None, Payload.Empty.Commitment, []);
        var offer = new CheckpointOffer(network.Committee.Certify(result.Result), [new Block(header, Payload.Empty)], new PieceList(1, [default]));
        return new CertifiedCheckpoint(offer, null!, network.Bench.Machine)
        {
            HandOvers = network.Ledger.HandOvers(Epoch.Zero, (int)result.Result.Epoch.Value),
        };
    }

    private StateSyncActor NewActor(IFileLayer? files = null) => new(
        new StateSyncOptions { AheadHeights = 10 }, Genesis.Genesis, Genesis.NewEpochs(), _served.Ledger, new CheckpointFolder("/data", files ?? _files),
        () => Height.Zero, (to, message) => _sent.Enqueue((to, message)), _led.Enqueue, _ => { }, NullLogger.Instance);

    private static CheckpointOffer Offer()
    {
        var header = new Header(
            new Epoch(2), new Slot(9), new Height(900), new Slot(8), Sha.Of([1]), new TimestampMs(9), HeaderFlags.None, Payload.Empty.Commitment, []);
        var result = new BlockResult(header.Epoch, header.Height, header.Hash, Sha.Of([2]), Sha.Of([3]), Hash32.Zero, Sha.Of([4]), Hash32.Zero);
        return new CheckpointOffer(Epochs.Certify(result), [new Block(header, Payload.Empty)], new PieceList(9, [Sha.Of([5])]));
    }

    private static HandOverResponse Answer(ulong from, params byte[][] items) =>
        new(new Epoch(from), [.. items.Select(item => (ReadOnlyMemory<byte>)item)]);

    private Task UntilAskedAsync(ushort peer, ulong from) => TestNetwork.UntilAsync(
        $"peer {peer} is asked for hand-overs from epoch {from} on",
        () => Task.FromResult(_sent.Any(sent => sent.To.Value == peer && sent.Message is HandOverRequest asked && asked.From.Value == from)));

    private static async Task TellAsync(StateSyncActor actor, SyncMessage message) => await actor.TellAsync(message, CancellationToken.None);

    private static Task SayAsync(StateSyncActor actor, ushort peer, PeerMessage message) =>
        TellAsync(actor, new SyncMessage.PeerSaid(new PeerId(peer), message));
}

using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;
using CertificateRequest = SharedSeq.Consensus.CertificateRequest;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Operators 1 to 3 of four, which are a quorum of their own; seat 0 and its keys are left to the tests.</summary>
public sealed class ThreeOfFour : IAsyncLifetime
{
    internal TestNetwork Network { get; } = TestNetwork.Create(4);

    public async Task InitializeAsync()
    {
        for (int i = 1; i < 4; i++) await Network.StartAsync(i);
        for (int i = 0; i < 3; i++) await Network[i].ReadyAsync();
    }

    public async Task DisposeAsync() => await Network.DisposeAsync();
}

/// <summary>What a peer must not get through with: it is refused and counted at the operator it speaks to, and the others go on committing.</summary>
[Collection("nodes")]
public sealed class BadPeerTests(ThreeOfFour three) : IClassFixture<ThreeOfFour>
{
    private TestNode Victim => three.Network[0];

    [Fact]
    public async Task A_key_that_is_not_registered_is_refused()
    {
        using P256PrivateKey stranger = P256PrivateKey.Create();
        await using HostilePeer attacker = PeerAttacker.Start(three.Network, certificate: stranger.CreateSelfSignedCertificate("stranger"));
        await CountedAsync(SessionEnd.UnregisteredKey, () => { });
    }

    [Theory]
    [InlineData(SessionEnd.WrongVersion)]
    [InlineData(SessionEnd.WrongGenesis)]
    public async Task A_peer_of_another_version_or_network_is_refused_on_both_sides(SessionEnd reason)
    {
        await using HostilePeer attacker = PeerAttacker.Start(three.Network, options => reason == SessionEnd.WrongVersion
            ? options with { Version = new ProtocolVersion(2) }
            : options with { Genesis = Sha.Of("another network"u8) });
        await CountedAsync(reason, () => { });
        await TestNetwork.UntilAsync($"the peer is told {reason}", () => Task.FromResult(attacker.Ends.ContainsKey(reason)));
    }

    [Theory]
    [InlineData(PeerChannel.Control)]
    [InlineData(PeerChannel.Bulk)]
    public async Task Garbage_frames_end_the_session_of_a_registered_peer(PeerChannel channel)
    {
        await using HostilePeer attacker = PeerAttacker.Start(three.Network);
        byte[][] garbage = [[0], [99, 1, 2, 3], [(byte)MessageKind.Vote], [.. Enumerable.Repeat((byte)0xff, 5_000)]];
        int next = 0;
        await CountedAsync(SessionEnd.TooManyBadFrames, () => attacker.Send(channel, writer => writer.Raw(garbage[next++ % garbage.Length])));
        await RefusedAsync(nameof(DecodeRejection.UnknownValue));
        await RefusedAsync(nameof(DecodeRejection.Truncated));
    }

    [Theory]
    [InlineData(PeerChannel.Control, (1024 * 1024) + 1)]
    [InlineData(PeerChannel.Bulk, (2 * 1024 * 1024) + (256 * 1024) + 1)]
    public async Task An_oversized_frame_ends_the_session_before_it_is_read(PeerChannel channel, int bytes)
    {
        await using HostilePeer attacker = PeerAttacker.Start(three.Network);
        byte[] frame = new byte[bytes];
        await CountedAsync(SessionEnd.OversizedFrame, () => attacker.Send(channel, writer => writer.Raw(frame)));
    }

    [Fact]
    public async Task Votes_for_slots_that_can_not_be_are_dropped_and_counted()
    {
        await using HostilePeer attacker = PeerAttacker.Start(three.Network);
        const string OutOfWindow = "sharedseq_votes_out_of_window_total";
        double before = await Victim.MetricAsync(OutOfWindow);
        var value = new BlockId(new Height(5), Sha.Of("no block"u8));
        await TestNetwork.UntilAsync("votes far ahead are counted", async () =>
        {
            foreach (ulong slot in (ulong[])[ulong.MaxValue, ulong.MaxValue - 64, 1_000_000_000])
            {
                attacker.Send(attacker.Signer.Vote(new Slot(slot), VoteKind.First, value).Value);
                attacker.Send(attacker.Signer.Vote(new Slot(slot), VoteKind.Final, value).Value);
            }

            return await Victim.MetricAsync(OutOfWindow) >= before + 6;
        });

        // Slot 0 is genesis: not even the bytes of such a vote are read. A vote in another's name does not verify.
        Vote honest = attacker.Signer.Vote(new Slot(1_000_000_000), VoteKind.First, value).Value;
        await RefusedAsync(nameof(DecodeRejection.Malformed), () => attacker.Send(
            new Vote(honest.Epoch, Slot.Zero, VoteKind.First, value, honest.Voter, honest.Signature)));
        await RefusedAsync(nameof(VerificationRejection.BadSignature), () => attacker.Send(
            new Vote(honest.Epoch, honest.Slot, VoteKind.First, value, new ReplicaId(2), honest.Signature)));
        await GoesOnAsync();
    }

    [Fact]
    public async Task Statements_and_requests_about_what_can_not_be_disturb_nobody()
    {
        await using HostilePeer attacker = await PeerAttacker.StartedAsync(three.Network);
        var end = new BlockId(new Height(ulong.MaxValue), Sha.Of("no block"u8));
        var lane = new LaneId(Epoch.Zero, new ReplicaId(1), 0);
        var tip = new LaneTip(lane, new BatchSeq(ulong.MaxValue), Sha.Of("no batch"u8));
        Verified<ResultVote> result = attacker.Signer.Result(new Height(ulong.MaxValue), Sha.Of("no result"u8));
        PeerMessage[] messages =
        [
            attacker.Signer.Status(new Slot(ulong.MaxValue), end, new Slot(ulong.MaxValue)),
            attacker.Signer.Status(new Slot(ulong.MaxValue), end, new Slot(1)),
            new CertificateRequest(Epoch.Zero, new Slot(ulong.MaxValue - 3), new Slot(ulong.MaxValue)),
            new CertificateRequest(Epoch.Zero, Slot.Zero, Slot.Zero),
            new BlockRequest(Epoch.Zero, end, BlockRequest.MaxAncestors),
            new BatchRequest(new BatchSeq(ulong.MaxValue - 3), tip),
            attacker.Signer.Ack(tip, new Height(ulong.MaxValue)).Value,
            new ResultRequest(new Height(ulong.MaxValue)),
            result.Value,
        ];
        foreach (PeerMessage message in messages)
        {
            string received = $"sharedseq_peer_messages_total{{kind=\"{message.Kind}\"}}";
            double before = await Victim.MetricAsync(received);
            attacker.Send(message);
            await Victim.UntilMetricAsync(received, before + 1);
        }

        await RefusedAsync(nameof(VerificationRejection.BadSignature), () => attacker.Send(
            new ResultVote(Epoch.Zero, new Height(ulong.MaxValue), Sha.Of("forged"u8), new ReplicaId(3), result.Value.Signature)));
        await GoesOnAsync();
    }

    [Fact]
    public async Task Requests_for_batches_without_end_are_answered_within_a_budget_and_counted()
    {
        await using HostilePeer attacker = await PeerAttacker.StartedAsync(three.Network);
        var request = new BatchRequest(new BatchSeq(7), new LaneTip(new LaneId(Epoch.Zero, new ReplicaId(1), 0), new BatchSeq(7), Sha.Of("no batch"u8)));
        await TestNetwork.UntilAsync("requests of peer 0 are left without an answer", async () =>
        {
            for (int i = 0; i < 2_000; i++) attacker.Send(request);
            return await Victim.MetricAsync("sharedseq_peer_requests_unserved_total{peer=\"0\",kind=\"BatchRequest\"}") > 0;
        });
        await GoesOnAsync();
    }

    /// <summary>Attacks until the victim has counted the end of a session, then looks whether the network goes on.</summary>
    private async Task CountedAsync(SessionEnd reason, Action attack)
    {
        string metric = $"sharedseq_session_ends_total{{reason=\"{reason}\"}}";
        double before = await Victim.MetricAsync(metric);
        await TestNetwork.UntilAsync($"the operator counts {reason}", async () =>
        {
            attack();
            return await Victim.MetricAsync(metric) > before;
        });
        await GoesOnAsync();
    }

    private Task RefusedAsync(string reason, Action? attack = null) => TestNetwork.UntilAsync($"frames of peer 0 are counted as {reason}", async () =>
    {
        attack?.Invoke();
        return await Victim.MetricAsync($"sharedseq_peer_refused_total{{peer=\"0\",reason=\"{reason}\"}}") > 0;
    });

    private async Task GoesOnAsync()
    {
        string id = await Victim.CommitAsync();
        for (int i = 0; i < 3; i++) await three.Network[i].UntilOrderedAsync(id);
    }
}

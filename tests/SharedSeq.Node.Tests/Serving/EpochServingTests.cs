using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>What operators serve of epochs, and clients that follow from one to the next trusting the genesis alone.</summary>
public sealed class EpochServingTests : IAsyncLifetime
{
    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 4, CheckpointInterval = 2, ReceiptDeadlineHeights = 100 };

    private readonly List<(Uri Operator, StreamFault Fault)> _left = [];
    private readonly List<ServedNetwork> _networks = [];
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (ServedNetwork network in _networks) await network.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Hand_overs_are_served_from_any_epoch_on_as_far_as_boundaries_are_certified()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch, isCertified: epoch < 2);
        CommitteeChain chain = new(network.Committee.Genesis, new P256Scheme());
        List<HandOver> served = await HandOversAsync(network, 0);
        Assert.Equal(2, served.Count);
        Assert.All(served, handOver => Assert.Equal(HandOverRejection.None, chain.TryExtend(handOver)));
        Assert.Equal(new Epoch(2), chain.Newest);
        Assert.Equal(served[1].Checkpoint, Assert.Single(await HandOversAsync(network, 1)).Checkpoint);
        Assert.Empty(await HandOversAsync(network, 2));
        Assert.Empty(await HandOversAsync(network, 77));
        JsonElement error = (await network.CallAsync("sharedseq_getHandOvers", ulong.MaxValue)).GetProperty("error");
        Assert.Equal("epoch", error.GetProperty("data").GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task A_ledger_that_begins_with_a_checkpoint_serves_the_hand_overs_before_it_and_pages_end_by_their_bounds()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 5; epoch++) await EpochAsync(network, epoch);
        IReadOnlyList<HandOver> led = network.Ledger.HandOvers(Epoch.Zero, 3);
        string folder = Directory.CreateTempSubdirectory("sharedseq-led-").FullName;
        try
        {
            await using var ledger = new NodeLedger(folder, network.Committee.Genesis, network.Runtime.Batches, NullLogger.Instance, error => throw error);
            ledger.Start();
            ledger.PutHandOvers(led);
            Assert.Equal(led.Select(item => item.Checkpoint), ledger.HandOvers(Epoch.Zero, 9).Select(item => item.Checkpoint));
            Assert.Equal(network.Ledger.HandOverPage(new Epoch(1), 2, int.MaxValue), ledger.HandOverPage(new Epoch(1), 9, int.MaxValue));

            // The first in any case, then what fits.
            int bytes = led[0].Encode().Length;
            Assert.Single(ledger.HandOverPage(Epoch.Zero, 9, 1));
            Assert.Equal(2, ledger.HandOverPage(Epoch.Zero, 9, (2 * bytes) + 1).Count);
            Assert.Equal(2, ledger.HandOverPage(Epoch.Zero, 2, int.MaxValue).Count);
            Assert.Empty(ledger.HandOverPage(new Epoch(3), 9, int.MaxValue));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_stream_goes_on_over_epochs_without_a_gap_and_checks_each_by_its_own_committee()
    {
        ServedNetwork network = Network();
        await EpochAsync(network, 0);
        var directory = new NetworkDirectory(network.Committee.Genesis, [await network.ServeAsync()]);
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(directory);
        await NextAsync(follower, 1);
        for (ulong epoch = 1; epoch < 4; epoch++)
        {
            await EpochAsync(network, epoch);
            await NextAsync(follower, epoch + 1);
        }

        Assert.Empty(_left);
        Assert.Equal(network.Bench.Machine.Epoch, directory.Of(new Epoch(3))!.Epoch);
    }

    [Fact]
    public async Task A_follower_that_comes_late_is_led_over_all_epochs_and_an_operator_whose_hand_overs_lie_costs_an_attempt()
    {
        ServedNetwork honest = Network(), lying = Network(), other = Network(seed: 1);
        foreach (ServedNetwork network in new[] { honest, lying, other })
        {
            for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch);
        }

        // Right blocks and proofs, but the way to their committee is another network's, or nonsense.
        lying.Methods["sharedseq_getHandOvers"] = other.Methods["sharedseq_getHandOvers"];
        var directory = new NetworkDirectory(honest.Committee.Genesis, [await lying.ServeAsync(), await honest.ServeAsync()]);
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(directory);
        for (ulong number = 1; number <= 3; number++) await NextAsync(follower, number);
        Assert.Empty(_left);
        lying.Methods["sharedseq_getHandOvers"] = _ => Task.FromResult<object?>(new { handOvers = new[] { "0x00" } });
        Assert.True(await new NetworkDirectory(honest.Committee.Genesis, directory.Operators).FollowAsync(new Epoch(2), _deadline.Token));
        lying.Methods["sharedseq_getHandOvers"] = _ => Task.FromResult<object?>(17);
        Assert.True(await new NetworkDirectory(honest.Committee.Genesis, directory.Operators).FollowAsync(new Epoch(2), _deadline.Token));
    }

    [Fact]
    public async Task Where_nobody_shows_the_way_to_an_epoch_its_blocks_are_not_believed()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 2; epoch++) await EpochAsync(network, epoch);
        network.Methods["sharedseq_getHandOvers"] = _ => Task.FromResult<object?>(new { handOvers = Array.Empty<string>() });
        var directory = new NetworkDirectory(network.Committee.Genesis, [await network.ServeAsync()]);
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(directory);
        await NextAsync(follower, 1);
        StreamException e = await Assert.ThrowsAsync<StreamException>(async () => await follower.MoveNextAsync());
        Assert.Equal(StreamFault.BadProof, e.Fault);
        Assert.Contains("committees are known up to epoch 0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_followed_along_finds_the_network_when_all_operators_it_began_with_have_left()
    {
        ServedNetwork first = Network(), second = Network();
        foreach (ServedNetwork network in new[] { first, second })
        {
            for (ulong epoch = 0; epoch < 2; epoch++) await EpochAsync(network, epoch);
        }

        Uri joined = await second.ServeAsync();
        object[] members = [new { rpc = "ftp://no" }, new { rpc = joined.ToString() }, new { rpc = 7 }, new { }, new { rpc = "http://more.than.seats" }];
        first.Methods["sharedseq_getCommittee"] = call => Task.FromResult<object?>(new { epoch = call.Number(0, "epoch"), members });
        var directory = new NetworkDirectory(first.Committee.Genesis, [await first.ServeAsync()]);
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(directory);
        await NextAsync(follower, 1);
        await NextAsync(follower, 2);
        Assert.Equal([joined], directory.Operators.Skip(1));
        await first.StopServingAsync();
        await EpochAsync(second, 2);
        await NextAsync(follower, 3);
        Assert.Equal(StreamFault.Unreachable, Assert.Single(_left).Fault);
        Assert.Equal(new Epoch(2), directory.Newest);
    }

    [Fact]
    public async Task Addresses_of_the_newest_members_are_asked_of_the_next_operator_when_one_names_none()
    {
        ServedNetwork odd = Network(), honest = Network();
        foreach (ServedNetwork network in new[] { odd, honest })
        {
            for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch);
        }

        var asked = new List<ulong>();
        object[] members = [new { rpc = "http://joined:1" }];
        odd.Methods["sharedseq_getCommittee"] = _ => Task.FromResult<object?>(new { members = 17 });
        honest.Methods["sharedseq_getCommittee"] = call =>
        {
            asked.Add(call.Number(0, "epoch"));
            return Task.FromResult<object?>(new { members });
        };
        var directory = new NetworkDirectory(honest.Committee.Genesis, [await odd.ServeAsync(), await honest.ServeAsync()]);
        Assert.True(await directory.FollowAsync(new Epoch(1), _deadline.Token));
        Assert.Equal([directory.Newest!.Value.Value], asked);
        Assert.Equal(new Uri("http://joined:1"), Assert.Single(directory.Operators.Skip(2)));
    }

    [Fact]
    public async Task An_operator_that_gives_little_at_a_time_does_not_hold_a_search_longer_than_it_may_take()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch);
        List<HandOver> all = await HandOversAsync(network, 0);
        var clock = new HandClock { Utc = DateTimeOffset.UtcNow };
        int asked = 0;
        network.Methods["sharedseq_getHandOvers"] = call =>
        {
            asked++;
            clock.Milliseconds += 16_000;
            string[] handOvers = ["0x" + Convert.ToHexStringLower(all[(int)call.Number(0, "from")].Encode())];
            return Task.FromResult<object?>(new { handOvers });
        };
        var directory = new NetworkDirectory(network.Committee.Genesis, [await network.ServeAsync()], clock: clock);
        Assert.False(await directory.FollowAsync(new Epoch(3), _deadline.Token));
        Assert.Equal((2, new Epoch(2)), (asked, directory.Newest!.Value));

        // What was found so far is where the next search begins.
        Assert.True(await directory.FollowAsync(new Epoch(3), _deadline.Token));
    }

    [Fact]
    public async Task A_proof_is_made_whole_for_who_has_the_genesis_alone()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch);
        using var client = new OperatorClient(await network.ServeAsync());
        for (ulong number = 1; number <= 3; number++)
        {
            byte[] whole = await client.GetWholeProofAsync("namespaceBlock", [5, number], _deadline.Token);
            Assert.True(ProofFile.TryRead(whole, out ProofFile? file, out _));
            Assert.Equal((number - 1, (int)number - 1), (file.Proof.Epoch.Value, file.HandOvers.Count));
            ProofVerdict verdict = network.Committee.Verifier.Verify(whole, out _);
            Assert.True(verdict.IsValid, verdict.ToString());
        }

        network.Methods["sharedseq_getHandOvers"] = _ => Task.FromResult<object?>(new { handOvers = Array.Empty<string>() });
        HttpRequestException e = await Assert.ThrowsAsync<HttpRequestException>(
            () => client.GetWholeProofAsync("namespaceBlock", [5, 3], _deadline.Token));
        Assert.Contains("leads from the genesis to epoch 0 only, the proof is of epoch 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_leads_on_whatever_one_operator_shows()
    {
        ServedNetwork network = Network();
        for (ulong epoch = 0; epoch < 3; epoch++) await EpochAsync(network, epoch);
        Hash32 checkpoint = (await HandOversAsync(network, 1))[0].Checkpoint;
        var trusted = new TrustedCheckpoint(new Epoch(1), checkpoint);

        // One that shows ways that begin elsewhere, without end, costs an attempt.
        ServedNetwork lying = Network();
        string elsewhere = "0x" + Convert.ToHexStringLower((await HandOversAsync(network, 0))[0].Encode());
        lying.Methods["sharedseq_getHandOvers"] = _ => Task.FromResult<object?>(new { handOvers = new[] { elsewhere } });
        var directory = new NetworkDirectory(network.Committee.Genesis, [await lying.ServeAsync(), await network.ServeAsync()], trusted);
        Assert.Null(directory.Newest);
        Assert.True(await directory.FollowAsync(new Epoch(3), _deadline.Token));
        Assert.Null(directory.Of(new Epoch(1)));
        Assert.NotNull(directory.Of(new Epoch(2)));
        Assert.False(await directory.FollowAsync(new Epoch(1), _deadline.Token));
    }

    [Fact]
    public async Task Nobody_is_asked_for_the_way_to_an_epoch_that_can_not_have_begun()
    {
        ServedNetwork network = Network();
        await EpochAsync(network, 0);
        byte[] honest = await network.ProofAsync("result", network.Bench.Machine.Height.Value);
        Assert.True(ProofFile.TryRead(honest, out ProofFile? file, out _));
        ResultCertificate certificate = ((ResultProof)file.Proof).Certificate;
        int asked = 0;
        network.Methods["sharedseq_getHandOvers"] = _ =>
        {
            asked++;
            return Task.FromResult<object?>(new { handOvers = Array.Empty<string>() });
        };
        var clock = new HandClock { Utc = DateTimeOffset.FromUnixTimeMilliseconds((long)network.Committee.Genesis.Timestamp.Value) };
        var directory = new NetworkDirectory(network.Committee.Genesis, [await network.ServeAsync()], clock: clock);

        // An hour of slack, with epochs of a second: 3,600 may have begun, whatever the own clock says.
        foreach ((ulong epoch, ProofFault fault) in new[]
        {
            (3_601UL, ProofFault.ImpossibleEpoch), (ulong.MaxValue, ProofFault.ImpossibleEpoch), (3_600UL, ProofFault.UnknownEpoch),
        })
        {
            asked = 0;
            var claimed = new ResultProof(new ResultCertificate(certificate.Result with { Epoch = new Epoch(epoch) }, [.. certificate.Signatures]));
            (ProofVerdict verdict, _) = await directory.VerifyAsync(ProofFile.For(network.Committee.Genesis, claimed).ToArray(), _deadline.Token);
            Assert.Equal(fault, verdict.Fault);
            Assert.Equal(fault == ProofFault.UnknownEpoch ? 1 : 0, asked);
        }

        Assert.False(new NetworkDirectory(new TestCommittee().Genesis, directory.Operators).IsPossible(new Epoch(1)));
    }

    private ServedNetwork Network(byte seed = 0)
    {
        var network = new ServedNetwork(new TestCommittee(Short, 4, 7, seed, Opaque(5)));
        _networks.Add(network);
        return network;
    }

    /// <summary>An epoch of five heights, the first with a transaction: it is long enough to end it, the last is the boundary.</summary>
    private static async Task EpochAsync(ServedNetwork network, ulong epoch, bool isCertified = true)
    {
        ulong at = 1_100 * (epoch + 1);
        OrderingResult last = await network.ApplyAsync(at, Tx(5, StartSecond + 30, (byte)epoch));
        for (ulong i = 1; i < 5; i++) last = await network.ApplyAsync(at + i);
        Assert.Equal((last.Height, new Epoch(epoch)), (network.Bench.Machine.Boundary, last.Result.Epoch));
        if (isCertified) network.Certify(last);
    }

    private static async Task<List<HandOver>> HandOversAsync(ServedNetwork network, ulong from)
    {
        JsonElement answer = (await network.CallAsync("sharedseq_getHandOvers", from)).GetProperty("result");
        return [.. answer.GetProperty("handOvers").EnumerateArray().Select(item => HandOver.Decode(Convert.FromHexString(item.GetString()!.AsSpan(2))))];
    }

    private IAsyncEnumerator<FollowedBlock> Follow(NetworkDirectory directory)
    {
        var stream = new NamespaceStream(directory, new NamespaceId(5))
        {
            SilenceMs = 60_000,
            OperatorLeft = (rpc, why) => _left.Add((rpc, why.Fault)),
        };
        return stream.FollowAsync(1, _deadline.Token).GetAsyncEnumerator(_deadline.Token);
    }

    private static async Task NextAsync(IAsyncEnumerator<FollowedBlock> follower, ulong number)
    {
        Assert.True(await follower.MoveNextAsync(), $"block {number} comes");
        Assert.Equal(number, follower.Current.Block.Number);
    }
}

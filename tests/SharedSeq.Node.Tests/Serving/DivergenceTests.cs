using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;
using SharedSeq.Node.Tests.Actors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>An operator whose results differ from the certified ones serves what was certified, and says so of the rest.</summary>
public sealed class DivergenceTests : IAsyncLifetime
{
    private static readonly ulong Soon = StartSecond + 30;
    private readonly ServedNetwork _network = new(Opaque(5));
    private readonly TestTransaction _before = Tx(5, Soon, 1), _after = Tx(5, Soon, 2), _rejected = Tx(66, Soon, 3);
    private OrderingResult _agreed = null!;
    private OrderingResult _wrong = null!;

    public async Task InitializeAsync()
    {
        await _network.ApplyAsync(10, _before);
        _agreed = await _network.ApplyAsync(60);
        _network.Certify(_agreed);
        await _network.ApplyAsync(70, _after, _rejected);
        _wrong = await _network.ApplyAsync(120);
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task Answers_about_heights_above_the_agreed_one_are_refused_and_those_below_are_given()
    {
        object[][] affected =
        [
            ["sharedseq_getNamespaceBlock", 5UL, 2UL], ["sharedseq_getNamespaceBlock", 5UL, 3UL], ["sharedseq_getHead", 5UL],
            ["sharedseq_getTransaction", _after.Id.ToString()], ["sharedseq_getTransaction", _rejected.Id.ToString()],
            ["sharedseq_getTransaction", Hash32.Zero.ToString()], ["sharedseq_getResult", _wrong.Height.Value],
            ["sharedseq_getProof", "transaction", _after.Id.ToString()], ["sharedseq_getProof", "rejection", _rejected.Id.ToString()],
            ["sharedseq_getProof", "namespaceBlock", 5UL, 2UL],
        ];
        object[][] unaffected =
        [
            ["sharedseq_getNamespaceBlock", 5UL, 1UL], ["sharedseq_getTransaction", _before.Id.ToString()],
            ["sharedseq_getResult", _agreed.Height.Value], ["sharedseq_getProof", "transaction", _before.Id.ToString()],
            ["sharedseq_getProof", "result", _agreed.Height.Value],
        ];
        _network.Diverge(_agreed, _wrong);
        foreach (object[] call in affected)
        {
            JsonElement answer = await _network.CallAsync((string)call[0], call[1..]);
            Assert.True(answer.TryGetProperty("error", out JsonElement error), $"{string.Join(' ', call)}: {answer}");
            Assert.Equal(RpcError.Diverged.Code, error.GetProperty("code").GetInt32());
            Assert.Equal(_agreed.Height.Value, error.GetProperty("data").GetProperty("agreed").GetUInt64());
        }

        foreach (object[] call in unaffected)
        {
            JsonElement answer = await _network.CallAsync((string)call[0], call[1..]);
            Assert.True(answer.TryGetProperty("result", out _), $"{string.Join(' ', call)}: {answer}");
        }
    }

    [Fact]
    public async Task A_stream_gives_what_was_certified_and_ends_with_the_reason()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var stream = new NamespaceStream(_network.Committee.Genesis, new NamespaceId(5), [await _network.ServeAsync()]);
        await using IAsyncEnumerator<FollowedBlock> follower = stream.FollowAsync(1, deadline.Token).GetAsyncEnumerator(deadline.Token);
        _network.Diverge(_agreed, _wrong);

        Assert.True(await follower.MoveNextAsync());
        Assert.Equal(1UL, follower.Current.Block.Number);
        StreamException e = await Assert.ThrowsAsync<StreamException>(async () => await follower.MoveNextAsync());

        Assert.Equal(StreamFault.Refused, e.Fault);
        Assert.Contains("diverged", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subscriber_that_waits_for_the_next_block_is_told()
    {
        NamespaceFeed feed = _network.Feeds.Of(new NamespaceId(5));
        Task waiting = feed.WaitAsync(3, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        _network.Diverge(_agreed, _wrong);
        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(FeedRejection.Diverged, feed.TryRead(3, out _));
        Assert.Equal(FeedRejection.Diverged, feed.TryRead(2, out _));
        Assert.Equal(FeedRejection.None, feed.TryRead(1, out _));
    }

    [Fact]
    public void The_node_is_not_ready_and_says_why()
    {
        var health = new HealthEndpoints(_network.Runtime);
        Assert.DoesNotContain(health.Reasons(), r => r.StartsWith("diverged", StringComparison.Ordinal));
        _network.Diverge(_agreed, _wrong);
        string reason = Assert.Single(health.Reasons(), r => r.StartsWith("diverged", StringComparison.Ordinal));
        Assert.Contains($"above height {_agreed.Height}", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_votes_and_certificates_that_do_not_verify_are_counted_against_who_sent_them()
    {
        var committee = new TestCommittee(4, 7, 0, Opaque(5));
        var bench = new OrderingBench(committee.Genesis);
        var shell = new QuietShell();
        await using var ordering = new OrderingActor(
            new OrderingMachine(committee.Genesis, new P256Scheme()), bench, committee.NewResults(), shell, [],
            NullLogger.Instance, e => throw e);
        BlockResult result = new OrderingMachine(committee.Genesis, new P256Scheme()).Apply(bench.Height(Start + 60, [Tx(5, Soon, 1)]), bench).Result;
        ResultVote vote = committee.Vote(1, result).Value;
        ResultCertificate certificate = committee.Certify(result, 1, 2, 3);
        ordering.TryTell(new OrderingMessage.PeerSaid(new PeerId(1), vote));
        ordering.TryTell(new OrderingMessage.PeerSaid(
            new PeerId(2), new ResultVote(vote.Epoch, vote.Height, vote.ResultHash, new ReplicaId(2), vote.Signature)));
        ordering.TryTell(new OrderingMessage.PeerSaid(
            new PeerId(3), new ResultResponse(new ResultCertificate(result with { EffectsRoot = Sha.Of([9]) }, certificate.Signatures.ToArray()))));
        ordering.Start();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (shell.Unverified.Count < 2)
        {
            Assert.False(deadline.IsCancellationRequested, "both that do not verify are told");
            await Task.Yield();
        }

        Assert.Equal([2, 3], shell.Unverified.Select(item => (int)item.From.Value));
    }

    [Fact]
    public async Task A_certified_result_that_differs_halts_the_followers_stops_snapshots_and_leaves_its_mark_on_disk()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-diverged-").FullName;
        try
        {
            var committee = new TestCommittee(4, 7, 0, Opaque(5));
            var bench = new OrderingBench(committee.Genesis);
            var progress = new NodeProgress();
            var file = new DivergenceFile(folder);
            var shell = new QuietShell();
            await using var ordering = new OrderingActor(
                new OrderingMachine(committee.Genesis, new P256Scheme()), bench, committee.NewResults(), shell,
                [new ProgressFollower(progress, file)], NullLogger.Instance, e => throw e);
            CommittedBlock block = bench.Height(Start + 60, [Tx(5, Soon, 1)]);
            BlockResult right = new OrderingMachine(committee.Genesis, new P256Scheme()).Apply(block, bench).Result;
            ResultCertificate other = committee.Certify(right with { EffectsRoot = Sha.Of([9]) }, 1, 2, 3);
            ordering.TryTell(new OrderingMessage.Delivered(block));
            ordering.TryTell(new OrderingMessage.PeerSaid(new PeerId(1), new ResultResponse(other)));
            ordering.Start();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (progress.Divergence is null || file.Read() is null)
            {
                Assert.False(deadline.IsCancellationRequested, "the divergence is found and marked");
                await Task.Yield();
            }

            Assert.Equal((Height.Zero, right), (progress.Divergence.Agreed, progress.Divergence.Own));
            Divergence kept = file.Read()!;
            Assert.Equal((right, other.Result), (kept.Own, kept.Certificate!.Result));

            // The next checkpoints are no state to start from.
            ulong last = committee.Genesis.Policy.CheckpointInterval;
            for (ulong i = 1; i <= last; i++) ordering.TryTell(new OrderingMessage.Delivered(bench.Height(Start + 60 + i)));
            while (progress.Ordered.Value <= last)
            {
                Assert.False(deadline.IsCancellationRequested, "the checkpoint is applied");
                await Task.Yield();
            }

            Assert.Equal(0, shell.Snapshots);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_mark_outlives_a_power_cut_and_one_that_could_not_be_written_leaves_nothing()
    {
        BlockResult own = new OrderingBench(null, Opaque(5)).Apply(60).Result;
        var divergence = new Divergence(new Height(3), own, Sha.Of([1]), null);
        for (ulong seed = 0; seed < 20; seed++)
        {
            var disk = new SimulatedFileLayer();
            disk.CreateFolder("/data");
            new DivergenceFile("/data", disk).Write(divergence);
            disk = disk.Crash(new Prng(seed));
            Assert.Equal(divergence, new DivergenceFile("/data", disk).Read());
            new DivergenceFile("/data", disk).Delete();
            Assert.Null(new DivergenceFile("/data", disk.Crash(new Prng(seed))).Read());
        }

        var failing = new SimulatedFileLayer();
        failing.CreateFolder("/data");
        var faults = new StorageFaults();
        var file = new DivergenceFile("/data", new FaultyFileLayer(failing, faults));
        faults.FailSyncs(1);
        Assert.Throws<StorageException>(() => file.Write(divergence));
        Assert.Empty(failing.Names("/data"));
    }

    [Fact]
    public void A_mark_that_can_not_be_read_refuses_the_start()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-diverged-").FullName;
        try
        {
            var file = new DivergenceFile(folder);
            Assert.Null(file.Read());
            File.WriteAllBytes(file.FilePath, [1, 2, 3]);
            Assert.Contains("store rebuild", Assert.Throws<ConfigurationException>(file.Read).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Counts snapshots; sends nothing.</summary>
    private sealed class QuietShell : IOrderingShell
    {
        public int Snapshots { get; private set; }

        public ConcurrentQueue<(PeerId From, VerificationRejection Reason)> Unverified { get; } = new();

        public void Send(EpochPart epoch, ReplicaSet to, PeerMessage message)
        {
        }

        public void Answer(PeerId to, PeerMessage message)
        {
        }

        public void AppendResultVote(ResultVote vote)
        {
        }

        public void OnEvidence(Evidence evidence)
        {
        }

        public void OnUnverified(PeerId from, VerificationRejection reason) => Unverified.Enqueue((from, reason));

        public void OnApplied(Height height)
        {
        }

        public void OnBoundaryKnown(Epoch epoch, Height boundary)
        {
        }

        public EpochPart OnEpochEnds(EpochStart next) => throw new InvalidOperationException("this network has one epoch");

        public void OnCheckpoint(OrderingSnapshot snapshot) => Snapshots++;
    }
}

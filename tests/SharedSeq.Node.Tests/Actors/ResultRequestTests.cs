using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Actors;

/// <summary>Whoever has no seat in an epoch gets its results by asking: who left, who is to join, and who joined after it.</summary>
public sealed class ResultRequestTests
{
    private static readonly Policy Terms = new() { EpochSeconds = 1, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 30 };
    private readonly TestCommittee _committee = new(Terms);
    private readonly RecordingShell _shell = new();

    [Theory]
    [InlineData(3, 90, 100)]
    [InlineData(3, 101, 130)]
    [InlineData(1, 101, 130)]
    [InlineData(9, 101, 130)]
    [InlineData(9, 90, 100)]
    public async Task A_request_is_answered_with_the_boundary_first_and_then_with_what_is_newest(ushort from, ulong atOrAbove, ulong answered)
    {
        await using OrderingActor ordering = Create();
        ordering.TryTell(new OrderingMessage.PeerSaid(new PeerId(from), new ResultRequest(new Height(atOrAbove))));
        ordering.Start();
        Assert.Equal(new Height(answered), (await FirstAsync()).Result.Height);
    }

    [Fact]
    public async Task An_observer_is_answered_a_few_times_only_between_two_ticks()
    {
        await using OrderingActor ordering = Create();
        for (int i = 0; i < 50; i++) ordering.TryTell(new OrderingMessage.PeerSaid(new PeerId(9), new ResultRequest(new Height(101))));
        ordering.TryTell(new OrderingMessage.PeerSaid(new PeerId(8), new ResultRequest(new Height(101))));
        ordering.Start();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (_shell.Answers.All(item => item.To != new PeerId(8)))
        {
            Assert.False(deadline.IsCancellationRequested, "the last one is answered");
            await Task.Yield();
        }

        // A tick may fall in between.
        Assert.InRange(_shell.Answers.Count(item => item.To == new PeerId(9)), 1, 2 * ResultCollector.AnswersPerTick);
    }

    /// <summary>In epoch 1, which began behind height 100; the fourth member of genesis has left with it.</summary>
    private OrderingActor Create()
    {
        NodeEpochs epochs = _committee.NewEpochs();
        var results = new EpochResults(epochs, _ => _committee[0]);
        results.Begin(epochs.Present);
        CommitteeMember joined = new(new(Sha.Of([9, 1]), default), new(Sha.Of([9, 2]), default));
        var plan = new CommitteePlan(new Epoch(1), _committee.Genesis.Quorum, [.. _committee.Genesis.Members.Take(3), joined]);
        results.Begin(epochs.Add(new EpochStart(new BlockId(new Height(100), Sha.Of([100])), _committee.Genesis.Timestamp, plan)));
        BlockResult result = new OrderingBench(_committee.Genesis).Apply(60).Result;
        results.All[0].Collector.Recover(new ResultCertificate(result with { Height = new Height(100) }, []));
        results.All[1].Collector.Recover(new ResultCertificate(result with { Epoch = new Epoch(1), Height = new Height(130) }, []));
        return new OrderingActor(
            new OrderingMachine(_committee.Genesis, new P256Scheme()), new OrderingBench(_committee.Genesis), results, _shell, [], NullLogger.Instance,
            e => throw e);
    }

    private async Task<ResultCertificate> FirstAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (true)
        {
            if (_shell.Answers.TryPeek(out (PeerId To, PeerMessage Message) answer)) return ((ResultResponse)answer.Message).Certificate!;
            Assert.False(deadline.IsCancellationRequested, "the request is answered");
            await Task.Yield();
        }
    }

    private sealed class RecordingShell : IOrderingShell
    {
        public ConcurrentQueue<(PeerId To, PeerMessage Message)> Answers { get; } = new();

        public void Send(EpochPart epoch, ReplicaSet to, PeerMessage message)
        {
            // To one seat: an answer. Peers are numbered by their seats of genesis.
            if (message is not ResultResponse || to.Count != 1) return;
            foreach (ReplicaId seat in to) Answers.Enqueue((new PeerId(seat.Value), message));
        }

        public void Answer(PeerId to, PeerMessage message) => Answers.Enqueue((to, message));

        public void AppendResultVote(ResultVote vote)
        {
        }

        public void OnEvidence(Evidence evidence)
        {
        }

        public void OnUnverified(PeerId from, VerificationRejection reason)
        {
        }

        public void OnApplied(Height height)
        {
        }

        public void OnBoundaryKnown(Epoch epoch, Height boundary)
        {
        }

        public EpochPart OnEpochEnds(EpochStart next) => throw new InvalidOperationException("no epoch ends here");

        public void OnCheckpoint(OrderingSnapshot snapshot)
        {
        }
    }
}

using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Actors;

/// <summary>Heights between the replica and ordering are bounded: a replica whose ordering stands still hands on no more, and goes on when it does.</summary>
public sealed class OrderingLagTests
{
    private const int Heights = 3_500;

    /// <summary>Heights the core hands on ahead of what is archived (ConsensusLimits.OrderAhead).</summary>
    private const int OrderAhead = 1_024;

    private readonly TestCommittee _committee = new();

    [Fact]
    public async Task A_replica_hands_on_two_thousand_heights_ahead_of_ordering_and_the_rest_as_ordering_goes_on()
    {
        var shell = new CountingShell();
        var actor = new ReplicaActor(NewReplica(), _ => _committee[0], shell, TimeProvider.System, shell.OnFatal);
        await using (actor)
        {
            actor.OnVotesDurable(long.MaxValue);
            actor.OnBatchesDurable(long.MaxValue);
            actor.OnOrdered(Height.Zero);
            actor.Start();
            Block[] chain = Chain();
            var verifier = new MessageVerifier(_committee.Genesis.Domain, _committee.Genesis.Committee, new P256Scheme());
            CommitProof proof = _committee.Commit(chain[0].Header, CommitPath.Slow, 0, 1, 2);
            Assert.Equal(VerificationRejection.None, verifier.TryVerify(proof, out Verified<CommitProof> verified));
            var peer = new ReplicaId(1);
            actor.TryTell(ReplicaMessage.Of(new ReplicaInput.CommitProofReceived(peer, verified)));
            actor.TryTell(ReplicaMessage.Of(new ReplicaInput.BlocksReceived(peer, new BlockResponse(chain))));

            const int AtMost = ReplicaActor.OrderingLagMax + OrderAhead;
            await shell.UntilAsync($"{AtMost} heights are handed on", () => shell.Delivered >= AtMost);
            int passes = shell.Passes;
            actor.TryTell(ReplicaMessage.Of(new ReplicaInput.Tick()));
            await shell.UntilAsync("the replica looked again", () => shell.Passes > passes);
            Assert.Equal(AtMost, shell.Delivered);

            actor.OnOrdered(new Height(500));
            await shell.UntilAsync("500 more are handed on", () => shell.Delivered >= AtMost + 500);
            Assert.Equal(AtMost + 500, shell.Delivered);
            actor.OnOrdered(new Height(AtMost));
            await shell.UntilAsync("all heights are handed on", () => shell.Delivered == Heights);
        }
    }

    private Epochs NewReplica() => _committee.NewReplica(new ReplicaOptions { SlotTimeoutMs = 60_000, HeartbeatMs = 60_000 }, []);

    /// <summary>Blocks without content, newest first.</summary>
    private Block[] Chain()
    {
        var blocks = new Block[Heights];
        Hash32 parent = _committee.Genesis.Hash;
        for (ulong i = 1; i <= Heights; i++)
        {
            var header = new Header(
                Epoch.Zero, new Slot(i), new Height(i), new Slot(i - 1), parent, default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
            blocks[Heights - (int)i] = new Block(header, Payload.Empty);
            parent = header.Hash;
        }

        return blocks;
    }

    private sealed class CountingShell : QuietReplicaShell
    {
        private readonly Lock _gate = new();
        private Exception? _failure;
        private int _delivered;
        private int _passes;

        public int Delivered => Volatile.Read(ref _delivered);

        public int Passes => Volatile.Read(ref _passes);

        public async Task UntilAsync(string what, Func<bool> holds)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!holds())
            {
                lock (_gate) Assert.Null(_failure);
                Assert.False(deadline.IsCancellationRequested, $"did not happen within 30 s: {what}; {Delivered} heights are handed on");
                await Task.Yield();
            }
        }

        public void OnFatal(Exception failure)
        {
            lock (_gate) _failure = failure;
        }

        public override void OnDelivered(CommittedBlock block) => Interlocked.Increment(ref _delivered);

        public override void OnProgress(Replica replica) => Interlocked.Increment(ref _passes);
    }
}

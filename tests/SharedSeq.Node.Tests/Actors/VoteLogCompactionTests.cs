using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Actors;

/// <summary>A disk so slow that some vote is always under way: the vote log is compacted all the same, and forgets none.</summary>
public sealed class VoteLogCompactionTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-compaction-").FullName;
    private readonly TestCommittee _committee = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_vote_that_is_not_durable_yet_is_in_what_the_log_is_compacted_to()
    {
        var shell = new SlowShell();
        var actor = new ReplicaActor(NewReplica([]), _ => _committee[0], shell, TimeProvider.System, shell.Failed.SetException);
        await using (actor)
        {
            actor.Start();
            Task first = await Task.WhenAny(shell.Compacted.Task, shell.Failed.Task).WaitAsync(Deadline);
            await first;
        }

        DurableRecord[] kept = await shell.Compacted.Task;
        using (NodeLogs logs = OpenLogs())
        {
            DurableRecord filler = new DurableRecord.OwnProposal(new Proposal(Filler(), default, [], Justification.None));
            for (int i = 0; i < 2_000; i++) logs.AppendVote(filler);
            foreach (DurableRecord record in kept) logs.AppendVote(record);
            Epochs busy = NewReplica([]);
            var effects = new List<ReplicaEffect>();
            busy.Start(new CoreTime(0, OrderingBench.Start), effects);
            busy.Step(new ReplicaInput.Tick(), Epoch.Zero, new CoreTime(1_000, OrderingBench.Start + 1_000), effects);
            Assert.False(busy.CanSnapshot);
            logs.CompactVotes(busy, kept);
        }

        IReadOnlyList<DurableRecord> recovered;
        using (NodeLogs logs = OpenLogs())
            recovered = logs.Recover(_committee.Genesis, out _).VoteLog;
        Assert.True(recovered.Count < 10, $"{recovered.Count} records are left after a compaction");
        Epochs restarted = NewReplica(recovered);
        var sent = new List<ReplicaEffect>();
        restarted.Start(new CoreTime(0, OrderingBench.Start), sent);
        restarted.Step(new ReplicaInput.Tick(), Epoch.Zero, new CoreTime(10_000, OrderingBench.Start + 10_000), sent);
        Assert.DoesNotContain(sent, effect => effect is ReplicaEffect.CastVote { Slot.Value: 1 });
        Assert.Contains(sent, effect => effect is ReplicaEffect.Send { Message: Vote { Slot.Value: 1, VoteKind: VoteKind.First, Value.IsSkip: true } });
    }

    [Fact]
    public void A_log_that_can_not_be_compacted_says_why_and_is_not_tried_again_at_every_step()
    {
        using NodeLogs logs = OpenLogs();
        DurableRecord filler = new DurableRecord.OwnProposal(new Proposal(Filler(), default, [], Justification.None));
        Epochs replica = NewReplica([]);
        replica.Start(new CoreTime(0, OrderingBench.Start), []);
        DurableRecord[] tooMany = [.. Enumerable.Repeat(filler, 2_000)];
        void Fill()
        {
            for (int i = 0; i < 1_000; i++) logs.AppendVote(filler);
        }

        Fill();
        Assert.Equal(StorageRejection.RecordTooLarge, logs.CompactVotes(replica, tooMany));
        Assert.Equal(StorageRejection.None, logs.CompactVotes(replica, tooMany));
        Fill();
        Assert.Equal(StorageRejection.RecordTooLarge, logs.CompactVotes(replica, tooMany));
        Fill();
        Assert.Equal(StorageRejection.None, logs.CompactVotes(replica, []));
    }

    private Epochs NewReplica(IReadOnlyList<DurableRecord> log) =>
        _committee.NewReplica(new ReplicaOptions { SlotTimeoutMs = 40, HeartbeatMs = 10_000 }, log);

    private Block Filler()
    {
        var header = new Header(
            Epoch.Zero, new Slot(900), new Height(900), new Slot(899), _committee.Genesis.Hash, default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
        return new Block(header, Payload.Empty);
    }

    private NodeLogs OpenLogs() => new(
        new NodeConfiguration
        {
            DataDir = _folder,
            Storage = new StorageSection { VoteSegmentBytes = 256 * 1024, BatchSegmentBytes = 4 * 1024 * 1024, RetentionBytes = 64L * 1024 * 1024 },
        },
        e => throw e);

    private sealed class SlowShell : QuietReplicaShell
    {
        public TaskCompletionSource<DurableRecord[]> Compacted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void CompactVoteLog(Epochs epochs, IReadOnlyCollection<DurableRecord> casts)
        {
            if (casts.Any(record => record is DurableRecord.OwnVote { Vote.Slot.Value: 1 })) Compacted.TrySetResult([.. epochs.Snapshot(), .. casts]);
        }
    }
}

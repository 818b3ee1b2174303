using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

public sealed class NodeLogsTests
{
    [Fact]
    public void A_vote_guard_that_can_not_be_written_is_reported_counted_and_no_vote_follows()
    {
        const string Guard = "/elsewhere/votes.guard";
        StorageFaults faults = new() { PathContains = Guard };
        DurableWatch watch = new(), votes = new();
        NodeConfiguration configuration = new() { DataDir = "/data", Replica = new ReplicaSection { VoteGuardFile = Guard } };
        using NodeLogs logs = new(configuration, watch.OnFailed, new FaultyFileLayer(new SimulatedFileLayer(), faults));
        logs.Subscribe(votes.OnDurable, _ => { });
        faults.FailSyncs(1);

        logs.AppendVote(VoteIn(1));

        Assert.Equal(StorageRejection.GuardNotWritten, watch.WaitForFailure().Reason);
        Assert.Equal(1, logs.GuardFailures);
        Assert.Equal(StorageRejection.GuardNotWritten, Assert.Throws<StorageException>(() => logs.AppendVote(VoteIn(2))).Reason);
    }

    [Fact]
    public void A_log_whose_retention_is_used_up_refuses_with_what_to_do()
    {
        NodeConfiguration configuration = new()
        {
            DataDir = "/data",
            Storage = new StorageSection { BatchSegmentBytes = 4 * 1024 * 1024, RetentionBytes = 8 * 1024 * 1024 },
        };
        using NodeLogs logs = new(configuration, new DurableWatch().OnFailed, new SimulatedFileLayer());
        byte[] note = new byte[64 * 1024];
        StorageException full = Assert.Throws<StorageException>(() =>
        {
            for (int i = 0; i < 1_000_000; i++) logs.AppendNote(LedgerNote.Proof, new Height(1), note);
        });

        Assert.Equal(StorageRejection.LogFull, full.Reason);
        Assert.Contains("storage.retentionBytes", full.Message, StringComparison.Ordinal);
        Assert.Contains("sharedseq store rebuild", full.Message, StringComparison.Ordinal);
    }

    private static DurableRecord.OwnVote VoteIn(ulong slot)
    {
        TestCommittee committee = new();
        return new DurableRecord.OwnVote(committee[0].Vote(new Slot(slot), VoteKind.First, new BlockId(new Height(1), Sha.Of([1]))).Value);
    }
}

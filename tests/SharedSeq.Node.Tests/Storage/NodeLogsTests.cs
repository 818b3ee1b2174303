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
        using NodeLogs logs = new(configuration, new ReplicaId(0), watch.OnFailed, new FaultyFileLayer(new SimulatedFileLayer(), faults));
        logs.Subscribe(votes.OnDurable, _ => { });
        faults.FailSyncs(1);

        logs.AppendVote(VoteIn(1));

        Assert.Equal(StorageRejection.GuardNotWritten, watch.WaitForFailure().Reason);
        Assert.Equal(1, logs.GuardFailures);
        Assert.Equal(StorageRejection.GuardNotWritten, Assert.Throws<StorageException>(() => logs.AppendVote(VoteIn(2))).Reason);
    }

    private static DurableRecord.OwnVote VoteIn(ulong slot)
    {
        TestCommittee committee = new();
        return new DurableRecord.OwnVote(committee[0].Vote(new Slot(slot), VoteKind.First, new BlockId(new Height(1), Sha.Of([1]))).Value);
    }
}

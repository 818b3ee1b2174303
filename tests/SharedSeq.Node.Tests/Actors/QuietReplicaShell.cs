using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Actors;

/// <summary>A replica's surroundings that take everything and do nothing: logs only count positions, and nothing is ever synced by itself.</summary>
internal abstract class QuietReplicaShell : IReplicaShell
{
    private long _position;

    public long AppendVote(DurableRecord record) => ++_position;

    public long AppendBatch(Batch batch, bool isAckable) => ++_position;

    public long AppendBlock(CommittedBlock block) => ++_position;

    public void FlushVotes()
    {
    }

    public void FlushBatches()
    {
    }

    public virtual void CompactVoteLog(Epochs epochs, IReadOnlyCollection<DurableRecord> casts)
    {
    }

    public void Send(Epoch seats, ReplicaSet to, PeerMessage message)
    {
    }

    public void SendBatch(Epoch seats, ReplicaSet to, LaneTip tip)
    {
    }

    public void ServeBlocks(Epoch seats, ReplicaId to, BlockRequest request)
    {
    }

    public void Answer(ulong peer, PeerMessage message)
    {
    }

    public void AnswerBlocks(ulong peer, BlockRequest request)
    {
    }

    public void OnEpochEntered(Epochs epochs, IReadOnlyList<HeldMessage> held)
    {
    }

    public void OnBatchesLeft(IReadOnlyList<LaneTip> batches)
    {
    }

    public void OnOwnBatchCertified(ProofOfAvailability proof)
    {
    }

    public virtual void OnDelivered(CommittedBlock block)
    {
    }

    public void OnEvidence(Evidence evidence)
    {
    }

    public void OnAlarm(AlarmKind kind, string message)
    {
    }

    public virtual void OnProgress(Replica replica)
    {
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What the replica's actor needs of its surroundings to carry out effects; the node's parts, or recording ones in tests.</summary>
public interface IReplicaShell
{
    /// <summary>Appends to the vote log; returns the position to wait for. The sync comes upon a flush, or a little later by itself.</summary>
    long AppendVote(DurableRecord record);

    /// <summary>Appends a batch to the batch log; returns the position to wait for, as above.</summary>
    long AppendBatch(Batch batch, bool isAckable);

    /// <summary>Appends a delivered block to the archive; returns the position of the batch log to wait for, as above.</summary>
    long AppendBlock(CommittedBlock block);

    /// <summary>Something waits for what was appended to the vote log: it is to be synced now.</summary>
    void FlushVotes();

    /// <summary>The same for the batch log.</summary>
    void FlushBatches();

    /// <summary>Replaces the vote log's old records by the replica's snapshot when its segment is full enough; does nothing otherwise.</summary>
    /// <param name="epochs">Whose records.</param>
    /// <param name="casts">Own votes and proposals appended and not confirmed durable: they belong behind the snapshot, which lacks them.</param>
    void CompactVoteLog(Epochs epochs, IReadOnlyCollection<DurableRecord> casts);

    /// <summary>Sends to those that have these seats in an epoch, a present or an ended one.</summary>
    void Send(Epoch seats, ReplicaSet to, PeerMessage message);

    /// <summary>Sends one of the own batches, whose bytes the shell holds.</summary>
    void SendBatch(Epoch seats, ReplicaSet to, LaneTip tip);

    /// <summary>Answers a block request from the archive.</summary>
    void ServeBlocks(Epoch seats, ReplicaId to, BlockRequest request);

    /// <summary>Sends to a session, whatever its peer's seat.</summary>
    void Answer(ulong peer, PeerMessage message);

    /// <summary>Answers a block request of a session from the archive.</summary>
    void AnswerBlocks(ulong peer, BlockRequest request);

    /// <summary>A new epoch began, and its replica runs.</summary>
    /// <param name="epochs">In the new epoch.</param>
    /// <param name="held">What came for it before it began: to be handled as if it came now. Must not block.</param>
    void OnEpochEntered(Epochs epochs, IReadOnlyList<HeldMessage> held);

    /// <summary>Accepted batches whose lanes are closed and which nothing orders any more: their transactions belong into the present lane.</summary>
    void OnBatchesLeft(IReadOnlyList<LaneTip> batches);

    void OnOwnBatchCertified(ProofOfAvailability proof);

    /// <summary>A height is committed and all its data is here. Must not block.</summary>
    void OnDelivered(CommittedBlock block);

    void OnEvidence(Evidence evidence);

    void OnAlarm(AlarmKind kind, string message);

    /// <summary>Called after each step with where the replica is now.</summary>
    void OnProgress(Replica replica);
}

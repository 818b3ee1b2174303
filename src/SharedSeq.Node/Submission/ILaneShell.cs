using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>What the lane's actor needs of its surroundings.</summary>
public interface ILaneShell
{
    /// <summary>Signs an own batch at the node's committed height.</summary>
    Verified<Batch> Sign(BatchHeader header, BatchBody body);

    /// <summary>Appends an own batch to the batch log; returns the position to wait for.</summary>
    long AppendOwnBatch(Batch batch);

    /// <summary>The batch is durable: hand it to the replica, which sends it.</summary>
    void OnSealed(Verified<Batch> batch);

    /// <summary>Batches and bytes the lane may still run ahead of the committed cut.</summary>
    (int Batches, long Bytes) Room { get; }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What the replica's actor may be told: an input of the core, or with none just to look what the logs have synced.</summary>
/// <param name="Input">What happened.</param>
/// <param name="Seats">The epoch in whose committee the seats that the input names were looked up.</param>
public readonly record struct ReplicaMessage(ReplicaInput? Input, Epoch Seats = default)
{
    /// <summary>An input that names no seat.</summary>
    public static ReplicaMessage Of(ReplicaInput input) => new(input);
}

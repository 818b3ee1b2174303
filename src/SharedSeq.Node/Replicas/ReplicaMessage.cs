using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>What the replica's actor may be told: an input of the core, or with none just to look what the logs have synced.</summary>
public readonly record struct ReplicaMessage(ReplicaInput? Input)
{
    public static ReplicaMessage Of(ReplicaInput input) => new(input);
}

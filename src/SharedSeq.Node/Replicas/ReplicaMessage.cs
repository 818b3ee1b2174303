using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>What the replica's actor may be told: an input of the core, or that a log has synced up to a position.</summary>
public readonly record struct ReplicaMessage(ReplicaInput? Input, long VoteLogPosition, long BatchLogPosition)
{
    public static ReplicaMessage Of(ReplicaInput input) => new(input, 0, 0);

    public static ReplicaMessage VoteLogDurable(long position) => new(null, position, 0);

    public static ReplicaMessage BatchLogDurable(long position) => new(null, 0, position);
}

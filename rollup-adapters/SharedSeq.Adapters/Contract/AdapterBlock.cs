using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>A namespace block as an adapter executes it.</summary>
public sealed record AdapterBlock
{
    public required NamespaceId Namespace { get; init; }

    /// <summary>The namespace block's number, from 1; the execution client's block gets the same one.</summary>
    public required ulong Number { get; init; }

    /// <summary>
    /// The hash that the execution client gave to the block before: the last <see cref="ExecutionOutcome.Hash"/>, or
    /// <see cref="AdapterSession.Head"/> after opening a session. It is the client's chain, not the namespace's.
    /// </summary>
    public required Hash32 ParentHash { get; init; }

    /// <summary>Committed time, milliseconds since the Unix epoch.</summary>
    public required TimestampMs Timestamp { get; init; }

    /// <summary>Payloads in committed order.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Transactions { get; init; }

    /// <summary>The time an execution client with whole seconds gives the block: rounded down.</summary>
    public ulong TimestampSeconds => Timestamp.Value / 1000;
}

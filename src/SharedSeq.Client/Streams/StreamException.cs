namespace SharedSeq.Client;

/// <summary>Why a stream of namespace blocks left an operator.</summary>
public enum StreamFault
{
    /// <summary>It can not be reached, is starting or stopping, or the connection broke.</summary>
    Unreachable = 1,

    /// <summary>Nothing that is proved came for too long.</summary>
    Silent = 2,

    /// <summary>It is behind: the block asked for is more than one above its head.</summary>
    Behind = 3,

    /// <summary>It does not keep the block asked for any more.</summary>
    Pruned = 4,

    /// <summary>It refused the subscription or ended it.</summary>
    Refused = 5,

    /// <summary>It sent something that is no block, or a block whose transactions are not its own.</summary>
    Malformed = 6,

    /// <summary>It sent a block that does not follow the one before.</summary>
    BrokenChain = 7,

    /// <summary>Its proof of what it sent does not verify against the genesis.</summary>
    BadProof = 8,
}

/// <summary>A stream left an operator, or all of them one after the other.</summary>
public sealed class StreamException(StreamFault fault, string message, Exception? inner = null) : Exception($"{fault}: {message}", inner)
{
    public StreamFault Fault { get; } = fault;

    /// <summary>Whether asking the same operator again would be answered the same.</summary>
    public bool IsLasting => Fault is not (StreamFault.Unreachable or StreamFault.Silent or StreamFault.Behind);
}

namespace SharedSeq.Ethereum;

/// <summary>What an L1 provider did wrong. Pinned: labels of metrics.</summary>
public enum L1Fault : byte
{
    None = 0,

    /// <summary>No connection, or it broke.</summary>
    Unreachable = 1,

    /// <summary>No answer in time.</summary>
    Timeout = 2,

    /// <summary>It answered that it does not answer.</summary>
    Refused = 3,

    /// <summary>An answer that is none of JSON-RPC or of the method.</summary>
    Malformed = 4,

    /// <summary>An answer above the limit.</summary>
    TooLarge = 5,

    /// <summary>It lacks a block that a quorum has, or its newest is far behind.</summary>
    Lag = 6,

    /// <summary>It is on a fork that is not final.</summary>
    Fork = 7,

    /// <summary>It contradicts itself: it lacks a block that it just named.</summary>
    Inconsistent = 8,

    /// <summary>It is on another chain.</summary>
    WrongChain = 32,

    /// <summary>A header that does not hash to the hash it came with.</summary>
    ForgedHeader = 33,

    /// <summary>A true header, but not the one that was asked for.</summary>
    WrongBlock = 34,

    /// <summary>Receipts that do not have the header's root or bloom: some missing, added, changed or in another order.</summary>
    WrongReceipts = 35,

    /// <summary>A proof of storage that proves nothing.</summary>
    WrongProof = 36,

    /// <summary>Another finalized block than that of the quorum.</summary>
    FinalizedMismatch = 37,
}

/// <summary>How far an L1 provider is trusted. Pinned: labels of metrics.</summary>
public enum L1ProviderState : byte
{
    /// <summary>It agrees; its word counts.</summary>
    Healthy = 1,

    /// <summary>It failed; its word does not count until it has agreed a few times.</summary>
    Suspect = 2,

    /// <summary>It told what can not be true; it is not asked for a while and then is suspect.</summary>
    Quarantined = 3,
}

/// <summary>The classes of faults.</summary>
public static class L1Faults
{
    /// <summary>Whether no honest provider, however slow or far behind, can have it.</summary>
    public static bool IsLie(this L1Fault fault) => fault >= L1Fault.WrongChain;

    /// <summary>The fault that a failed call is.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="lie">What it is when the answer was false.</param>
    internal static L1Fault Of(EthereumRpcException e, L1Fault lie = L1Fault.ForgedHeader) => e.Kind switch
    {
        EthereumRpcFailure.Unreachable => L1Fault.Unreachable,
        EthereumRpcFailure.Timeout => L1Fault.Timeout,
        EthereumRpcFailure.HttpStatus or EthereumRpcFailure.RpcError => L1Fault.Refused,
        EthereumRpcFailure.TooLarge => L1Fault.TooLarge,
        EthereumRpcFailure.FalseAnswer => lie,
        _ => L1Fault.Malformed,
    };
}

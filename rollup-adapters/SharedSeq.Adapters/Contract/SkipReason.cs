namespace SharedSeq.Adapters;

/// <summary>
/// Why an ordered transaction was left out of its rollup's block: it was invalid against the state after all earlier
/// accepted ones. Part of what operators attest, so the numbers are pinned and the reason must follow from block and
/// state alone.
/// </summary>
public enum SkipReason : byte
{
    /// <summary>The bytes are no acceptable transaction in any state (encoding, type, signature).</summary>
    Undecodable = 1,

    /// <summary>Signed for another chain.</summary>
    WrongChainId = 2,

    /// <summary>The sender has used this nonce: replaced by, or equal to, an earlier transaction.</summary>
    NonceTooLow = 3,

    /// <summary>The sender has not used the nonce before this one.</summary>
    NonceTooHigh = 4,

    /// <summary>The sender can not pay gas limit times highest fee, and the value.</summary>
    InsufficientFunds = 5,

    /// <summary>The highest fee is below the block's base fee.</summary>
    FeeBelowBaseFee = 6,

    /// <summary>The gas limit is above the block's alone.</summary>
    GasLimitAboveBlock = 7,

    /// <summary>
    /// The declared gas limits before it leave too little of the block's. Only where the namespace's gas cap is above
    /// the client's block gas limit: a misconfiguration.
    /// </summary>
    BlockGasExhausted = 8,

    /// <summary>The execution client refused it for a rule of its own, on every instance alike.</summary>
    RefusedByClient = 9,
}

/// <summary>One transaction left out.</summary>
/// <param name="Index">Its index in the namespace block.</param>
/// <param name="Reason">Why.</param>
public readonly record struct SkippedTransaction(int Index, SkipReason Reason);

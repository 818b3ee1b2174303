namespace SharedSeq.Primitives;

/// <summary>
/// Why bytes are no acceptable Ethereum transaction whatever the state of the chain. The numbers are part of answers
/// and metrics: pinned.
/// </summary>
public enum EvmRejection : byte
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>No bytes at all.</summary>
    Empty = 1,

    /// <summary>The bytes end before the transaction does.</summary>
    Truncated = 2,

    /// <summary>Bytes follow the transaction.</summary>
    TrailingBytes = 3,

    /// <summary>Another, shorter encoding of the same value exists: leading zeros, long length forms.</summary>
    NotCanonical = 4,

    /// <summary>A field is missing, too many, of the wrong kind or of the wrong length.</summary>
    Malformed = 5,

    /// <summary>
    /// An integer is above what the field holds (nonce, gas limit and chain id 64 bits, amounts 256 bits).
    /// </summary>
    FieldOutOfRange = 6,

    /// <summary>The type byte of EIP-2718 is none that is spoken here.</summary>
    UnknownType = 7,

    /// <summary>A blob transaction of EIP-4844, in either form: rollups ordered here carry no blobs.</summary>
    BlobTransaction = 8,

    /// <summary>maxPriorityFeePerGas is above maxFeePerGas (EIP-1559).</summary>
    TipAboveMaxFee = 9,

    /// <summary>The nonce is 2^64 - 1, which no account can reach (EIP-2681).</summary>
    NonceTooHigh = 10,

    /// <summary>Init code above 49,152 bytes (EIP-3860).</summary>
    InitCodeTooLarge = 11,

    /// <summary>A transaction of EIP-7702 without authorizations.</summary>
    NoAuthorizations = 12,

    /// <summary>
    /// The gas limit is below what the transaction costs before it runs (intrinsic gas, floor of EIP-7623).
    /// </summary>
    GasBelowIntrinsic = 13,

    /// <summary>The signature's v or parity is none that exists.</summary>
    BadParity = 14,

    /// <summary>r or s is zero or not below the group order.</summary>
    SignatureOutOfRange = 15,

    /// <summary>s is in the upper half of the group order (EIP-2).</summary>
    HighS = 16,

    /// <summary>No public key belongs to the signature.</summary>
    NotRecoverable = 17,

    /// <summary>Signed for another chain.</summary>
    WrongChainId = 18,

    /// <summary>Signed for any chain (before EIP-155), where the caller asks for protection against replay.</summary>
    NoChainId = 19,
}

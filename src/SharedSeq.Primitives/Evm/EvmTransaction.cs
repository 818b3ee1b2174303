using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>The type byte of EIP-2718; legacy transactions have none. Blob transactions (3) are refused.</summary>
public enum EvmTransactionType : byte
{
    Legacy = 0,

    /// <summary>EIP-2930.</summary>
    AccessList = 1,

    /// <summary>EIP-1559.</summary>
    DynamicFee = 2,

    /// <summary>EIP-7702.</summary>
    SetCode = 4,
}

/// <summary>
/// A signed Ethereum transaction, decoded strictly and with its sender recovered: legacy with and without EIP-155,
/// EIP-2930, EIP-1559, EIP-7702. Amounts are in wei.
/// </summary>
public sealed class EvmTransaction
{
    private EvmTransaction(ReadOnlyMemory<byte> raw, scoped in EvmTransactionFields fields, EvmAddress sender)
    {
        Raw = raw;
        Hash = Keccak256.Of(raw.Span);
        Type = fields.Type;
        ChainId = fields.ChainId;
        Nonce = fields.Nonce;
        GasLimit = fields.GasLimit;
        MaxFeePerGas = fields.MaxFeePerGas;
        MaxPriorityFeePerGas = fields.MaxPriorityFeePerGas;
        To = fields.To;
        Value = fields.Value;
        Data = raw.Span.Overlaps(fields.Data, out int offset) ? raw.Slice(offset, fields.Data.Length) : default;
        Sender = sender;
    }

    /// <summary>The bytes as they were signed and sent.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>Keccak-256 of <see cref="Raw"/>: what wallets know the transaction by.</summary>
    public Hash32 Hash { get; }

    public EvmTransactionType Type { get; }

    /// <summary>The chain it was signed for; null when signed for any (before EIP-155).</summary>
    public ulong? ChainId { get; }

    public ulong Nonce { get; }

    public ulong GasLimit { get; }

    /// <summary>The most that is paid per gas; the gas price of legacy and EIP-2930 transactions.</summary>
    public BigInteger MaxFeePerGas { get; }

    /// <summary>
    /// The most that is paid per gas above the base fee; the gas price of legacy and EIP-2930 transactions.
    /// </summary>
    public BigInteger MaxPriorityFeePerGas { get; }

    /// <summary>The account called; null creates a contract.</summary>
    public EvmAddress? To { get; }

    public BigInteger Value { get; }

    public ReadOnlyMemory<byte> Data { get; }

    public EvmAddress Sender { get; }

    /// <summary>
    /// What the sender must own for the transaction to be valid: gas limit times the highest fee, and the value.
    /// </summary>
    public BigInteger MaxCost => (MaxFeePerGas * GasLimit) + Value;

    /// <summary>
    /// Decodes and recovers the sender. The whole of <paramref name="raw"/> must be one transaction; it must not change
    /// afterwards.
    /// </summary>
    public static bool TryDecode(
        ReadOnlyMemory<byte> raw, [MaybeNullWhen(false)] out EvmTransaction transaction, out EvmRejection rejection)
    {
        transaction = null;
        rejection = EvmTransactionFields.Parse(raw.Span, out EvmTransactionFields fields);
        if (rejection == EvmRejection.None) rejection = CheckSignature(fields);
        if (rejection != EvmRejection.None) return false;
        if (!Secp256k1.TryRecover(SigningHash(fields), fields.R, fields.S, fields.Parity, out EvmAddress sender))
        {
            rejection = EvmRejection.NotRecoverable;
            return false;
        }

        transaction = new EvmTransaction(raw, fields, sender);
        return true;
    }

    /// <summary>
    /// The declared gas limit without looking at the signature: what ordering counts against a namespace's gas cap.
    /// True exactly when all of <see cref="TryDecode"/> up to the signature holds.
    /// </summary>
    public static bool TryReadGasLimit(ReadOnlySpan<byte> raw, out ulong gasLimit)
    {
        EvmRejection rejection = EvmTransactionFields.Parse(raw, out EvmTransactionFields fields);
        gasLimit = rejection == EvmRejection.None ? fields.GasLimit : 0;
        return rejection == EvmRejection.None;
    }

    /// <summary>
    /// Whether the transaction may run on a chain. One signed for any chain is refused: it could be replayed from
    /// elsewhere.
    /// </summary>
    public EvmRejection CheckChain(ulong chainId)
    {
        if (ChainId is null) return EvmRejection.NoChainId;
        return ChainId == chainId ? EvmRejection.None : EvmRejection.WrongChainId;
    }

    private static EvmRejection CheckSignature(scoped in EvmTransactionFields fields)
    {
        if (fields.Parity > 1) return EvmRejection.BadParity;
        if (!Secp256k1.IsScalar(fields.R) || !Secp256k1.IsScalar(fields.S)) return EvmRejection.SignatureOutOfRange;
        return fields.S > Secp256k1.HalfOrder ? EvmRejection.HighS : EvmRejection.None;
    }

    private static Hash32 SigningHash(scoped in EvmTransactionFields fields)
    {
        var text = new RlpWriter(fields.SignedItems.Length + 16);
        if (fields.Type != EvmTransactionType.Legacy)
            return Keccak256.Of(text.Raw([(byte)fields.Type]).List(fields.SignedItems).Written);
        if (fields.ChainId is not { } chainId) return Keccak256.Of(text.List(fields.SignedItems).Written);
        var items = new RlpWriter(fields.SignedItems.Length + 16);
        items.Raw(fields.SignedItems).Number(chainId).Number(0).Number(0);
        return Keccak256.Of(text.List(items).Written);
    }
}

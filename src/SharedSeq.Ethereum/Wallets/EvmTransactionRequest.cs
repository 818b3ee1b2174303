using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>What a wallet signs. Amounts are in wei.</summary>
public sealed record EvmTransactionRequest
{
    public required ulong ChainId { get; init; }

    public required ulong Nonce { get; init; }

    /// <summary>The account called; null creates a contract.</summary>
    public required EvmAddress? To { get; init; }

    public BigInteger Value { get; init; }

    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Default 21,000: a transfer.</summary>
    public ulong GasLimit { get; init; } = 21_000;

    /// <summary>
    /// The gas price of a legacy transaction. Default 100 gwei: enough for minutes of full blocks on a new chain.
    /// </summary>
    public BigInteger MaxFeePerGas { get; init; } = new(100_000_000_000);

    public BigInteger MaxPriorityFeePerGas { get; init; } = new(1_000_000_000);
}

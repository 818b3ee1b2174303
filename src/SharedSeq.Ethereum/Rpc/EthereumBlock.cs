using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>What is used of a block: its header and the hashes of its transactions in order.</summary>
public sealed record EthereumBlock
{
    /// <summary>Asks for the newest block with the hashes of its transactions.</summary>
    public static readonly EthereumCall Latest = new("eth_getBlockByNumber", "latest", false);

    public required ulong Number { get; init; }

    public required Hash32 Hash { get; init; }

    public required Hash32 ParentHash { get; init; }

    public required Hash32 StateRoot { get; init; }

    public required ulong TimestampSeconds { get; init; }

    public required ulong GasLimit { get; init; }

    public required ulong GasUsed { get; init; }

    /// <summary>Wei per gas.</summary>
    public required BigInteger BaseFeePerGas { get; init; }

    public required IReadOnlyList<Hash32> TransactionHashes { get; init; }

    /// <summary>Asks for a block with the hashes of its transactions.</summary>
    public static EthereumCall ByNumber(ulong number) =>
        new("eth_getBlockByNumber", EthereumJson.Quantity(number), false);

    /// <summary>The base fee of the block after this one by EIP-1559 (elasticity 2, denominator 8).</summary>
    public BigInteger NextBaseFeePerGas()
    {
        ulong target = GasLimit / 2;
        if (GasUsed == target || target == 0) return BaseFeePerGas;
        if (GasUsed < target) return BaseFeePerGas - (BaseFeePerGas * (target - GasUsed) / target / 8);
        return BaseFeePerGas + BigInteger.Max(BigInteger.One, BaseFeePerGas * (GasUsed - target) / target / 8);
    }

    /// <summary>Reads an answer; null when the client has no such block.</summary>
    /// <exception cref="EthereumRpcException">A field is missing or of another kind.</exception>
    public static EthereumBlock? Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null) return null;
        JsonElement list = EthereumJson.Field(element, "transactions");
        if (list.ValueKind != JsonValueKind.Array)
            throw EthereumRpcException.Malformed("a block's transactions are no list");
        var hashes = new Hash32[list.GetArrayLength()];
        int index = 0;
        foreach (JsonElement hash in list.EnumerateArray())
            hashes[index++] = EthereumJson.ReadHash(hash, "a block's transaction");
        return new EthereumBlock
        {
            Number = EthereumJson.ReadU64(EthereumJson.Field(element, "number"), "block number"),
            Hash = EthereumJson.ReadHash(EthereumJson.Field(element, "hash"), "block hash"),
            ParentHash = EthereumJson.ReadHash(EthereumJson.Field(element, "parentHash"), "parent hash"),
            StateRoot = EthereumJson.ReadHash(EthereumJson.Field(element, "stateRoot"), "state root"),
            TimestampSeconds = EthereumJson.ReadU64(EthereumJson.Field(element, "timestamp"), "timestamp"),
            GasLimit = EthereumJson.ReadU64(EthereumJson.Field(element, "gasLimit"), "gas limit"),
            GasUsed = EthereumJson.ReadU64(EthereumJson.Field(element, "gasUsed"), "gas used"),
            BaseFeePerGas = EthereumJson.ReadU256(EthereumJson.Field(element, "baseFeePerGas"), "base fee"),
            TransactionHashes = hashes,
        };
    }
}

using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>What is used of a transaction's receipt.</summary>
public sealed record EthereumReceipt(
    Hash32 TransactionHash, Hash32 BlockHash, ulong BlockNumber, int Index, bool HasSucceeded, ulong GasUsed,
    EvmAddress? Created)
{
    /// <summary>Reads an answer; null when the client has no such receipt.</summary>
    /// <exception cref="EthereumRpcException">A field is missing or of another kind.</exception>
    public static EthereumReceipt? Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null) return null;
        Hash32 transaction = EthereumJson.ReadHash(EthereumJson.Field(element, "transactionHash"), "transaction hash");
        bool hasCreated = element.TryGetProperty("contractAddress", out JsonElement created) &&
            created.ValueKind != JsonValueKind.Null;
        return new EthereumReceipt(
            transaction,
            EthereumJson.ReadHash(EthereumJson.Field(element, "blockHash"), "block hash"),
            EthereumJson.ReadU64(EthereumJson.Field(element, "blockNumber"), "block number"),
            EthereumJson.ReadIndex(EthereumJson.Field(element, "transactionIndex"), "index"),
            EthereumJson.ReadU64(EthereumJson.Field(element, "status"), "status") == 1,
            EthereumJson.ReadU64(EthereumJson.Field(element, "gasUsed"), "gas used"),
            hasCreated ? EthereumJson.ReadAddress(created, "created contract") : null);
    }
}

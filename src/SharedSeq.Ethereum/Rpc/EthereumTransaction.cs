using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// What is used of a transaction as an endpoint reports it. Block and index are null until it is executed.
/// </summary>
public sealed record EthereumTransaction(
    Hash32 Hash, ulong Nonce, EvmAddress From, EvmAddress? To, BigInteger Value, ulong? BlockNumber, Hash32? BlockHash,
    int? Index)
{
    /// <summary>Reads an answer; null when the endpoint knows no such transaction.</summary>
    /// <exception cref="EthereumRpcException">A field is missing or of another kind.</exception>
    public static EthereumTransaction? Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null) return null;
        return new EthereumTransaction(
            EthereumJson.ReadHash(EthereumJson.Field(element, "hash"), "hash"),
            EthereumJson.ReadU64(EthereumJson.Field(element, "nonce"), "nonce"),
            EthereumJson.ReadAddress(EthereumJson.Field(element, "from"), "from"),
            Has(element, "to", out JsonElement to) ? EthereumJson.ReadAddress(to, "to") : null,
            EthereumJson.ReadU256(EthereumJson.Field(element, "value"), "value"),
            Has(element, "blockNumber", out JsonElement number) ? EthereumJson.ReadU64(number, "block number") : null,
            Has(element, "blockHash", out JsonElement hash) ? EthereumJson.ReadHash(hash, "block hash") : null,
            Has(element, "transactionIndex", out JsonElement index) ? EthereumJson.ReadIndex(index, "index") : null);
    }

    private static bool Has(JsonElement element, string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}

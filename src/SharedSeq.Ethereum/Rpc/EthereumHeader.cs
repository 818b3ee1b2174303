using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// A block header with its hash, which was computed from it here: there is no other way to get one, so whoever holds it
/// knows that what its fields commit to belongs to the hash.
/// </summary>
public sealed class EthereumHeader
{
    private EthereumHeader(EvmHeader fields)
    {
        Fields = fields;
        Hash = fields.ComputeHash();
    }

    public EvmHeader Fields { get; }

    public Hash32 Hash { get; }

    public ulong Number => Fields.Number;

    public Hash32 ParentHash => Fields.ParentHash;

    public override string ToString() => $"L1 block {Number} {Hash}";

    /// <summary>Reads a block of JSON and computes its hash; null when the client has no such block.</summary>
    /// <exception cref="EthereumRpcException">
    /// A field is missing or of another kind, or the fields do not hash to what the client says.
    /// </exception>
    public static EthereumHeader? Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null) return null;
        EvmHeader fields = ReadFields(element);
        if (!fields.HasFieldsInOrder()) throw EthereumRpcException.Malformed("a header lacks a field below one that it has");
        var header = new EthereumHeader(fields);
        Hash32 claimed = EthereumJson.ReadHash(EthereumJson.Field(element, "hash"), "block hash");
        return header.Hash == claimed
            ? header
            : throw EthereumRpcException.False($"the header of block {fields.Number} hashes to {header.Hash}, not to {claimed}");
    }

    private static EvmHeader ReadFields(JsonElement element)
    {
        byte[] bloom = EthereumJson.ReadBytes(EthereumJson.Field(element, "logsBloom"), "logs bloom");
        if (bloom.Length != LogsBloom.Size) throw EthereumRpcException.Malformed($"a logs bloom of {bloom.Length} bytes");
        byte[] extra = EthereumJson.ReadBytes(EthereumJson.Field(element, "extraData"), "extra bytes");
        byte[] nonce = EthereumJson.ReadBytes(EthereumJson.Field(element, "nonce"), "nonce");
        if (nonce.Length != sizeof(ulong)) throw EthereumRpcException.Malformed($"a block nonce of {nonce.Length} bytes");
        return new EvmHeader
        {
            ParentHash = ReadHash(element, "parentHash"),
            OmmersHash = ReadHash(element, "sha3Uncles"),
            Beneficiary = EthereumJson.ReadAddress(EthereumJson.Field(element, "miner"), "miner"),
            StateRoot = ReadHash(element, "stateRoot"),
            TransactionsRoot = ReadHash(element, "transactionsRoot"),
            ReceiptsRoot = ReadHash(element, "receiptsRoot"),
            LogsBloom = LogsBloom.From(bloom),
            Difficulty = EthereumJson.ReadU256(EthereumJson.Field(element, "difficulty"), "difficulty"),
            Number = ReadU64(element, "number"),
            GasLimit = ReadU64(element, "gasLimit"),
            GasUsed = ReadU64(element, "gasUsed"),
            TimestampSeconds = ReadU64(element, "timestamp"),
            ExtraBytes = extra,
            MixHash = ReadHash(element, "mixHash"),
            Nonce = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(nonce),
            BaseFeePerGas = Has(element, "baseFeePerGas", out JsonElement fee) ? EthereumJson.ReadU256(fee, "base fee") : null,
            WithdrawalsRoot = Has(element, "withdrawalsRoot", out _) ? ReadHash(element, "withdrawalsRoot") : null,
            BlobGasUsed = Has(element, "blobGasUsed", out _) ? ReadU64(element, "blobGasUsed") : null,
            ExcessBlobGas = Has(element, "excessBlobGas", out _) ? ReadU64(element, "excessBlobGas") : null,
            ParentBeaconBlockRoot = Has(element, "parentBeaconBlockRoot", out _) ? ReadHash(element, "parentBeaconBlockRoot") : null,
            RequestsHash = Has(element, "requestsHash", out _) ? ReadHash(element, "requestsHash") : null,
        };
    }

    private static bool Has(JsonElement element, string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private static Hash32 ReadHash(JsonElement element, string name) => EthereumJson.ReadHash(EthereumJson.Field(element, name), name);

    private static ulong ReadU64(JsonElement element, string name) => EthereumJson.ReadU64(EthereumJson.Field(element, name), name);
}

using System.Text.Json.Nodes;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>Lies about blocks' headers that are the same in every answer, and that a question about what was told before is understood by.</summary>
internal sealed class L1HeaderLies(EthereumRpcClient client)
{
    /// <summary>Invented hashes that are remembered. 8,192: two hours of blocks; a question by an older one is about a block that nobody knows.</summary>
    private const int InventedMax = 8_192;

    private const ulong LaterSeconds = 60;

    /// <summary>The fields of a header in the order in which they are hashed; those after the nonce came with later versions of Ethereum.</summary>
    private static readonly string[] Fields =
    [
        "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number", "gasLimit", "gasUsed",
        "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
        "requestsHash",
    ];

    private static readonly string[] Quantities =
        ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _trueHashes = new(StringComparer.Ordinal);
    private readonly Queue<string> _invented = new();

    /// <summary>The hash of a header as an answer has it.</summary>
    public static string HashOf(JsonObject header)
    {
        var items = new RlpWriter(1_024);
        foreach (string field in Fields.Where(field => header[field] is not null))
        {
            if (Quantities.Contains(field)) items.Number(L1Json.QuantityOf((string)header[field]!));
            else items.Bytes(L1Json.BytesOf(header[field]));
        }

        return Keccak256.Of(new RlpWriter(1_024).List(items).Written).ToString();
    }

    /// <summary>Other hashes than the headers have.</summary>
    public async Task<JsonObject> WrongHashAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject asked = Renamed(call, L1Json.Flip);
        JsonObject answer = await RpcProxy.PassOnAsync(client, asked, cancellation);
        foreach (JsonObject found in L1Json.ObjectsIn(answer["result"]))
        {
            foreach (string field in L1Json.IsHeader(found) ? (string[])["hash", "parentHash"] : ["blockHash"])
                if ((string?)found[field] is { } hash) found[field] = L1Json.Flip(hash);
        }

        return answer;
    }

    /// <summary>Headers with their hashes, but not what was hashed.</summary>
    public async Task<JsonObject> ForgedAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject answer = await RpcProxy.PassOnAsync(client, call, cancellation);
        foreach (JsonObject found in L1Json.ObjectsIn(answer["result"]))
        {
            bool isHeader = L1Json.IsHeader(found);
            if (isHeader) found["stateRoot"] = L1Json.Flip((string)found["stateRoot"]!);
            string time = isHeader ? "timestamp" : "blockTimestamp";
            if (found[time] is not JsonValue seconds) continue;
            if (seconds.TryGetValue(out string? text)) found[time] = EthereumJson.Quantity(L1Json.NumberOf(text) + LaterSeconds);

            // Anvil's own way in receipts.
            else if (seconds.TryGetValue(out ulong number)) found[time] = number + LaterSeconds;
        }

        return answer;
    }

    /// <summary>Headers that hash to what is told, and do not follow each other.</summary>
    public async Task<JsonObject> WrongParentAsync(JsonObject call, CancellationToken cancellation)
    {
        JsonObject asked = Renamed(call, TrueHashOf);
        JsonObject answer = await RpcProxy.PassOnAsync(client, asked, cancellation);
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonObject found in L1Json.ObjectsIn(answer["result"]))
        {
            if (L1Json.IsHeader(found))
            {
                Orphan(found);
            }
            else if ((string?)found["blockHash"] is { } hash)
            {
                if (!told.TryGetValue(hash, out string? invented)) told[hash] = invented = await InventedHashOfAsync(hash, cancellation);
                found["blockHash"] = invented;
            }
        }

        return answer;
    }

    private static JsonObject Renamed(JsonObject call, Func<string, string> rename)
    {
        JsonObject asked = call.DeepClone().AsObject();
        L1BlockName.Rewrite(asked, name => L1BlockName.IsHash(name) ? rename(name) : name);
        return asked;
    }

    private string TrueHashOf(string hash)
    {
        lock (_gate) return _trueHashes.GetValueOrDefault(hash, hash);
    }

    private async Task<string> InventedHashOfAsync(string hash, CancellationToken cancellation)
    {
        var call = new JsonObject { ["method"] = "eth_getBlockByHash", ["params"] = new JsonArray(hash, false) };
        return (await RpcProxy.PassOnAsync(client, call, cancellation))["result"] is JsonObject header ? Orphan(header) : hash;
    }

    /// <summary>Gives a header another parent, and the hash that it has then.</summary>
    private string Orphan(JsonObject header)
    {
        string hash = (string)header["hash"]!;
        header["parentHash"] = L1Json.Flip((string)header["parentHash"]!);
        string invented = HashOf(header);
        header["hash"] = invented;
        foreach (JsonObject within in L1Json.ObjectsIn(header["transactions"])) within["blockHash"] = invented;
        lock (_gate)
        {
            if (!_trueHashes.TryAdd(invented, hash)) return invented;
            _invented.Enqueue(invented);
            if (_invented.Count > InventedMax) _trueHashes.Remove(_invented.Dequeue());
        }

        return invented;
    }
}

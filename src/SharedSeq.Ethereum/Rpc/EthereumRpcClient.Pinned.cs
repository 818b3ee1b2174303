using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>An account and words of its storage at a block, proved from the block's state root.</summary>
/// <param name="Account">The account; <see cref="EvmAccount.None"/> where there is none.</param>
/// <param name="Words">The words of the slots asked for, in their order.</param>
public sealed record ProvedStorage(EvmAccount Account, IReadOnlyList<Hash32> Words);

/// <summary>Reads that name a block by its hash, so that no reorganisation and no other client's head mixes in.</summary>
public sealed partial class EthereumRpcClient
{
    /// <summary>Asks for the header of a block by its hash, as <see cref="EthereumHeader.Read"/> reads it.</summary>
    public static EthereumCall HeaderCall(Hash32 hash) => new("eth_getBlockByHash", hash.ToString(), false);

    /// <summary>Asks for the header of a block by its number.</summary>
    public static EthereumCall HeaderCall(ulong number) => new("eth_getBlockByNumber", EthereumJson.Quantity(number), false);

    /// <summary>Asks for the header that a tag names: latest, safe or finalized.</summary>
    public static EthereumCall HeaderCall(string tag) => new("eth_getBlockByNumber", tag, false);

    /// <summary>The header of a block; null when the client has none. It hashes to what was asked for.</summary>
    public async Task<EthereumHeader?> HeaderAsync(Hash32 hash, CancellationToken cancellation = default)
    {
        EthereumHeader? header = EthereumHeader.Read(await CallAsync(HeaderCall(hash), cancellation));
        return header is null || header.Hash == hash
            ? header
            : throw EthereumRpcException.False($"asked for block {hash}, the client answered with {header.Hash}");
    }

    /// <summary>The header that a tag names; null when the client has none yet.</summary>
    public async Task<EthereumHeader?> HeaderAsync(string tag, CancellationToken cancellation = default) =>
        EthereumHeader.Read(await CallAsync(HeaderCall(tag), cancellation));

    /// <summary>
    /// All receipts of a block, verified: in this order they have the header's receipts root, and its bloom. Null when
    /// the client does not have the block.
    /// </summary>
    /// <exception cref="EthereumRpcException">A receipt is missing, added, changed or elsewhere in order.</exception>
    public async Task<IReadOnlyList<EvmReceipt>?> ReceiptsAsync(EthereumHeader header, CancellationToken cancellation = default)
    {
        JsonElement answer = await CallAsync(new EthereumCall("eth_getBlockReceipts", header.Hash.ToString()), cancellation);
        if (answer.ValueKind == JsonValueKind.Null) return null;
        if (answer.ValueKind != JsonValueKind.Array) throw EthereumRpcException.Malformed("a block's receipts are no list");
        EvmReceipt[] receipts = [.. answer.EnumerateArray().Select(ReadReceipt)];
        if (EvmReceipt.RootOf(receipts) != header.Fields.ReceiptsRoot)
            throw EthereumRpcException.False($"the receipts of {header} do not have its root");
        if (!LogsBloom.Of(receipts.SelectMany(receipt => receipt.Logs)).Equals(header.Fields.LogsBloom))
            throw EthereumRpcException.False($"the logs of {header} do not have its bloom");
        return receipts;
    }

    /// <summary>
    /// Logs of contracts in one block as the client tells them. They are of that block and of those contracts; that none
    /// is missing or made up only <see cref="ReceiptsAsync"/> shows.
    /// </summary>
    public async Task<IReadOnlyList<EvmLog>> LogsAsync(
        Hash32 blockHash, IReadOnlyList<EvmAddress> contracts, CancellationToken cancellation = default)
    {
        var filter = new JsonObject
        {
            ["blockHash"] = blockHash.ToString(),
            ["address"] = new JsonArray([.. contracts.Select(address => (JsonNode?)address.ToString())]),
        };
        JsonElement answer = await CallAsync(new EthereumCall("eth_getLogs", filter), cancellation);
        if (answer.ValueKind != JsonValueKind.Array) throw EthereumRpcException.Malformed("logs are no list");
        var logs = new List<EvmLog>();
        int last = -1;
        foreach (JsonElement item in answer.EnumerateArray())
        {
            EvmLog log = ReadLog(item);
            int index = EthereumJson.ReadIndex(EthereumJson.Field(item, "logIndex"), "log index");
            bool isOfBlock = EthereumJson.ReadHash(EthereumJson.Field(item, "blockHash"), "block hash") == blockHash;
            if (!isOfBlock || !contracts.Contains(log.Address) || index <= last)
                throw EthereumRpcException.False($"a log that the filter for block {blockHash} does not let through, or in another order");
            last = index;
            logs.Add(log);
        }

        return logs;
    }

    /// <summary>
    /// What a call of a contract would return at a block, as the client says: one client's word. For what must be true
    /// read the storage with <see cref="StorageAsync"/>.
    /// </summary>
    /// <exception cref="EthereumRpcException">Among others that the call reverted: see <see cref="EthereumRpcError.RevertBytes"/>.</exception>
    public async Task<byte[]> CallContractAsync(
        EvmAddress contract, ReadOnlyMemory<byte> calldata, Hash32 blockHash, CancellationToken cancellation = default)
    {
        var call = new JsonObject { ["to"] = contract.ToString(), ["data"] = EthereumJson.Bytes(calldata.Span) };
        return EthereumJson.ReadBytes(
            await CallAsync(new EthereumCall("eth_call", call, Pinned(blockHash)), cancellation), "what a call returned");
    }

    /// <summary>A word of a contract's storage at a block, as the client says: one client's word.</summary>
    public async Task<Hash32> StorageAtAsync(
        EvmAddress contract, Hash32 slot, Hash32 blockHash, CancellationToken cancellation = default) =>
        EthereumJson.ReadHash(
            await CallAsync(new EthereumCall("eth_getStorageAt", contract.ToString(), slot.ToString(), Pinned(blockHash)), cancellation),
            "a word of storage");

    /// <summary>Words of a contract's storage at a block, proved from its state root (EIP-1186).</summary>
    /// <exception cref="EthereumRpcException">The proof does not prove it.</exception>
    public async Task<ProvedStorage> StorageAsync(
        EthereumHeader header, EvmAddress contract, IReadOnlyList<Hash32> slots, CancellationToken cancellation = default)
    {
        var keys = new JsonArray([.. slots.Select(slot => (JsonNode?)slot.ToString())]);
        JsonElement answer = await CallAsync(
            new EthereumCall("eth_getProof", contract.ToString(), keys, Pinned(header.Hash)), cancellation);
        PatriciaRejection rejection = EvmAccount.TryProve(
            header.Fields.StateRoot, contract, ReadNodes(answer, "accountProof"), out EvmAccount? account);
        if (rejection != PatriciaRejection.None)
            throw EthereumRpcException.False($"the proof of account {contract} at {header}: {rejection}");
        JsonElement proofs = EthereumJson.Field(answer, "storageProof");
        if (proofs.ValueKind != JsonValueKind.Array || proofs.GetArrayLength() != slots.Count)
            throw EthereumRpcException.Malformed($"{slots.Count} slots have another number of proofs");
        var words = new Hash32[slots.Count];
        int index = 0;
        foreach (JsonElement proof in proofs.EnumerateArray())
        {
            rejection = account!.TryProveSlot(slots[index], ReadNodes(proof, "proof"), out words[index]);
            if (rejection != PatriciaRejection.None)
                throw EthereumRpcException.False($"the proof of slot {slots[index]} of {contract} at {header}: {rejection}");
            index++;
        }

        return new ProvedStorage(account!, words);
    }

    /// <summary>EIP-1898: a block by its hash, also where it is no longer on the client's chain.</summary>
    private static JsonObject Pinned(Hash32 blockHash) => new() { ["blockHash"] = blockHash.ToString() };

    private static byte[][] ReadNodes(JsonElement element, string name)
    {
        JsonElement list = EthereumJson.Field(element, name);
        if (list.ValueKind != JsonValueKind.Array) throw EthereumRpcException.Malformed($"'{name}' is no list");
        return [.. list.EnumerateArray().Select(node => EthereumJson.ReadBytes(node, "a node of a proof"))];
    }

    private static EvmReceipt ReadReceipt(JsonElement item)
    {
        // Endpoints of before Berlin name no type.
        ulong type = item.TryGetProperty("type", out JsonElement named) ? EthereumJson.ReadU64(named, "type") : 0;
        ulong status = EthereumJson.ReadU64(EthereumJson.Field(item, "status"), "status");
        if (type >= 0x80 || status > 1) throw EthereumRpcException.Malformed($"a receipt of type {type} and status {status}");
        JsonElement logs = EthereumJson.Field(item, "logs");
        if (logs.ValueKind != JsonValueKind.Array) throw EthereumRpcException.Malformed("a receipt's logs are no list");
        ulong gas = EthereumJson.ReadU64(EthereumJson.Field(item, "cumulativeGasUsed"), "cumulative gas");
        return new EvmReceipt((byte)type, status == 1, gas, [.. logs.EnumerateArray().Select(ReadLog)]);
    }

    private static EvmLog ReadLog(JsonElement item)
    {
        JsonElement topics = EthereumJson.Field(item, "topics");
        if (topics.ValueKind != JsonValueKind.Array || topics.GetArrayLength() > EvmLog.TopicsMax)
            throw EthereumRpcException.Malformed("a log's topics are no list of at most four");
        return new EvmLog(
            EthereumJson.ReadAddress(EthereumJson.Field(item, "address"), "a log's address"),
            [.. topics.EnumerateArray().Select(topic => EthereumJson.ReadHash(topic, "a log's topic"))],
            EthereumJson.ReadBytes(EthereumJson.Field(item, "data"), "a log's content"));
    }
}

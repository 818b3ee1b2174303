using System.Buffers.Binary;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>A block of <see cref="SimulatedL1"/>.</summary>
internal sealed record SimulatedBlock(EvmHeader Header, Hash32 Hash, EvmReceipt[] Receipts, byte[] AccountNode, byte[] SlotNode, Hash32 Word);

/// <summary>
/// An L1 in memory: blocks with receipts and a state of one contract with one slot, all with their true roots, in the
/// JSON of an execution client. A fork shares the blocks below it.
/// </summary>
internal sealed class SimulatedL1
{
    public const ulong ChainId = 31_337;
    public static readonly EvmAddress Contract = EvmAddress.Parse("0x00000000000000000000000000000000000c0de1");
    public static readonly EvmAddress Stranger = EvmAddress.Parse("0x00000000000000000000000000000000000c0de2");
    public static readonly Hash32 Topic = Keccak256.Of("Logged(uint64)"u8);

    private readonly List<SimulatedBlock> _blocks;
    private readonly byte _fork;

    public SimulatedL1()
        : this([], 0) => Mine();

    private SimulatedL1(List<SimulatedBlock> blocks, byte fork)
    {
        _blocks = blocks;
        _fork = fork;
    }

    public ulong Latest => (ulong)_blocks.Count - 1;

    /// <summary>Blocks that the finalized one is below the newest.</summary>
    public ulong FinalizedLag { get; init; } = 4;

    public ulong SafeLag => FinalizedLag / 2;

    public ulong Finalized => ulong.Max(Latest, FinalizedLag) - FinalizedLag;

    public ulong Safe => ulong.Max(Latest, SafeLag) - SafeLag;

    public SimulatedBlock this[ulong number] => _blocks[(int)number];

    /// <summary>Another chain with the same blocks up to one.</summary>
    public SimulatedL1 Fork(ulong number, byte fork = 1) => new([.. _blocks.Take((int)number + 1)], fork) { FinalizedLag = FinalizedLag };

    public SimulatedBlock? ByNumber(ulong number) => number <= Latest ? this[number] : null;

    public SimulatedBlock? ByHash(Hash32 hash) => _blocks.Find(block => block.Hash == hash);

    public void MineTo(ulong number)
    {
        while (Latest < number) Mine();
    }

    /// <summary>
    /// A block: one of three is empty, one has logs of a stranger only, one of the contract among others.
    /// </summary>
    public SimulatedBlock Mine()
    {
        ulong number = (ulong)_blocks.Count;
        var receipts = new List<EvmReceipt>();
        if (number % 3 > 0) receipts.Add(new EvmReceipt(2, true, 50_000, [Log(Stranger, number), Log(Stranger, number + 1)]));
        if (number % 3 == 2)
        {
            receipts.Add(new EvmReceipt(0, true, 90_000, [Log(Contract, number), Log(Stranger, 7), Log(Contract, number + 1)]));
            receipts.Add(new EvmReceipt(2, false, 120_000, []));
            receipts.Add(new EvmReceipt(4, true, 200_000, [Log(Contract, number + 2)]));
        }

        Hash32 word = Word(number + 1);
        byte[] slotNode = Leaf(Keccak256.Of(Hash32.Zero.ToArray()), new RlpWriter().Word(word).ToArray());
        RlpWriter account = new RlpWriter().Number(1).Number(0).Bytes(Keccak256.Of(slotNode).ToArray()).Bytes(Keccak256.Of([]).ToArray());
        byte[] accountNode = Leaf(Keccak256.Of(Contract.ToArray()), new RlpWriter().List(account).ToArray());
        var header = new EvmHeader
        {
            ParentHash = number == 0 ? Hash32.Zero : this[number - 1].Hash,
            OmmersHash = Keccak256.Of([0xC0]),
            Beneficiary = Stranger,
            StateRoot = Keccak256.Of(accountNode),
            TransactionsRoot = PatriciaTrie.EmptyRoot,
            ReceiptsRoot = EvmReceipt.RootOf(receipts),
            LogsBloom = LogsBloom.Of(receipts.SelectMany(receipt => receipt.Logs)),
            Difficulty = 0,
            Number = number,
            GasLimit = 30_000_000,
            GasUsed = receipts.Count == 0 ? 0 : receipts[^1].CumulativeGasUsed,
            TimestampSeconds = 1_700_000_000 + (12 * number),
            ExtraBytes = new[] { _fork },
            MixHash = Word(number),
            Nonce = 0,
            BaseFeePerGas = 7,
            WithdrawalsRoot = PatriciaTrie.EmptyRoot,
            BlobGasUsed = 0,
            ExcessBlobGas = 0,
            ParentBeaconBlockRoot = Word(number),
            RequestsHash = Word(3),
        };
        _blocks.Add(new SimulatedBlock(header, header.ComputeHash(), [.. receipts], accountNode, slotNode, word));
        return _blocks[^1];
    }

    public static JsonObject ToJson(SimulatedBlock block)
    {
        EvmHeader header = block.Header;
        return new JsonObject
        {
            ["hash"] = block.Hash.ToString(),
            ["parentHash"] = header.ParentHash.ToString(),
            ["sha3Uncles"] = header.OmmersHash.ToString(),
            ["miner"] = header.Beneficiary.ToString(),
            ["stateRoot"] = header.StateRoot.ToString(),
            ["transactionsRoot"] = header.TransactionsRoot.ToString(),
            ["receiptsRoot"] = header.ReceiptsRoot.ToString(),
            ["logsBloom"] = header.LogsBloom.ToString(),
            ["difficulty"] = "0x0",
            ["number"] = EthereumJson.Quantity(header.Number),
            ["gasLimit"] = EthereumJson.Quantity(header.GasLimit),
            ["gasUsed"] = EthereumJson.Quantity(header.GasUsed),
            ["timestamp"] = EthereumJson.Quantity(header.TimestampSeconds),
            ["extraData"] = EthereumJson.Bytes(header.ExtraBytes.Span),
            ["mixHash"] = header.MixHash.ToString(),
            ["nonce"] = "0x0000000000000000",
            ["baseFeePerGas"] = "0x7",
            ["withdrawalsRoot"] = header.WithdrawalsRoot.ToString(),
            ["blobGasUsed"] = "0x0",
            ["excessBlobGas"] = "0x0",
            ["parentBeaconBlockRoot"] = header.ParentBeaconBlockRoot.ToString(),
            ["requestsHash"] = header.RequestsHash.ToString(),
            ["transactions"] = new JsonArray(),
        };
    }

    public static JsonArray ReceiptsToJson(SimulatedBlock block) => new([.. block.Receipts.Select(receipt => (JsonNode?)new JsonObject
    {
        ["type"] = EthereumJson.Quantity(receipt.Type),
        ["status"] = receipt.HasSucceeded ? "0x1" : "0x0",
        ["cumulativeGasUsed"] = EthereumJson.Quantity(receipt.CumulativeGasUsed),
        ["logs"] = new JsonArray([.. receipt.Logs.Select(log => (JsonNode?)new JsonObject
        {
            ["address"] = log.Address.ToString(),
            ["topics"] = new JsonArray([.. log.Topics.Select(topic => (JsonNode?)topic.ToString())]),
            ["data"] = EthereumJson.Bytes(log.Content.Span),
        })]),
    })]);

    public static JsonObject ProofToJson(SimulatedBlock block) => new()
    {
        ["accountProof"] = new JsonArray(EthereumJson.Bytes(block.AccountNode)),
        ["storageProof"] = new JsonArray(new JsonObject
        {
            ["key"] = Hash32.Zero.ToString(),
            ["value"] = block.Word.ToString(),
            ["proof"] = new JsonArray(EthereumJson.Bytes(block.SlotNode)),
        }),
    };

    private static EvmLog Log(EvmAddress contract, ulong value) => new(contract, [Topic], Word(value).ToArray());

    private static Hash32 Word(ulong value)
    {
        byte[] word = new byte[Hash32.Size];
        BinaryPrimitives.WriteUInt64BigEndian(word.AsSpan(24), value);
        return new Hash32(word);
    }

    /// <summary>A trie of one entry is one leaf.</summary>
    private static byte[] Leaf(Hash32 path, byte[] value) =>
        new RlpWriter().List(new RlpWriter().Bytes([0x20, .. path.ToArray()]).Bytes(value)).ToArray();
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>What a provider does wrong.</summary>
internal enum L1Lie
{
    None,

    /// <summary>Names another hash than its headers have.</summary>
    WrongHash,

    /// <summary>Headers with another parent under their true hash.</summary>
    WrongParent,

    /// <summary>Headers with a changed field under their true hash.</summary>
    ForgedHeader,

    /// <summary>Headers whose bloom says that there are no logs.</summary>
    EmptyBloom,

    /// <summary>Answers each request for a block with a true header of another one.</summary>
    OtherBlock,

    ReceiptsMissing,
    ReceiptsChanged,
    ReceiptsReordered,

    /// <summary>Receipts with the logs of the contract left out.</summary>
    LogsOmitted,

    /// <summary>A proof of storage for another block.</summary>
    WrongProof,

    /// <summary>Stays at a block.</summary>
    Lag,

    /// <summary>Follows another chain of its own, whose finalized blocks are others.</summary>
    FinalizedConflict,

    /// <summary>Names a finalized block far above all, and does not have those below.</summary>
    HugeNumber,

    /// <summary>Finalized above newest.</summary>
    TagsOutOfOrder,

    Slow,
    Garbage,
    NotUnicode,
    Oversized,
    WrongChainId,
    Unreachable,
    Refusing,

    /// <summary>Answers every second request only.</summary>
    Flapping,
}

/// <summary>A provider in this process that answers from a chain, or lies in one named way.</summary>
internal sealed class LyingProvider(SimulatedL1 chain) : IEthereumTransport
{
    private int _requests;
    private SimulatedL1? _own;

    public SimulatedL1 Chain { get; set; } = chain;

    public L1Lie Lie { get; set; }

    /// <summary>The highest block it has; null for all.</summary>
    public ulong? StaysAt { get; set; }

    /// <summary>Methods asked, each call of a batch.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Runs before each request is answered.</summary>
    public Action? OnRequest { get; set; }

    private ulong Latest => ulong.Min(StaysAt ?? ulong.MaxValue, Chain.Latest);

    public int NextId(int calls) => 0;

    public void Distrust()
    {
        // Every request here has its own answer.
    }

    public void Dispose()
    {
        // Nothing is held.
    }

    public async Task<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        OnRequest?.Invoke();
        bool isOdd = ++_requests % 2 == 1;
        switch (Lie)
        {
            case L1Lie.Slow:
                await new TaskCompletionSource().Task.WaitAsync(cancellation);
                break;
            case L1Lie.Garbage:
                return "<html>busy</html>"u8.ToArray();
            case L1Lie.NotUnicode:
                return "{\"id\":0,\"result\":\"\\ud800\"}"u8.ToArray();
            case L1Lie.Oversized:
                throw EthereumRpcException.TooLarge(4096);
            case L1Lie.Unreachable:
                throw new HttpRequestException("nobody listens");
            case L1Lie.Flapping when isOdd:
                throw new IOException("the connection broke");
            case L1Lie.Refusing:
                throw new EthereumRpcException(EthereumRpcFailure.HttpStatus, "429") { StatusCode = 429 };
            default:
                break;
        }

        JsonNode request = JsonNode.Parse(body.Span)!;
        JsonNode answer = request is JsonArray batch ? new JsonArray([.. batch.Select(call => (JsonNode?)Answer(call!))]) : Answer(request);
        return Encoding.UTF8.GetBytes(answer.ToJsonString());
    }

    private JsonObject Answer(JsonNode call)
    {
        string method = (string)call["method"]!;
        JsonArray parameters = call["params"]!.AsArray();
        Asked.Add(method);
        JsonNode? result = method switch
        {
            "eth_chainId" => EthereumJson.Quantity(Lie == L1Lie.WrongChainId ? 1 : SimulatedL1.ChainId),
            "eth_getBlockByNumber" => Header(Number((string)parameters[0]!) is { } number ? View().ByNumber(number) : null),
            "eth_getBlockByHash" => Header(View().ByHash(Hash32.Parse((string)parameters[0]!))),
            "eth_getBlockReceipts" => Receipts(View().ByHash(Hash32.Parse((string)parameters[0]!))),
            "eth_getProof" => Proof(View().ByHash(Hash32.Parse((string)parameters[2]!["blockHash"]!))),
            _ => throw new NotSupportedException(method),
        };
        return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["result"] = result };
    }

    /// <summary>The chain it speaks of.</summary>
    private SimulatedL1 View()
    {
        if (Lie != L1Lie.FinalizedConflict) return Chain;
        _own ??= Chain.Fork(1, fork: 99);
        _own.MineTo(Chain.Latest);
        return _own;
    }

    private ulong? Number(string tag)
    {
        if (Lie == L1Lie.TagsOutOfOrder) return tag switch { "finalized" => Latest, "latest" => Latest - 1, _ => null };
        ulong latest = Latest;
        return tag switch
        {
            "latest" => latest,
            "safe" => ulong.Max(latest, Chain.SafeLag) - Chain.SafeLag,
            "finalized" => ulong.Max(latest, Chain.FinalizedLag) - Chain.FinalizedLag,
            _ => ulong.Parse(tag.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is var number && number <= latest
                ? number
                : null,
        };
    }

    private JsonObject? Header(SimulatedBlock? block)
    {
        if (block is null || (block.Header.Number > Latest && Lie != L1Lie.FinalizedConflict)) return null;
        switch (Lie)
        {
            case L1Lie.OtherBlock:
                return SimulatedL1.ToJson(View()[block.Header.Number == 0 ? 1 : block.Header.Number - 1]);
            case L1Lie.HugeNumber when block.Header.Number > 3:
                EvmHeader huge = block.Header with { Number = block.Header.Number + 1_000_000_000 };
                return SimulatedL1.ToJson(block with { Header = huge, Hash = huge.ComputeHash() });
            default:
                break;
        }

        JsonObject json = SimulatedL1.ToJson(block);
        if (Lie == L1Lie.WrongHash) json["hash"] = Keccak256.Of([1]).ToString();
        if (Lie == L1Lie.WrongParent) json["parentHash"] = Keccak256.Of([2]).ToString();
        if (Lie == L1Lie.ForgedHeader) json["timestamp"] = "0x1";
        // Where it is empty already, it is filled.
        if (Lie == L1Lie.EmptyBloom)
            json["logsBloom"] = block.Header.LogsBloom.Equals(LogsBloom.Empty) ? "0x" + new string('f', 512) : LogsBloom.Empty.ToString();
        return json;
    }

    private JsonArray? Receipts(SimulatedBlock? block)
    {
        if (block is null) return null;
        JsonArray receipts = SimulatedL1.ReceiptsToJson(block);
        switch (Lie)
        {
            case L1Lie.ReceiptsMissing:
                receipts.RemoveAt(receipts.Count - 1);
                break;
            case L1Lie.ReceiptsChanged:
                receipts[0]!["cumulativeGasUsed"] = "0x1";
                break;
            case L1Lie.ReceiptsReordered:
                JsonNode first = receipts[0]!;
                receipts.RemoveAt(0);
                receipts.Add(first);
                break;
            case L1Lie.LogsOmitted:
                foreach (JsonNode? receipt in receipts)
                {
                    JsonArray logs = receipt!["logs"]!.AsArray();
                    foreach (JsonNode? log in logs.Where(log => (string)log!["address"]! == SimulatedL1.Contract.ToString()).ToArray()) logs.Remove(log);
                }

                break;
            default:
                break;
        }

        return receipts;
    }

    private JsonObject? Proof(SimulatedBlock? block)
    {
        if (block is null) return null;
        return SimulatedL1.ProofToJson(Lie == L1Lie.WrongProof ? View()[block.Header.Number - 1] : block);
    }
}

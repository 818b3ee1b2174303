using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>A namespace block as JSON: everything in it is the network's, nothing this node's, so operators' answers are equal.</summary>
public static class StreamJson
{
    public static object Of(StreamBlock block)
    {
        NamespaceBlock b = block.Block;
        var writer = new CanonicalWriter(NamespaceBlock.Size);
        b.Write(writer);
        return new
        {
            @namespace = b.Namespace.Value,
            number = b.Number,
            hash = block.Hash.ToString(),
            parentHash = b.ParentHash.ToString(),
            timestamp = b.Timestamp.Value,
            firstHeight = b.FirstHeight.Value,
            lastHeight = b.LastHeight.Value,
            count = b.Count,
            txRoot = b.TxRoot.ToString(),
            encoded = "0x" + Convert.ToHexStringLower(writer.Written),
            transactions = block.Transactions.Select(t =>
                new { id = t.Id.ToString(), validUntil = t.ValidUntil, data = "0x" + Convert.ToHexStringLower(t.Payload.Span) }),
        };
    }

    /// <summary>Serialized once per block and shared by all subscribers.</summary>
    public static byte[] Encode(StreamBlock block) => JsonSerializer.SerializeToUtf8Bytes(Of(block), RpcDispatcher.Json);
}

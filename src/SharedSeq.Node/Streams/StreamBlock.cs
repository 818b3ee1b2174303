using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>One transaction of a namespace block as a follower sees it.</summary>
public readonly record struct StreamTransaction(TxId Id, ulong ValidUntil, ReadOnlyMemory<byte> Payload);

/// <summary>
/// A closed namespace block with its transactions, built once and shared by all subscribers and the adapter. What is encoded for the wire is kept
/// with it, so that a hundred subscribers cost one encoding.
/// </summary>
public sealed class StreamBlock(NamespaceBlock block, Hash32 hash, BlockContent content, IBatchSource batches)
{
    private StreamTransaction[]? _transactions;
    private byte[]? _encoded;

    public NamespaceBlock Block { get; } = block;

    public Hash32 Hash { get; } = hash;

    public BlockContent Content { get; } = content;

    /// <summary>Read from the batches by the first who asks: a namespace nobody follows costs nothing.</summary>
    public IReadOnlyList<StreamTransaction> Transactions => _transactions ??= Read();

    /// <summary>The JSON of this block as subscribers get it, made by the first who asks.</summary>
    public byte[] Encoded(Func<StreamBlock, byte[]> encode) => _encoded ??= encode(this);

    private StreamTransaction[] Read()
    {
        var transactions = new StreamTransaction[Content.Count];
        BatchBody? body = null;
        LaneTip current = default;
        for (int i = 0; i < transactions.Length; i++)
        {
            (LaneTip tip, int index) = Content[i];
            if (body is null || tip != current)
            {
                body = batches.Get(tip);
                current = tip;
            }

            transactions[i] = new StreamTransaction(body.IdOf(index), body[index].ValidUntil, body.PayloadOf(index));
        }

        return transactions;
    }
}

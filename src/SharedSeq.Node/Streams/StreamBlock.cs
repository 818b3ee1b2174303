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
public sealed class StreamBlock(NamespaceBlock block, Hash32 hash, BlockContent content, BatchStore batches)
{
    private StreamTransaction[]? _transactions;
    private byte[]? _encoded;

    public NamespaceBlock Block { get; } = block;

    public Hash32 Hash { get; } = hash;

    public BlockContent Content { get; } = content;

    /// <summary>Read from the batches by the first who asks: a namespace nobody follows costs nothing.</summary>
    /// <exception cref="RpcException">The batches are pruned.</exception>
    public IReadOnlyList<StreamTransaction> Transactions => IsReadable()
        ? _transactions!
        : throw new RpcException(RpcError.Pruned, $"the transactions of block {Block.Number} are not kept here any more");

    /// <summary>Whether its transactions are here: the ledger keeps blocks for longer than the log keeps batches.</summary>
    public bool IsReadable() => (_transactions ??= Read()) is not null;

    /// <summary>The JSON of this block as subscribers get it, made by the first who asks.</summary>
    public byte[] Encoded(Func<StreamBlock, byte[]> encode) => _encoded ??= encode(this);

    private StreamTransaction[]? Read()
    {
        var transactions = new StreamTransaction[Content.Count];
        BatchBody? body = null;
        LaneTip current = default;
        for (int i = 0; i < transactions.Length; i++)
        {
            (LaneTip tip, int index) = Content[i];
            if (body is null || tip != current)
            {
                body = batches.Find(tip)?.Body;
                if (body is null) return null;
                current = tip;
            }

            transactions[i] = new StreamTransaction(body.IdOf(index), body[index].ValidUntil, body.PayloadOf(index));
        }

        return transactions;
    }
}

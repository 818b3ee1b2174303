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
        // Payloads are copied: a block with one transaction of a batch must not keep all of it.
        var transactions = new StreamTransaction[Content.Count];
        byte[] payloads = new byte[Block.Bytes - ((ulong)transactions.Length * BatchBody.RecordOverhead)];
        int used = 0;
        for (int i = 0; i < transactions.Length;)
        {
            (LaneTip tip, int index) = Content[i];
            if (batches.TryBorrow(tip) is not { } lease) return null;
            using BodyLease batch = lease;
            while (true)
            {
                TransactionRecord record = batch.Body[index];
                Memory<byte> payload = payloads.AsMemory(used, record.Payload.Length);
                record.Payload.CopyTo(payload.Span);
                used += payload.Length;
                transactions[i] = new StreamTransaction(batch.Body.IdOf(index), record.ValidUntil, payload);
                if (++i == transactions.Length) break;
                (LaneTip next, index) = Content[i];
                if (next != tip) break;
            }
        }

        return transactions;
    }
}

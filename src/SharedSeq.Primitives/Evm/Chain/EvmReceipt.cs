namespace SharedSeq.Primitives;

/// <summary>
/// A transaction's receipt as the chain commits to it, since Byzantium (a status, no state root). Its bloom is that of
/// its logs and therefore never taken from anyone.
/// </summary>
/// <param name="Type">The transaction's type of EIP-2718; 0 for legacy.</param>
/// <param name="HasSucceeded">Whether it ran to its end.</param>
/// <param name="CumulativeGasUsed">Gas of the block up to and with this transaction.</param>
/// <param name="Logs">In order.</param>
public sealed record EvmReceipt(byte Type, bool HasSucceeded, ulong CumulativeGasUsed, IReadOnlyList<EvmLog> Logs)
{
    /// <summary>The value in the receipts trie.</summary>
    public byte[] Encode()
    {
        var logs = new RlpWriter();
        foreach (EvmLog log in Logs)
        {
            var topics = new RlpWriter();
            foreach (Hash32 topic in log.Topics) topics.Bytes(topic.ToArray());
            logs.List(new RlpWriter().Address(log.Address).List(topics).Bytes(log.Content.Span));
        }

        RlpWriter items = new RlpWriter().Number(HasSucceeded ? 1UL : 0).Number(CumulativeGasUsed)
            .Bytes(LogsBloom.Of(Logs).Bits).List(logs);
        RlpWriter encoded = Type == 0 ? new RlpWriter() : new RlpWriter().Raw([Type]);
        return encoded.List(items).ToArray();
    }

    /// <summary>The root that a block with these receipts in this order has in its header.</summary>
    public static Hash32 RootOf(IReadOnlyList<EvmReceipt> receipts) =>
        PatriciaTrie.RootOfList([.. receipts.Select(receipt => receipt.Encode())]);
}

using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>A payload of the block, decoded; null where the bytes are no acceptable transaction.</summary>
internal static class PreparedTransactions
{
    /// <summary>
    /// Blocks from so many transactions on are decoded on all cores: recovering a sender takes about 30 microseconds.
    /// </summary>
    private const int ParallelFrom = 32;

    public static EvmTransaction?[] Decode(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        var decoded = new EvmTransaction?[payloads.Count];
        void DecodeOne(int index) => EvmTransaction.TryDecode(payloads[index], out decoded[index], out _);
        if (payloads.Count >= ParallelFrom) Parallel.For(0, payloads.Count, DecodeOne);
        else for (int i = 0; i < payloads.Count; i++) DecodeOne(i);
        return decoded;
    }
}

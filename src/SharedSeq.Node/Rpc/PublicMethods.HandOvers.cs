using SharedSeq.Primitives;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    /// <summary>Hand-overs in one answer. 256: a week of one-minute epochs is 40 calls, and an answer has half a megabyte with committees of four.</summary>
    private const int HandOversMax = 256;

    /// <summary>Bytes of hand-overs in one answer, as hex twice as many. 1 MiB: 47 committees of 128.</summary>
    private const int HandOverBytesMax = 1024 * 1024;

    /// <summary>sharedseq_getHandOvers(epoch): what leads from this epoch's committee to the next, and on from there, as much as one answer takes.</summary>
    private object GetHandOvers(RpcCall call)
    {
        var from = new Epoch(call.Number(0, "epoch"));
        if (from.Value > long.MaxValue) throw RpcCall.Bad("epoch", "is at most 2^63-1");
        IReadOnlyList<byte[]> page = node.Ledger.HandOverPage(from, HandOversMax, HandOverBytesMax);
        return new { epoch = from.Value, newest = node.Ledger.NewestEpoch().Value, handOvers = page.Select(item => Hex(item)) };
    }
}

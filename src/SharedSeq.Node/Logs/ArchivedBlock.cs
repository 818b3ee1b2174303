using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// A delivered height as the batch log keeps it: the block, what was resolved through carry blocks, its proof and the batches it orders. From these
/// and the batches everything behind ordering is rebuilt.
/// </summary>
public static class ArchivedBlock
{
    /// <summary>Batches one height can order: every lane by the most the vote rule allows.</summary>
    private const int MaxBatches = 65_535;

    public static byte[] Encode(CommittedBlock block)
    {
        var writer = new CanonicalWriter(1024 + (block.Batches.Count * LaneTip.Size));
        block.Block.Write(writer);
        writer.U64(block.Timestamp.Value);
        writer.Bool(block.Proof is not null);
        block.Proof?.Write(writer);
        writer.U16((ushort)block.Cut.Count);
        foreach (LaneTip tip in block.Cut) tip.Write(writer);
        writer.U16((ushort)block.Batches.Count);
        foreach (LaneTip tip in block.Batches) tip.Write(writer);
        return writer.ToArray();
    }

    public static CommittedBlock Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        Block block = Block.Read(ref reader);
        var timestamp = new TimestampMs(reader.U64());
        CommitProof? proof = reader.Bool() ? CommitProof.Read(ref reader) : null;
        LaneTip[] cut = ReadTips(ref reader, Header.MaxLanes, "cut");
        LaneTip[] batches = ReadTips(ref reader, MaxBatches, "batches");
        reader.End("archived block");
        return new CommittedBlock(block, timestamp, proof, batches, cut);
    }

    private static LaneTip[] ReadTips(ref CanonicalReader reader, int limit, string what)
    {
        var tips = new LaneTip[reader.Count(limit, LaneTip.Size, what)];
        for (int i = 0; i < tips.Length; i++) tips[i] = LaneTip.Read(ref reader);
        return tips;
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// A delivered height as the batch log keeps it: the block, what was resolved through carry blocks, its proof and the batches it orders, and in a network that
/// follows an L1 the inputs it brought. From these and the batches everything behind ordering is rebuilt; L1 is not asked again.
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
        if (block.View.IsNone) return writer.ToArray();
        block.View.Write(writer);
        block.Inputs.Write(writer);
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
        var archived = new CommittedBlock(block, timestamp, proof, batches, cut);
        if (reader.Remaining > 0) archived = ReadL1(archived, ref reader);
        reader.End("archived block");
        return archived;
    }

    /// <summary>Only heights of a network that follows an L1 have this.</summary>
    private static CommittedBlock ReadL1(CommittedBlock block, ref CanonicalReader reader)
    {
        L1View view = L1View.Read(ref reader);
        if (view.IsNone) DecodeException.Throw(DecodeRejection.NotCanonical, "an L1 view that is none is not written");
        return block with { View = view, Inputs = L1Inputs.Read(ref reader) };
    }

    private static LaneTip[] ReadTips(ref CanonicalReader reader, int limit, string what)
    {
        var tips = new LaneTip[reader.Count(limit, LaneTip.Size, what)];
        for (int i = 0; i < tips.Length; i++) tips[i] = LaneTip.Read(ref reader);
        return tips;
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Asks for the block with this hash and up to Ancestors blocks below it, newest first. A replica that is behind walks back from the block of a
/// commit proof to what it has delivered.
/// </summary>
public sealed class BlockRequest(Epoch epoch, BlockId block, ushort ancestors) : PeerMessage
{
    /// <summary>Ancestors per request: 255 headers of a small committee stay below 256 KiB.</summary>
    public const int MaxAncestors = 255;

    public override MessageKind Kind => MessageKind.BlockRequest;

    public Epoch Epoch { get; } = epoch;

    public BlockId Block { get; } = block;

    public ushort Ancestors { get; } = ancestors;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        Block.Write(writer);
        writer.U16(Ancestors);
    }

    public static BlockRequest Read(ref CanonicalReader reader)
    {
        var request = new BlockRequest(new Epoch(reader.U64()), BlockId.Read(ref reader), reader.U16());
        if (request.Ancestors > MaxAncestors) DecodeException.Throw(DecodeRejection.OverLimit, "ancestors");
        if (request.Block.IsSkip) DecodeException.Throw(DecodeRejection.Malformed, "skip has no block");
        return request;
    }
}

/// <summary>The answer to a <see cref="BlockRequest"/>: a chain of blocks, newest first, each the parent of the one before it.</summary>
public sealed class BlockResponse(IReadOnlyList<Block> blocks) : PeerMessage
{
    public override MessageKind Kind => MessageKind.BlockResponse;

    public IReadOnlyList<Block> Blocks { get; } = blocks;

    public override void Write(CanonicalWriter writer)
    {
        writer.U16((ushort)Blocks.Count);
        foreach (Block block in Blocks) block.Write(writer);
    }

    public static BlockResponse Read(ref CanonicalReader reader)
    {
        var blocks = new Block[reader.Count(BlockRequest.MaxAncestors + 1, 100, "blocks")];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = Block.Read(ref reader);
            if (i > 0 && blocks[i].Header.Hash != blocks[i - 1].Header.ParentHash)
                DecodeException.Throw(DecodeRejection.NotCanonical, "each block of a response is the parent of the one before it");
        }

        return new BlockResponse(blocks);
    }
}

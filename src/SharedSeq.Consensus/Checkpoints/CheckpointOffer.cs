using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Why an offered checkpoint can not be one, whoever signed its certificate.</summary>
public enum OfferFault
{
    None = 0,

    /// <summary>Its result carries no state root.</summary>
    NoStateRoot = 1,

    /// <summary>Its first block is not the one that the result names.</summary>
    OtherBlock = 2,

    /// <summary>Its blocks do not lead to one that has a cut.</summary>
    NoCut = 3,
}

/// <summary>
/// A checkpoint that a member can serve: the certificate of its result, which has the root of the whole ordering state and the hash of its block; that
/// block with its ancestors down to the nearest that is no carry block, which has its cut and time; and the pieces that the state travels in.
/// </summary>
/// <param name="Certificate">Verified by whoever receives it.</param>
/// <param name="Blocks">The block of the height, then its ancestors.</param>
/// <param name="Pieces">What is to be fetched. Honest members list the same for the same height.</param>
public sealed record CheckpointOffer(ResultCertificate Certificate, IReadOnlyList<Block> Blocks, PieceList Pieces)
{
    /// <summary>Blocks of one offer. 64: carry blocks come one or two in a row; a checkpoint behind more is not offered.</summary>
    public const int MaxBlocks = 64;

    /// <summary>The height whose state it is.</summary>
    public Height Height => Certificate.Result.Height;

    /// <summary>The block of the height.</summary>
    public Block Block => Blocks[0];

    /// <summary>Its timestamp, resolved through carry blocks.</summary>
    public TimestampMs Timestamp => Blocks[^1].Header.Timestamp;

    /// <summary>Its cut, resolved through carry blocks.</summary>
    public IReadOnlyList<LaneTip> Cut => Blocks[^1].Header.Tips;

    /// <summary>What contradicts itself in it. That blocks follow each other is checked by reading; signatures are not checked here.</summary>
    public OfferFault Fault()
    {
        BlockResult result = Certificate.Result;
        if (result.StateRoot.IsZero) return OfferFault.NoStateRoot;
        Header header = Block.Header;
        if (header.Hash != result.BlockHash || header.Height != result.Height || header.Epoch != result.Epoch) return OfferFault.OtherBlock;
        for (int i = 0; i < Blocks.Count - 1; i++)
        {
            if (!Blocks[i].Header.IsCarry) return OfferFault.NoCut;
        }

        return Blocks[^1].Header.IsCarry ? OfferFault.NoCut : OfferFault.None;
    }

    public void Write(CanonicalWriter writer)
    {
        Certificate.Write(writer);
        writer.U16((ushort)Blocks.Count);
        foreach (Block block in Blocks) block.Write(writer);
        Pieces.Write(writer);
    }

    public static CheckpointOffer Read(ref CanonicalReader reader)
    {
        ResultCertificate certificate = ResultCertificate.Read(ref reader);
        var blocks = new Block[reader.Count(MaxBlocks, 100, "blocks of a checkpoint")];
        if (blocks.Length == 0) DecodeException.Throw(DecodeRejection.Malformed, "a checkpoint has a block");
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = Block.Read(ref reader);
            if (i > 0 && (blocks[i].Header.Hash != blocks[i - 1].Header.ParentHash || blocks[i].Header.Height.Value + 1 != blocks[i - 1].Header.Height.Value))
                DecodeException.Throw(DecodeRejection.NotCanonical, "each block of a checkpoint is the parent of the one before it");
        }

        return new CheckpointOffer(certificate, blocks, PieceList.Read(ref reader));
    }
}

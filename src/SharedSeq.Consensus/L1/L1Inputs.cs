using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What the network read in one L1 block. Consensus does not look into the items; ordering does.</summary>
/// <param name="number">Of the L1 block.</param>
/// <param name="hash">Of the L1 block.</param>
/// <param name="timestamp">Of the L1 block, in seconds.</param>
/// <param name="items">The block's inputs in L1's order, as ordering encodes them; empty in most blocks.</param>
public sealed class L1BlockInputs(ulong number, Hash32 hash, ulong timestamp, ReadOnlyMemory<byte> items)
{
    /// <summary>Bytes in front of the items.</summary>
    public const int Overhead = 8 + Hash32.Size + 8 + 4;

    public ulong Number { get; } = number;

    public Hash32 Hash { get; } = hash;

    public ulong Timestamp { get; } = timestamp;

    public ReadOnlyMemory<byte> Items { get; } = items;

    /// <summary>SHA-256("SharedSeq.l1Inputs" || digest of the block before || encoding): the digest behind this block.</summary>
    public Hash32 DigestAfter(Hash32 before)
    {
        var writer = new CanonicalWriter(64 + Overhead + Items.Length);
        writer.Raw("SharedSeq.l1Inputs"u8);
        writer.Hash(before);
        Write(writer);
        return Sha.Of(writer.Written);
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Number);
        writer.Hash(Hash);
        writer.U64(Timestamp);
        writer.Bytes(Items.Span);
    }

    public static L1BlockInputs Read(ref CanonicalReader reader) =>
        new(reader.U64(), reader.Hash(), reader.U64(), reader.Bytes(L1Inputs.MaxBytes, "inputs of an L1 block").ToArray());
}

/// <summary>
/// The inputs of the L1 blocks between two views: what a height that advances the view is delivered with. Whoever knows both views knows whether these
/// are the ones.
/// </summary>
public sealed class L1Inputs
{
    /// <summary>L1 blocks by which one height may advance the view at most, whatever the policy says.</summary>
    public const int MaxBlocks = 256;

    /// <summary>
    /// Bytes of all items. 2 MiB: more than a full L1 block of call data can bring, and together with the blocks' own fields it fits a bulk frame.
    /// </summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>Of a height that does not advance the view.</summary>
    public static readonly L1Inputs None = new([]);

    public L1Inputs(IReadOnlyList<L1BlockInputs> blocks) => Blocks = blocks;

    /// <summary>One for each L1 block, without gaps.</summary>
    public IReadOnlyList<L1BlockInputs> Blocks { get; }

    public bool IsNone => Blocks.Count == 0;

    /// <summary>Whether these lead from one view to the other: every block between them is here, and nothing else.</summary>
    public bool Leads(L1View before, L1View after)
    {
        if (IsNone || after.Number <= before.Number || (ulong)Blocks.Count != after.Number - before.Number) return false;
        if (Blocks[0].Number != before.Number + 1 || Blocks[^1].Hash != after.Hash) return false;
        Hash32 digest = before.InputsDigest;
        foreach (L1BlockInputs block in Blocks) digest = block.DigestAfter(digest);
        return digest == after.InputsDigest;
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U16((ushort)Blocks.Count);
        foreach (L1BlockInputs block in Blocks) block.Write(writer);
    }

    public static L1Inputs Read(ref CanonicalReader reader)
    {
        var blocks = new L1BlockInputs[reader.Count(MaxBlocks, L1BlockInputs.Overhead, "L1 blocks")];
        int bytes = 0;
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = L1BlockInputs.Read(ref reader);
            bytes += blocks[i].Items.Length;
            if (bytes > MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "bytes of L1 inputs");
            if (i > 0 && blocks[i].Number != blocks[i - 1].Number + 1) DecodeException.Throw(DecodeRejection.NotCanonical, "L1 blocks follow one another");
        }

        return blocks.Length == 0 ? None : new L1Inputs(blocks);
    }
}

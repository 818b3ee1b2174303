using System.Collections.Generic;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A block of a namespace is in its certified chain: the blocks above it lead to the head at a certified height.</summary>
public sealed class NamespaceBlockProof(NamespaceBlock block, IReadOnlyList<NamespaceBlock> above, NamespaceHeadProof head) : Proof
{
    /// <summary>Blocks above the one proved. Most proofs need none; 4,096 are 0.7 MB.</summary>
    public const int MaxAbove = 4_096;

    public override ProofKind Kind => ProofKind.NamespaceBlock;

    public override Epoch Epoch => Head.Certificate.Result.Epoch;

    /// <summary>The block proved.</summary>
    public NamespaceBlock Block { get; } = block;

    /// <summary>The blocks after it, up to the head's, ascending; empty when it is the head's.</summary>
    public IReadOnlyList<NamespaceBlock> Above { get; } = above;

    public NamespaceHeadProof Head { get; } = head;

    public override void Write(CanonicalWriter writer)
    {
        Block.Write(writer);
        writer.U16((ushort)Above.Count);
        foreach (NamespaceBlock item in Above) item.Write(writer);
        Head.Write(writer);
    }

    public static NamespaceBlockProof Read(ref CanonicalReader reader)
    {
        NamespaceBlock block = NamespaceBlock.Read(ref reader);
        var above = new NamespaceBlock[reader.Count(MaxAbove, NamespaceBlock.Size, "blocks above")];
        for (int i = 0; i < above.Length; i++) above[i] = NamespaceBlock.Read(ref reader);
        return new NamespaceBlockProof(block, above, NamespaceHeadProof.Read(ref reader));
    }

    public override ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = Head.Check(trust);
        if (!verdict.IsValid) return verdict;
        NamespaceBlock newest = Block;
        Hash32 hash = Block.Hash;
        foreach (NamespaceBlock next in Above)
        {
            if (next.Namespace != newest.Namespace || next.Number != newest.Number + 1 || next.ParentHash != hash)
                return new ProofVerdict(ProofFault.BrokenChain, $"block {next.Number} does not follow block {newest.Number}");
            newest = next;
            hash = next.Hash;
        }

        if (newest.Namespace != Head.Head.Namespace || newest.Number != Head.Head.Number || hash != Head.Head.Hash)
            return new ProofVerdict(ProofFault.WrongCommitment, $"block {newest.Number} is not the head at the certified height");
        return ProofVerdict.Valid;
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        ProofJson.Write(writer, "block", Block);
        writer.WriteNumber("blocksAbove", Above.Count);
        Head.WriteJson(writer);
    }
}

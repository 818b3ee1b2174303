using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A transaction has its place in a namespace block: in a closed one, or in the part of the open one that is committed.</summary>
public sealed class TransactionProof : Proof
{
    private TransactionProof(TxId id, MerkleProof path, NamespaceBlockProof? block, NamespaceHeadProof head)
    {
        Id = id;
        Path = path;
        Block = block;
        Head = head;
    }

    public override ProofKind Kind => ProofKind.Transaction;

    public override Epoch Epoch => Head.Certificate.Result.Epoch;

    public TxId Id { get; }

    /// <summary>From the TxId, which is the leaf hash, to the block's TxRoot. Its index is the place in the block.</summary>
    public MerkleProof Path { get; }

    /// <summary>The closed block; null when the block was still open at the certified height.</summary>
    public NamespaceBlockProof? Block { get; }

    public NamespaceHeadProof Head { get; }

    /// <summary>Number of the block that the transaction is in.</summary>
    public ulong Number => Block?.Block.Number ?? Head.Head.Number + 1;

    public static TransactionProof InBlock(TxId id, MerkleProof path, NamespaceBlockProof block) => new(id, path, block, block.Head);

    public static TransactionProof InOpenBlock(TxId id, MerkleProof path, NamespaceHeadProof head) => new(id, path, null, head);

    public override void Write(CanonicalWriter writer)
    {
        writer.Hash(Id.Value);
        Path.Write(writer);
        writer.Bool(Block is not null);
        if (Block is not null) Block.Write(writer);
        else Head.Write(writer);
    }

    public static TransactionProof Read(ref CanonicalReader reader)
    {
        var id = new TxId(reader.Hash());
        MerkleProof path = MerkleProof.Read(ref reader);
        return reader.Bool()
            ? InBlock(id, path, NamespaceBlockProof.Read(ref reader))
            : InOpenBlock(id, path, NamespaceHeadProof.Read(ref reader));
    }

    public override ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = Block?.Check(trust) ?? Head.Check(trust);
        if (!verdict.IsValid) return verdict;
        Hash32 root = Block?.Block.TxRoot ?? Head.Head.OpenRoot;
        uint count = Block?.Block.Count ?? Head.Head.OpenCount;
        return Path.Count == count && Path.Verify(root, Id.Value)
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.WrongCommitment, $"transaction {Id} is not at place {Path.Index} of block {Number}");
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteString("txId", Id.ToString());
        writer.WriteNumber("place", Path.Index);
        writer.WriteNumber("blockNumber", Number);
        writer.WriteBoolean("isOpenBlock", Block is null);
        if (Block is not null) Block.WriteJson(writer);
        else Head.WriteJson(writer);
    }
}

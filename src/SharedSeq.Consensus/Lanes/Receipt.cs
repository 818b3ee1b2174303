using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Proof that one transaction was accepted (ordering.md 5): the batch it is in is certified, itself or by a later batch of its lane, and the
/// network owes a place for it in the cut of the header at <see cref="Deadline"/>. It speaks of the transaction by its fields and the hash of its
/// payload, or by its TxId alone where the payload is nobody else's business; both are checked the same way, because the TxId is the leaf.
/// </summary>
/// <param name="Transaction">The TxId, which is the leaf hash in the batch.</param>
/// <param name="Path">From the leaf to the batch's transaction root.</param>
/// <param name="Header">Header of the batch the transaction is in.</param>
/// <param name="Later">Headers of the batches after it up to the certified one, ascending; empty when the PoA is of the batch itself.</param>
/// <param name="Proof">The PoA.</param>
public sealed record Receipt(
    TxId Transaction, MerkleProof Path, BatchHeader Header, IReadOnlyList<BatchHeader> Later, ProofOfAvailability Proof)
{
    /// <summary>D: heights from the highest one an Ack of the PoA names to the deadline. Policy; default 3,000, 6 s at 500 heights a second.</summary>
    public const ulong DefaultDeadlineHeights = 3_000;

    /// <summary>Headers between batch and PoA: as many as a lane may be ahead of the committed cut.</summary>
    public const int MaxLater = 256;

    /// <summary>The place in its lane that must be covered by the deadline.</summary>
    public LaneTip Place => Header.Tip;

    /// <summary>The header of this height shows whether the promise was kept.</summary>
    /// <param name="deadlineHeights">D of the policy.</param>
    public Height Deadline(ulong deadlineHeights)
    {
        // A faulty acker may name any height.
        ulong highest = Proof.HighestHeight.Value;
        return new Height(highest > ulong.MaxValue - deadlineHeights ? ulong.MaxValue : highest + deadlineHeights);
    }

    /// <summary>The receipt of one transaction of a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="tree">The tree over the batch's leaf hashes, made once for all its receipts.</param>
    /// <param name="index">The transaction's place in the batch.</param>
    /// <param name="later">Headers of the lane after the batch, up to the one the PoA is of.</param>
    /// <param name="proof">The PoA.</param>
    public static Receipt Of(Batch batch, MerkleTree tree, int index, IReadOnlyList<BatchHeader> later, ProofOfAvailability proof)
    {
        Invariant.Check(tree.Root == batch.Header.TransactionRoot, "the tree is the batch's");
        return new Receipt(batch.Body.IdOf(index), tree.Prove(index), batch.Header, later, proof);
    }

    public void Write(CanonicalWriter writer)
    {
        writer.Hash(Transaction.Value);
        Path.Write(writer);
        Header.Write(writer);
        writer.U16((ushort)Later.Count);
        foreach (BatchHeader header in Later) header.Write(writer);
        Proof.Write(writer);
    }

    public byte[] Encode()
    {
        var writer = new CanonicalWriter(1024);
        Write(writer);
        return writer.ToArray();
    }

    public static Receipt Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        Receipt receipt = Read(ref reader);
        reader.End("receipt");
        return receipt;
    }

    public static Receipt Read(ref CanonicalReader reader)
    {
        var transaction = new TxId(reader.Hash());
        MerkleProof path = MerkleProof.Read(ref reader);
        BatchHeader header = BatchHeader.Read(ref reader);
        var later = new BatchHeader[reader.Count(MaxLater, BatchHeader.Size, "headers of a receipt")];
        for (int i = 0; i < later.Length; i++) later[i] = BatchHeader.Read(ref reader);
        return new Receipt(transaction, path, header, later, ProofOfAvailability.Read(ref reader));
    }
}

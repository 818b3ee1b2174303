using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Why a receipt proves nothing. Values are stable.</summary>
public enum ReceiptRejection
{
    None = 0,

    /// <summary>The path does not lead from the transaction to the batch's root, or is of a tree of another size.</summary>
    NotInBatch = 1,

    /// <summary>The headers between the batch and the certified one do not follow each other.</summary>
    HeadersDoNotChain = 2,

    /// <summary>The PoA is of another batch than the headers end in.</summary>
    ProofOfAnotherBatch = 3,

    /// <summary>The PoA is of another epoch than the verifier's committee.</summary>
    WrongEpoch = 4,

    /// <summary>The PoA names somebody outside the committee.</summary>
    UnknownMember = 5,

    /// <summary>A signature of the PoA does not verify.</summary>
    BadSignature = 6,

    /// <summary>The PoA has fewer than q Acks.</summary>
    TooFewSignatures = 7,

    /// <summary>The deadline is more than 2D above what the client knows to be committed: an Ack names a height that cannot be (ordering.md 5).</summary>
    DeadlineTooFar = 8,
}

/// <summary>What a verified receipt promises.</summary>
/// <param name="Transaction">The transaction.</param>
/// <param name="Place">Its batch's place in the lane, which the cut has to cover.</param>
/// <param name="Deadline">The committed header of this height decides.</param>
public readonly record struct ReceiptPromise(TxId Transaction, LaneTip Place, Height Deadline);

/// <summary>Checks receipts against a committee. Pure; a light client runs the same code.</summary>
/// <param name="verifier">Checks the PoA: its committee comes from the genesis the client trusts, never from the receipt.</param>
/// <param name="deadlineHeights">D of the policy.</param>
public sealed class ReceiptVerifier(MessageVerifier verifier, ulong deadlineHeights = Receipt.DefaultDeadlineHeights)
{
    /// <param name="receipt">The receipt.</param>
    /// <param name="newestKnown">The newest height the client has verified, or null when it knows none and cannot judge the deadline.</param>
    /// <param name="promise">What it promises.</param>
    public ReceiptRejection TryVerify(Receipt receipt, Height? newestKnown, out ReceiptPromise promise)
    {
        promise = default;
        BatchHeader header = receipt.Header;
        bool isInBatch = receipt.Path.Count == (ulong)header.TransactionCount
            && receipt.Path.Verify(header.TransactionRoot, receipt.Transaction.Value);
        if (!isInBatch) return ReceiptRejection.NotInBatch;
        BatchHeader last = header;
        foreach (BatchHeader next in receipt.Later)
        {
            if (!next.Follows(last)) return ReceiptRejection.HeadersDoNotChain;
            last = next;
        }

        if (receipt.Proof.Tip != last.Tip) return ReceiptRejection.ProofOfAnotherBatch;
        VerificationRejection reason = verifier.TryVerify(receipt.Proof, isKnown: null, out _);
        if (reason != VerificationRejection.None) return OfProof(reason);
        Height deadline = receipt.Deadline(deadlineHeights);
        if (newestKnown is { } known && deadline.Value > known.Value + (2 * deadlineHeights)) return ReceiptRejection.DeadlineTooFar;
        promise = new ReceiptPromise(receipt.Transaction, receipt.Place, deadline);
        return ReceiptRejection.None;
    }

    private static ReceiptRejection OfProof(VerificationRejection reason) => reason switch
    {
        VerificationRejection.WrongEpoch => ReceiptRejection.WrongEpoch,
        VerificationRejection.UnknownMember => ReceiptRejection.UnknownMember,
        VerificationRejection.TooFewSignatures => ReceiptRejection.TooFewSignatures,
        _ => ReceiptRejection.BadSignature,
    };
}

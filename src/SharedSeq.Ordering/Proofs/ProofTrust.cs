using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What a verifier trusts: the genesis, or a later checkpoint, and every committee that follows from it. Single-threaded.</summary>
public sealed class ProofTrust
{
    private readonly CommitteeChain _chain;
    private readonly ISignatureScheme _scheme;

    /// <summary>Trusts a genesis.</summary>
    public ProofTrust(Genesis genesis, ISignatureScheme scheme)
        : this(new CommitteeChain(genesis, scheme), scheme)
    {
    }

    /// <param name="chain">The committees known so far; verified hand-overs of proof files extend it.</param>
    /// <param name="scheme">Checks signatures.</param>
    public ProofTrust(CommitteeChain chain, ISignatureScheme scheme)
    {
        _chain = chain;
        _scheme = scheme;
    }

    public Genesis Genesis => _chain.Genesis;

    /// <summary>Takes a hand-over, which tells the committee of the epoch after its own. Those before a trusted checkpoint are passed over.</summary>
    internal ProofVerdict Take(HandOver handOver)
    {
        HandOverRejection reason = _chain.TryExtend(handOver);
        return reason == HandOverRejection.BeforeCheckpoint ? ProofVerdict.Valid : Judge(handOver, reason);
    }

    /// <summary>Whether the hand-over leads from a known committee, or is the checkpoint; it is taken, too.</summary>
    public ProofVerdict Check(HandOver handOver)
    {
        HandOverRejection reason = _chain.TryExtend(handOver);
        return reason == HandOverRejection.BeforeCheckpoint ? Unknown("hand-over", handOver.Ended) : Judge(handOver, reason);
    }

    public ProofVerdict Check(ResultCertificate certificate) =>
        VerifierOf(certificate.Result.Epoch) is { } verifier
            ? Translate(verifier.TryVerify(certificate, out _), "result certificate")
            : Unknown("result certificate", certificate.Result.Epoch);

    public ProofVerdict Check(CommitProof proof) =>
        VerifierOf(proof.Epoch) is { } verifier ? Translate(verifier.TryVerify(proof, out _), "commit proof") : Unknown("commit proof", proof.Epoch);

    public ProofVerdict Check(Evidence evidence) =>
        VerifierOf(evidence.Epoch) is { } verifier ? Translate(verifier.TryVerify(evidence, out _), "evidence") : Unknown("evidence", evidence.Epoch);

    /// <summary>Checks a receipt apart from whether its deadline is near: a file is checked without knowing the newest height.</summary>
    public ProofVerdict Check(Receipt receipt)
    {
        const string What = "proof of availability";
        Epoch epoch = receipt.Proof.Tip.Lane.Epoch;
        if (VerifierOf(epoch) is not { } verifier) return Unknown(What, epoch);
        ReceiptRejection reason = new ReceiptVerifier(verifier, Genesis.Policy.ReceiptDeadlineHeights).TryVerify(receipt, newestKnown: null, out _);
        return reason switch
        {
            ReceiptRejection.None => ProofVerdict.Valid,
            ReceiptRejection.NotInBatch => new ProofVerdict(ProofFault.WrongCommitment, "the transaction is not in the batch"),
            ReceiptRejection.HeadersDoNotChain => new ProofVerdict(ProofFault.BrokenChain, "the batches' headers do not follow one another"),
            ReceiptRejection.ProofOfAnotherBatch => new ProofVerdict(ProofFault.WrongCommitment, "the proof of availability is of another batch"),
            ReceiptRejection.WrongEpoch => new ProofVerdict(ProofFault.UnknownEpoch, What),
            ReceiptRejection.UnknownMember => new ProofVerdict(ProofFault.UnknownMember, What),
            ReceiptRejection.TooFewSignatures => new ProofVerdict(ProofFault.TooFewSignatures, What),
            _ => new ProofVerdict(ProofFault.BadSignature, What),
        };
    }

    private string Known =>
        _chain.Newest is { } newest ? $"committees are known up to epoch {newest}" : "the checkpoint that is trusted was not shown";

    private MessageVerifier? VerifierOf(Epoch epoch) =>
        _chain.Of(epoch) is { } committee ? new MessageVerifier(Genesis.Domain, committee, _scheme) : null;

    private ProofVerdict Judge(HandOver handOver, HandOverRejection reason)
    {
        if (reason == HandOverRejection.None) return ProofVerdict.Valid;
        string where = reason == HandOverRejection.WrongEpoch ? $"; {Known}" : "";
        return new ProofVerdict(ProofFault.BadHandOver, $"from epoch {handOver.Ended} to epoch {handOver.Next.Epoch}: {reason}{where}");
    }

    private ProofVerdict Unknown(string what, Epoch epoch) =>
        new(ProofFault.UnknownEpoch, $"{what} of epoch {epoch}: {Known}; hand-overs lead further");

    private static ProofVerdict Translate(VerificationRejection reason, string what) => reason switch
    {
        VerificationRejection.None => ProofVerdict.Valid,
        VerificationRejection.UnknownMember => new ProofVerdict(ProofFault.UnknownMember, what),
        VerificationRejection.WrongEpoch => new ProofVerdict(ProofFault.UnknownEpoch, what),
        VerificationRejection.TooFewSignatures => new ProofVerdict(ProofFault.TooFewSignatures, what),
        VerificationRejection.NoContradiction => new ProofVerdict(ProofFault.NoContradiction, what),
        _ => new ProofVerdict(ProofFault.BadSignature, what),
    };
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What a proof file proves. Values are pinned.</summary>
public enum ProofKind : byte
{
    /// <summary>A BlockResult is certified, and with it the commit of its height.</summary>
    Result = 1,

    /// <summary>A namespace block belongs to the certified chain of its namespace.</summary>
    NamespaceBlock = 2,

    /// <summary>A transaction has its place in a namespace block, closed or open.</summary>
    Transaction = 3,

    /// <summary>A namespace is not registered.</summary>
    NamespaceAbsence = 4,

    /// <summary>A header is committed.</summary>
    Commit = 5,

    /// <summary>A transaction was accepted, and until which height it must be in the cut.</summary>
    Receipt = 6,

    /// <summary>A committed transaction was left out for good, and why.</summary>
    Rejection = 7,

    /// <summary>A member signed two statements that contradict each other.</summary>
    Evidence = 8,
}

/// <summary>Why a proof is refused.</summary>
public enum ProofFault
{
    None = 0,

    /// <summary>The file does not start like a proof file.</summary>
    NotAProofFile = 1,

    /// <summary>A format that this code does not know.</summary>
    UnsupportedVersion = 2,

    /// <summary>The file's own digest does not match: it was cut or changed on its way.</summary>
    Damaged = 3,

    /// <summary>A proof of another network than the genesis given.</summary>
    WrongNetwork = 4,

    /// <summary>A kind of proof that this code does not know.</summary>
    UnknownKind = 5,

    /// <summary>The content is not well-formed.</summary>
    Malformed = 6,

    /// <summary>Signed in an epoch whose committee is not known here.</summary>
    UnknownEpoch = 7,

    /// <summary>Signed by somebody outside the committee.</summary>
    UnknownMember = 8,

    /// <summary>Fewer signatures than the threshold.</summary>
    TooFewSignatures = 9,

    /// <summary>A signature does not verify.</summary>
    BadSignature = 10,

    /// <summary>A Merkle path does not lead to the certified root, or a hash is not the certified one.</summary>
    WrongCommitment = 11,

    /// <summary>Headers or blocks that should follow one another do not.</summary>
    BrokenChain = 12,

    /// <summary>Evidence whose two statements may both be an honest member's.</summary>
    NoContradiction = 13,
}

/// <summary>The outcome of checking a proof.</summary>
/// <param name="Fault">None when it holds.</param>
/// <param name="Detail">For people: what exactly is wrong.</param>
public readonly record struct ProofVerdict(ProofFault Fault, string Detail)
{
    public static readonly ProofVerdict Valid = new(ProofFault.None, "");

    public bool IsValid => Fault == ProofFault.None;

    public override string ToString() => IsValid ? "valid" : $"{Fault}: {Detail}";
}

/// <summary>A self-contained statement that is checked against a genesis alone; trust never comes from the proof.</summary>
public abstract class Proof
{
    public abstract ProofKind Kind { get; }

    /// <summary>Writes the content, without the file's opening.</summary>
    public abstract void Write(CanonicalWriter writer);

    /// <summary>Checks everything that the proof claims.</summary>
    public abstract ProofVerdict Check(ProofTrust trust);

    /// <summary>Writes the fields of one JSON object, for people.</summary>
    public abstract void WriteJson(System.Text.Json.Utf8JsonWriter writer);

    internal static Proof Read(ProofKind kind, ref CanonicalReader reader)
    {
        switch (kind)
        {
            case ProofKind.Result: return ResultProof.Read(ref reader);
            case ProofKind.NamespaceBlock: return NamespaceBlockProof.Read(ref reader);
            case ProofKind.Transaction: return TransactionProof.Read(ref reader);
            case ProofKind.NamespaceAbsence: return NamespaceAbsenceProof.Read(ref reader);
            case ProofKind.Commit: return HeaderProof.Read(ref reader);
            case ProofKind.Receipt: return ReceiptProof.Read(ref reader);
            case ProofKind.Rejection: return RejectionProof.Read(ref reader);
            case ProofKind.Evidence: return EvidenceProof.Read(ref reader);
            default:
                DecodeException.Throw(DecodeRejection.UnknownValue, $"proof kind {(byte)kind}");
                return null!;
        }
    }
}

/// <summary>What a verifier trusts: the committee that it was given, and how signatures are checked.</summary>
public sealed class ProofTrust
{
    private readonly MessageVerifier _verifier;

    public ProofTrust(Genesis genesis, ISignatureScheme scheme)
    {
        Genesis = genesis;
        _verifier = new MessageVerifier(genesis.Domain, genesis.Committee, scheme);
    }

    public Genesis Genesis { get; }

    public ProofVerdict Check(ResultCertificate certificate) => Translate(_verifier.TryVerify(certificate, out _), "result certificate");

    public ProofVerdict Check(CommitProof proof) => Translate(_verifier.TryVerify(proof, out _), "commit proof");

    public ProofVerdict Check(Evidence evidence) => Translate(_verifier.TryVerify(evidence, out _), "evidence");

    /// <summary>Checks a receipt apart from whether its deadline is near: a file is checked without knowing the newest height.</summary>
    public ProofVerdict Check(Receipt receipt)
    {
        ReceiptRejection reason = new ReceiptVerifier(_verifier, Genesis.Policy.ReceiptDeadlineHeights).TryVerify(receipt, newestKnown: null, out _);
        return reason switch
        {
            ReceiptRejection.None => ProofVerdict.Valid,
            ReceiptRejection.NotInBatch => new ProofVerdict(ProofFault.WrongCommitment, "the transaction is not in the batch"),
            ReceiptRejection.HeadersDoNotChain => new ProofVerdict(ProofFault.BrokenChain, "the batches' headers do not follow one another"),
            ReceiptRejection.ProofOfAnotherBatch => new ProofVerdict(ProofFault.WrongCommitment, "the proof of availability is of another batch"),
            ReceiptRejection.WrongEpoch => new ProofVerdict(ProofFault.UnknownEpoch, "proof of availability"),
            ReceiptRejection.UnknownMember => new ProofVerdict(ProofFault.UnknownMember, "proof of availability"),
            ReceiptRejection.TooFewSignatures => new ProofVerdict(ProofFault.TooFewSignatures, "proof of availability"),
            _ => new ProofVerdict(ProofFault.BadSignature, "proof of availability"),
        };
    }

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

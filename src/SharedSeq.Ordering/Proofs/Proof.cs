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

    /// <summary>Who serves an epoch, by the hand-over of the epoch before.</summary>
    Committee = 9,
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

    /// <summary>A hand-over in the file does not lead from a committee that is known to the next.</summary>
    BadHandOver = 14,

    /// <summary>Signed, it says, in an epoch that can not have begun yet: nobody is asked for the way there.</summary>
    ImpossibleEpoch = 15,
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

/// <summary>A statement that is checked against the genesis, and the committees that follow from it; trust never comes from the proof.</summary>
public abstract class Proof
{
    public abstract ProofKind Kind { get; }

    /// <summary>The epoch whose committee signed it.</summary>
    public abstract Epoch Epoch { get; }

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
            case ProofKind.Committee: return CommitteeProof.Read(ref reader);
            default:
                DecodeException.Throw(DecodeRejection.UnknownValue, $"proof kind {(byte)kind}");
                return null!;
        }
    }
}

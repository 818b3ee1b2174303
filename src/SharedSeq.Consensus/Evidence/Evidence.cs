using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Provable misbehaviour E1 to E7 (consensus.md 8): two signed statements that an honest member never makes both. Values are pinned.</summary>
public enum EvidenceKind : byte
{
    /// <summary>E1: two proposals of one leader in one slot.</summary>
    TwoProposals = 1,

    /// <summary>E2: two First votes of one voter in one slot with different values.</summary>
    TwoFirstVotes = 2,

    /// <summary>E3: Final(B) together with a First or Extra for another value in that slot.</summary>
    FinalAndOther = 3,

    /// <summary>E4: two different Finals in one slot.</summary>
    TwoFinals = 4,

    /// <summary>E5: two different batches for one place of a lane.</summary>
    TwoBatches = 5,

    /// <summary>E6: two Acks for one place of a lane with different digests.</summary>
    TwoAcks = 6,

    /// <summary>E7: two different result votes of one member for one height.</summary>
    TwoResults = 7,
}

/// <summary>One signed statement as evidence: the signed text without its opening's domain, and the signature.</summary>
/// <param name="SignedKind">Which kind of text was signed.</param>
/// <param name="Content">The signed text behind the opening (tag, version, chain id, epoch, kind).</param>
/// <param name="Signature">The offender's signature over opening and content.</param>
public sealed record SignedStatement(SignedKind SignedKind, ReadOnlyMemory<byte> Content, Signature64 Signature)
{
    /// <summary>Bytes of content: the longest signed text is a result vote's.</summary>
    public const int MaxContentBytes = 512;

    public void Write(CanonicalWriter writer)
    {
        writer.Byte((byte)SignedKind);
        writer.Bytes(Content.Span);
        writer.Signature(Signature);
    }

    public static SignedStatement Read(ref CanonicalReader reader)
    {
        var kind = (SignedKind)reader.Byte();
        if (!Enum.IsDefined(kind)) DecodeException.Throw(DecodeRejection.UnknownValue, "kind of a signed statement");
        return new SignedStatement(kind, reader.Bytes(MaxContentBytes, "signed content").ToArray(), reader.Signature());
    }
}

/// <summary>Self-contained proof of misbehaviour: the offender and two of its signed statements.</summary>
public sealed class Evidence(EvidenceKind evidenceKind, Epoch epoch, ReplicaId offender, SignedStatement first, SignedStatement second)
    : PeerMessage
{
    public override MessageKind Kind => MessageKind.Evidence;

    public EvidenceKind EvidenceKind { get; } = evidenceKind;

    public Epoch Epoch { get; } = epoch;

    public ReplicaId Offender { get; } = offender;

    public SignedStatement First { get; } = first;

    public SignedStatement Second { get; } = second;

    /// <summary>What the offender is convicted of. One item for each is enough: it may sign contradictions of one kind without end.</summary>
    public (Epoch Epoch, ReplicaId Offender, EvidenceKind Kind) Charge => (Epoch, Offender, EvidenceKind);

    /// <summary>Names the offence. Signatures are left out, because an offender could make any number of them for the same two statements.</summary>
    public Hash32 Id { get; } = IdOf(evidenceKind, epoch, offender, first, second);

    public override void Write(CanonicalWriter writer)
    {
        writer.Byte((byte)EvidenceKind);
        writer.U64(Epoch.Value);
        writer.U16(Offender.Value);
        First.Write(writer);
        Second.Write(writer);
    }

    public static Evidence Read(ref CanonicalReader reader)
    {
        var kind = (EvidenceKind)reader.Byte();
        if (!Enum.IsDefined(kind)) DecodeException.Throw(DecodeRejection.UnknownValue, "kind of evidence");
        return new Evidence(
            kind, new Epoch(reader.U64()), new ReplicaId(reader.U16()), SignedStatement.Read(ref reader), SignedStatement.Read(ref reader));
    }

    /// <summary>The two statements count in either order.</summary>
    private static Hash32 IdOf(EvidenceKind kind, Epoch epoch, ReplicaId offender, SignedStatement first, SignedStatement second)
    {
        var writer = new CanonicalWriter();
        writer.Raw("SharedSeq.offence"u8);
        writer.Byte((byte)kind);
        writer.U64(epoch.Value);
        writer.U16(offender.Value);
        bool isSwapped = first.Content.Span.SequenceCompareTo(second.Content.Span) > 0;
        writer.Bytes((isSwapped ? second : first).Content.Span);
        writer.Bytes((isSwapped ? first : second).Content.Span);
        return Sha.Of(writer.Written);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Decides whether two signed statements are ones that an honest member never makes both (E1 to E7). Signatures are checked elsewhere.</summary>
public static class Contradiction
{
    public static bool Holds(Evidence evidence, Committee committee)
    {
        try
        {
            return evidence.EvidenceKind switch
            {
                EvidenceKind.TwoProposals => AreTwoProposals(evidence, committee),
                EvidenceKind.TwoFirstVotes => AreVotes(evidence, SignedKind.FirstVote, SignedKind.FirstVote),
                EvidenceKind.FinalAndOther => AreVotes(evidence, SignedKind.FinalVote, SignedKind.FirstVote)
                    || AreVotes(evidence, SignedKind.FinalVote, SignedKind.ExtraVote),
                EvidenceKind.TwoFinals => AreVotes(evidence, SignedKind.FinalVote, SignedKind.FinalVote),
                EvidenceKind.TwoBatches => AreAcks(evidence) && AckedLane(evidence.First).Author == evidence.Offender,
                EvidenceKind.TwoAcks => AreAcks(evidence) && AckedLane(evidence.First).Author != evidence.Offender,
                EvidenceKind.TwoResults => AreTwoResults(evidence),
                _ => false,
            };
        }
        catch (DecodeException)
        {
            return false;
        }
    }

    private static bool AreTwoProposals(Evidence evidence, Committee committee)
    {
        if (!AreVotes(evidence, SignedKind.Proposal, SignedKind.Proposal)) return false;
        var reader = new CanonicalReader(evidence.First.Content.Span);
        return committee.LeaderOf(new Slot(reader.U64())) == evidence.Offender;
    }

    /// <summary>Proposals and votes share the layout slot || block id: same slot, different values.</summary>
    private static bool AreVotes(Evidence evidence, SignedKind first, SignedKind second)
    {
        if (evidence.First.SignedKind != first || evidence.Second.SignedKind != second) return false;
        (Slot slotA, BlockId a) = ReadSlotAndValue(evidence.First);
        (Slot slotB, BlockId b) = ReadSlotAndValue(evidence.Second);
        return slotA == slotB && a != b;
    }

    private static (Slot Slot, BlockId Value) ReadSlotAndValue(SignedStatement statement)
    {
        var reader = new CanonicalReader(statement.Content.Span);
        var slot = new Slot(reader.U64());
        BlockId value = BlockId.Read(ref reader);
        reader.End("signed vote");
        return (slot, value);
    }

    private static bool AreAcks(Evidence evidence)
    {
        if (evidence.First.SignedKind != SignedKind.Ack || evidence.Second.SignedKind != SignedKind.Ack) return false;
        LaneTip a = ReadAck(evidence.First);
        LaneTip b = ReadAck(evidence.Second);
        return a.Lane == b.Lane && a.Lane.Epoch == evidence.Epoch && a.Seq == b.Seq && a.Digest != b.Digest;
    }

    private static LaneId AckedLane(SignedStatement statement) => ReadAck(statement).Lane;

    private static LaneTip ReadAck(SignedStatement statement)
    {
        var reader = new CanonicalReader(statement.Content.Span);
        LaneTip tip = LaneTip.Read(ref reader);
        reader.U64();
        reader.End("signed ack");
        return tip;
    }

    private static bool AreTwoResults(Evidence evidence)
    {
        if (evidence.First.SignedKind != SignedKind.ResultVote || evidence.Second.SignedKind != SignedKind.ResultVote) return false;
        var a = new CanonicalReader(evidence.First.Content.Span);
        var b = new CanonicalReader(evidence.Second.Content.Span);
        bool isSameHeight = a.U64() == b.U64();
        bool isSameResult = a.Hash() == b.Hash();
        a.End("signed result");
        b.End("signed result");
        return isSameHeight && !isSameResult;
    }
}

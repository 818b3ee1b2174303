using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Makes evidence E1 to E4 out of two verified statements of one member.</summary>
internal static class VoteEvidence
{
    /// <summary>E1. Both signatures were verified when the proposals came in.</summary>
    public static Verified<Evidence> OfProposals(ReplicaId leader, Epoch epoch, Slot slot, Candidate first, Proposal second) =>
        new(new Evidence(
            EvidenceKind.TwoProposals, epoch, leader,
            Statement(SignedKind.Proposal, slot, first.Block.Id, first.Signature),
            Statement(SignedKind.Proposal, slot, second.Block.Id, second.Signature)));

    /// <summary>E2 to E4. E3 puts the Final first.</summary>
    public static Verified<Evidence> OfVotes(EvidenceKind kind, Vote earlier, Vote later)
    {
        bool isSwapped = kind == EvidenceKind.FinalAndOther && later.VoteKind == VoteKind.Final;
        Vote first = isSwapped ? later : earlier;
        Vote second = isSwapped ? earlier : later;
        return new Verified<Evidence>(new Evidence(kind, later.Epoch, later.Voter, Statement(first), Statement(second)));
    }

    private static SignedStatement Statement(Vote vote) =>
        Statement((SignedKind)((byte)SignedKind.FirstVote + (byte)vote.VoteKind - 1), vote.Slot, vote.Value, vote.Signature);

    private static SignedStatement Statement(SignedKind kind, Slot slot, BlockId value, Signature64 signature)
    {
        var writer = new CanonicalWriter(8 + BlockId.Size);
        writer.U64(slot.Value);
        value.Write(writer);
        return new SignedStatement(kind, writer.ToArray(), signature);
    }
}

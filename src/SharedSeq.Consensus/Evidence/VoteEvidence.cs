using System;
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

    /// <summary>E2 to E4 out of a certificate that came: who sent this replica one vote and somebody else another is caught by the certificate that the
    /// other one went into.</summary>
    public static void Compare(ReplicaState state, Notarization certificate) =>
        Compare(state, certificate.Slot, certificate.Value, certificate.Signatures, ofSupport: true, VoteKind.First);

    /// <inheritdoc cref="Compare(ReplicaState, Notarization)"/>
    public static void Compare(ReplicaState state, CommitProof proof) => Compare(
        state, proof.Slot, proof.Block, proof.Signatures, ofSupport: false, proof.Path == CommitPath.Fast ? VoteKind.First : VoteKind.Final);

    private static void Compare(
        ReplicaState state, Slot at, BlockId value, ReadOnlySpan<CertificateSignature> signatures, bool ofSupport, VoteKind kind)
    {
        if (state.Slots.Find(at) is not { } slot) return;
        foreach (CertificateSignature item in signatures)
        {
            var vote = new Vote(state.Committee.Epoch, at, ofSupport && item.IsExtra ? VoteKind.Extra : kind, value, item.Voter, item.Signature);
            PooledVote found = slot.Pool.Compare(vote);
            if (found.Against is not { } earlier) continue;
            state.Trace($"E{(byte)found.Kind}", at, $"{found.Kind} by {item.Voter}, seen in a certificate");
            state.Evidence.Add(OfVotes(found.Kind, earlier, vote), state.Effects);
        }
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

using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Checks one signature. P-256 in a node; a cheap deterministic stand-in in the simulator, which cannot forge either.</summary>
public interface ISignatureScheme
{
    bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature);
}

/// <summary>Why a statement was not accepted as verified. Also a metric label.</summary>
public enum VerificationRejection
{
    None = 0,

    /// <summary>Names a replica outside the committee.</summary>
    UnknownMember = 1,

    /// <summary>Belongs to another epoch.</summary>
    WrongEpoch = 2,

    /// <summary>A signature does not verify.</summary>
    BadSignature = 3,

    /// <summary>A certificate has fewer signatures than its threshold.</summary>
    TooFewSignatures = 4,

    /// <summary>Evidence whose two statements do not contradict each other.</summary>
    NoContradiction = 5,
}

/// <summary>
/// Turns statements into <see cref="Verified{T}"/> by checking them against the epoch's committee. Pure and without state: any thread may use it,
/// outside the replica. A light client runs the same code.
/// </summary>
public sealed class MessageVerifier(SigningDomain domain, Committee committee, ISignatureScheme scheme)
{
    public SigningDomain Domain { get; } = domain;

    public Committee Committee { get; } = committee;

    public VerificationRejection TryVerify(Vote vote, out Verified<Vote> verified)
    {
        verified = default;
        if (vote.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(vote.Voter)) return VerificationRejection.UnknownMember;
        var text = new CanonicalWriter(96);
        Vote.WriteSignedText(text, Domain, vote.Epoch, vote.Slot, vote.VoteKind, vote.Value);
        if (!scheme.Verify(Committee[vote.Voter].VoteKey, text.Written, vote.Signature)) return VerificationRejection.BadSignature;
        verified = new Verified<Vote>(vote);
        return VerificationRejection.None;
    }

    /// <summary>Checks the leader's signature only; PoAs and certificates inside are verified one by one by the caller.</summary>
    public VerificationRejection TryVerify(Proposal proposal, out Verified<Proposal> verified)
    {
        verified = default;
        Header header = proposal.Block.Header;
        if (header.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        var text = new CanonicalWriter(96);
        Proposal.WriteSignedText(text, Domain, header.Epoch, header.Slot, header.Id);
        PublicKey64 key = Committee[Committee.LeaderOf(header.Slot)].VoteKey;
        if (!scheme.Verify(key, text.Written, proposal.Signature)) return VerificationRejection.BadSignature;
        verified = new Verified<Proposal>(proposal);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(Notarization certificate, out Verified<Notarization> verified)
    {
        verified = default;
        if (certificate.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (certificate.Signatures.Length < Committee.Quorum.Quorum) return VerificationRejection.TooFewSignatures;
        var text = new CanonicalWriter(96);
        foreach (CertificateSignature item in certificate.Signatures)
        {
            if (!Committee.Has(item.Voter)) return VerificationRejection.UnknownMember;
            VoteKind kind = item.IsExtra ? VoteKind.Extra : VoteKind.First;
            text.Reset();
            Vote.WriteSignedText(text, Domain, certificate.Epoch, certificate.Slot, kind, certificate.Value);
            if (!scheme.Verify(Committee[item.Voter].VoteKey, text.Written, item.Signature)) return VerificationRejection.BadSignature;
        }

        verified = new Verified<Notarization>(certificate);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(CommitProof proof, out Verified<CommitProof> verified)
    {
        verified = default;
        if (proof.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        bool isFast = proof.Path == CommitPath.Fast;
        int needed = isFast ? Committee.Quorum.FastQuorum : Committee.Quorum.Quorum;
        if (proof.Signatures.Length < needed) return VerificationRejection.TooFewSignatures;
        var text = new CanonicalWriter(96);
        Vote.WriteSignedText(text, Domain, proof.Epoch, proof.Slot, isFast ? VoteKind.First : VoteKind.Final, proof.Block);
        VerificationRejection reason = VerifyAll(proof.Signatures, text);
        if (reason == VerificationRejection.None) verified = new Verified<CommitProof>(proof);
        return reason;
    }

    public VerificationRejection TryVerify(Status status, out Verified<Status> verified)
    {
        verified = default;
        if (status.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(status.Replica)) return VerificationRejection.UnknownMember;
        var text = new CanonicalWriter(96);
        Status.WriteSignedText(text, Domain, status.Epoch, status.FinalSlot, status.Final, status.Current);
        if (!scheme.Verify(Committee[status.Replica].NodeKey, text.Written, status.Signature)) return VerificationRejection.BadSignature;
        verified = new Verified<Status>(status);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(ViewReport report, out Verified<ViewReport> verified)
    {
        verified = default;
        if (report.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(report.Reporter)) return VerificationRejection.UnknownMember;
        var text = new CanonicalWriter(128);
        ViewReport.WriteSignedText(text, Domain, report.Epoch, report.Number, report.Hash, report.InputsDigest);
        if (!scheme.Verify(Committee[report.Reporter].NodeKey, text.Written, report.Signature)) return VerificationRejection.BadSignature;
        verified = new Verified<ViewReport>(report);
        return VerificationRejection.None;
    }

    /// <summary>Checks the q reports by which a payload advances the view. Not for one that carries none.</summary>
    public VerificationRejection TryVerify(Payload payload, out Verified<Payload> verified)
    {
        verified = default;
        if (payload.Reports.Count < Committee.Quorum.Quorum) return VerificationRejection.TooFewSignatures;
        L1View view = payload.L1View;
        var text = new CanonicalWriter(128);
        ViewReport.WriteSignedText(text, Domain, Committee.Epoch, view.Number, view.Hash, view.InputsDigest);
        foreach (ReportSignature report in payload.Reports)
        {
            if (!Committee.Has(report.Reporter)) return VerificationRejection.UnknownMember;
            if (!scheme.Verify(Committee[report.Reporter].NodeKey, text.Written, report.Signature)) return VerificationRejection.BadSignature;
        }

        verified = new Verified<Payload>(payload);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(Ack ack, out Verified<Ack> verified)
    {
        verified = default;
        VerificationRejection reason = VerifyAck(ack.Tip, ack.Acker, ack.Height, ack.Signature);
        if (reason == VerificationRejection.None) verified = new Verified<Ack>(ack);
        return reason;
    }

    /// <summary>The author's signature on a batch is its Ack.</summary>
    public VerificationRejection TryVerify(Batch batch, out Verified<Batch> verified)
    {
        verified = default;
        VerificationRejection reason = VerifyAck(batch.Tip, batch.Header.Lane.Author, batch.AuthorHeight, batch.Signature);
        if (reason == VerificationRejection.None) verified = new Verified<Batch>(batch);
        return reason;
    }

    /// <param name="proof">The PoA.</param>
    /// <param name="isKnown">Acks already verified by the caller, which then are not checked again; null checks all.</param>
    /// <param name="verified">The PoA, verified.</param>
    public VerificationRejection TryVerify(
        ProofOfAvailability proof, Func<LaneTip, AckSignature, bool>? isKnown, out Verified<ProofOfAvailability> verified)
    {
        verified = default;
        if (proof.Acks.Length < Committee.Quorum.Quorum) return VerificationRejection.TooFewSignatures;
        foreach (AckSignature ack in proof.Acks)
        {
            if (isKnown is not null && isKnown(proof.Tip, ack)) continue;
            VerificationRejection reason = VerifyAck(proof.Tip, ack.Acker, ack.Height, ack.Signature);
            if (reason != VerificationRejection.None) return reason;
        }

        if (!Committee.Has(proof.Tip.Lane.Author)) return VerificationRejection.UnknownMember;
        verified = new Verified<ProofOfAvailability>(proof);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(ResultVote vote, out Verified<ResultVote> verified)
    {
        verified = default;
        if (vote.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(vote.Voter)) return VerificationRejection.UnknownMember;
        var text = new CanonicalWriter(96);
        ResultVote.WriteSignedText(text, Domain, vote.Epoch, vote.Height, vote.ResultHash);
        if (!scheme.Verify(Committee[vote.Voter].VoteKey, text.Written, vote.Signature)) return VerificationRejection.BadSignature;
        verified = new Verified<ResultVote>(vote);
        return VerificationRejection.None;
    }

    public VerificationRejection TryVerify(ResultCertificate certificate, out Verified<ResultCertificate> verified)
    {
        verified = default;
        BlockResult result = certificate.Result;
        if (result.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (certificate.Signatures.Length < Committee.Quorum.Quorum) return VerificationRejection.TooFewSignatures;
        var text = new CanonicalWriter(96);
        ResultVote.WriteSignedText(text, Domain, result.Epoch, result.Height, result.Hash);
        VerificationRejection reason = VerifyAll(certificate.Signatures, text);
        if (reason == VerificationRejection.None) verified = new Verified<ResultCertificate>(certificate);
        return reason;
    }

    /// <summary>Checks that both statements are the offender's and that they contradict each other as the kind says.</summary>
    public VerificationRejection TryVerify(Evidence evidence, out Verified<Evidence> verified)
    {
        verified = default;
        if (evidence.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(evidence.Offender)) return VerificationRejection.UnknownMember;
        if (!Contradiction.Holds(evidence, Committee)) return VerificationRejection.NoContradiction;
        if (!IsSigned(evidence, evidence.First) || !IsSigned(evidence, evidence.Second)) return VerificationRejection.BadSignature;
        verified = new Verified<Evidence>(evidence);
        return VerificationRejection.None;
    }

    private bool IsSigned(Evidence evidence, SignedStatement statement)
    {
        var text = new CanonicalWriter(SignedStatement.MaxContentBytes);
        Domain.Open(text, evidence.Epoch, statement.SignedKind);
        text.Raw(statement.Content.Span);
        CommitteeMember member = Committee[evidence.Offender];
        bool byNode = statement.SignedKind is SignedKind.Ack or SignedKind.Status or SignedKind.ViewReport or SignedKind.Attestation;
        return scheme.Verify(byNode ? member.NodeKey : member.VoteKey, text.Written, statement.Signature);
    }

    private VerificationRejection VerifyAck(LaneTip tip, ReplicaId acker, Height height, Signature64 signature)
    {
        if (tip.Lane.Epoch != Committee.Epoch) return VerificationRejection.WrongEpoch;
        if (!Committee.Has(acker) || !Committee.Has(tip.Lane.Author)) return VerificationRejection.UnknownMember;
        var text = new CanonicalWriter(96);
        Ack.WriteSignedText(text, Domain, tip, height);
        return scheme.Verify(Committee[acker].NodeKey, text.Written, signature) ? VerificationRejection.None : VerificationRejection.BadSignature;
    }

    private VerificationRejection VerifyAll(ReadOnlySpan<CertificateSignature> signatures, CanonicalWriter text)
    {
        foreach (CertificateSignature item in signatures)
        {
            if (!Committee.Has(item.Voter)) return VerificationRejection.UnknownMember;
            if (!scheme.Verify(Committee[item.Voter].VoteKey, text.Written, item.Signature)) return VerificationRejection.BadSignature;
        }

        return VerificationRejection.None;
    }
}

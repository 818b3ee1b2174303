using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>What a shell does with a message of consensus that arrived: each statement is verified and becomes an input of the replica.</summary>
internal static class ReceivedMessage
{
    /// <summary>The slot of a message that means nothing once the slot is committed; the shell then saves verifying it.</summary>
    public static Slot? SlotOf(PeerMessage message) => message switch
    {
        Vote vote => vote.Slot,
        Proposal proposal => proposal.Slot,
        Notarization certificate => certificate.Slot,
        CommitProof proof => proof.Slot,
        _ => null,
    };

    /// <summary>Whether a message of the present epoch means something only from a session with a seat.</summary>
    public static bool TakesSeat(PeerMessage message) =>
        message is Vote or Proposal or Notarization or Status or CertificateResponse;

    /// <param name="ofEpoch">Checks what a proposal carries of ended epochs; null for an epoch that is not known.</param>
    /// <param name="verifier">Checks signatures and limits of the message's epoch.</param>
    /// <param name="from">The seat of the session it came by; null for one without, of which nothing is read that takes a seat.</param>
    /// <param name="message">The message.</param>
    /// <param name="inputs">Receives what verifies.</param>
    /// <param name="reason">Why the message, or a part of it, was refused.</param>
    /// <returns>False when the message is none of the replica's: it belongs to ordering or asks for batches.</returns>
    public static bool TryRead(
        Func<Epoch, MessageVerifier?> ofEpoch, MessageVerifier verifier, ReplicaId? from, PeerMessage message, List<ReplicaInput> inputs,
        out VerificationRejection reason)
    {
        reason = VerificationRejection.None;
        ReplicaInput input;
        switch (message)
        {
            case Vote m:
                reason = verifier.TryVerify(m, out Verified<Vote> vote);
                input = new ReplicaInput.VoteReceived(from!.Value, vote);
                break;
            case Proposal m:
                reason = verifier.TryVerify(m, out Verified<Proposal> proposal);
                if (reason != VerificationRejection.None) return true;
                input = Unpack(ofEpoch, verifier, from!.Value, proposal);
                break;
            case Notarization m:
                reason = verifier.TryVerify(m, out Verified<Notarization> certificate);
                input = new ReplicaInput.NotarizationReceived(from!.Value, certificate);
                break;
            case CommitProof m:
                reason = verifier.TryVerify(m, out Verified<CommitProof> commit);
                input = new ReplicaInput.CommitProofReceived(from, commit);
                break;
            case CertificateResponse m:
                reason = Unpack(verifier, from!.Value, m, inputs);
                return true;
            case Status m:
                reason = verifier.TryVerify(m, out Verified<Status> status);
                input = new ReplicaInput.StatusReceived(from!.Value, status);
                break;
            case Batch m:
                reason = verifier.TryVerify(m, out Verified<Batch> batch);
                input = new ReplicaInput.BatchReceived(from, batch);
                break;
            case Ack m:
                reason = verifier.TryVerify(m, out Verified<Ack> ack);
                input = new ReplicaInput.AckReceived(from, ack);
                break;
            case ProofOfAvailability m:
                reason = verifier.TryVerify(m, null, out Verified<ProofOfAvailability> proof);
                input = new ReplicaInput.ProofReceived(from, proof);
                break;
            case Evidence m:
                reason = verifier.TryVerify(m, out Verified<Evidence> evidence);
                input = new ReplicaInput.EvidenceReceived(from, evidence);
                break;
            case ViewReport m:
                reason = verifier.TryVerify(m, out Verified<ViewReport> report);
                input = new ReplicaInput.ViewReportReceived(from, report);
                break;
            case L1InputsResponse m: input = new ReplicaInput.L1InputsReceived(m.Inputs); break;
            case CertificateRequest m: input = new ReplicaInput.CertificateRequestReceived(from!.Value, m); break;
            case BlockRequest m: input = new ReplicaInput.BlockRequestReceived(from!.Value, m); break;
            case BlockResponse m: input = new ReplicaInput.BlocksReceived(from, m); break;
            case BatchResponse m: input = new ReplicaInput.BatchesReceived(from, m); break;
            default: return false;
        }

        if (reason == VerificationRejection.None) inputs.Add(input);
        return true;
    }

    /// <summary>What a proposal carries is verified item by item; an item that fails is left out.</summary>
    private static ReplicaInput.ProposalReceived Unpack(
        Func<Epoch, MessageVerifier?> ofEpoch, MessageVerifier verifier, ReplicaId from, Verified<Proposal> proposal)
    {
        var proofs = new List<Verified<ProofOfAvailability>>();
        foreach (ProofOfAvailability item in proposal.Value.Proofs)
        {
            if (ofEpoch(item.Tip.Lane.Epoch)?.TryVerify(item, null, out Verified<ProofOfAvailability> proof) == VerificationRejection.None)
                proofs.Add(proof);
        }

        Verified<Notarization>? parent = null;
        Justification justification = proposal.Value.Justification;
        if (justification.Parent is { } certificate
            && verifier.TryVerify(certificate, out Verified<Notarization> verified) == VerificationRejection.None)
            parent = verified;
        var skips = new List<Verified<Notarization>>();
        foreach (Notarization item in justification.Skips)
        {
            if (verifier.TryVerify(item, out Verified<Notarization> skip) == VerificationRejection.None) skips.Add(skip);
        }

        var evidence = new List<Verified<Evidence>>();
        foreach (Evidence item in proposal.Value.Block.Payload.Evidence)
        {
            if (ofEpoch(item.Epoch)?.TryVerify(item, out Verified<Evidence> verifiedEvidence) == VerificationRejection.None) evidence.Add(verifiedEvidence);
        }

        Verified<Payload>? reported = null;
        Payload payload = proposal.Value.Block.Payload;
        if (payload.Reports.Count > 0 && verifier.TryVerify(payload, out Verified<Payload> checkedPayload) == VerificationRejection.None)
            reported = checkedPayload;
        return new ReplicaInput.ProposalReceived(from, proposal, proofs, parent, skips, evidence) { Reported = reported };
    }

    private static VerificationRejection Unpack(
        MessageVerifier verifier, ReplicaId from, CertificateResponse response, List<ReplicaInput> inputs)
    {
        foreach (Notarization item in response.Certificates)
        {
            VerificationRejection reason = verifier.TryVerify(item, out Verified<Notarization> verified);
            if (reason != VerificationRejection.None) return reason;
            inputs.Add(new ReplicaInput.NotarizationReceived(from, verified));
        }

        if (response.CommitProof is not { } proof) return VerificationRejection.None;
        VerificationRejection commitReason = verifier.TryVerify(proof, out Verified<CommitProof> commit);
        if (commitReason == VerificationRejection.None) inputs.Add(new ReplicaInput.CommitProofReceived(from, commit));
        return commitReason;
    }
}

using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Sessions with the other members, and what arrives by them: decoded, verified, handed to the replica.</summary>
public sealed partial class SimulatedNode
{
    private const int PingEveryUs = 250_000;

    private const int SilentUs = 1_000_000;

    private const int PingsPerOrderingTick = 4;

    private readonly PeerSession[] _peers;
    private int _pings;

    private struct PeerSession
    {
        public long HeardUs;
        public bool IsConnected;
    }

    /// <summary>Bytes arrive: garbage is dropped and counted, an honest sender's bytes must decode.</summary>
    public void OnFrame(ReplicaId from, byte[] frame)
    {
        if (!IsUp) return;
        PeerMessage message;
        try
        {
            message = MessageCodec.Decode(frame);
        }
        catch (DecodeException e)
        {
            Run.Coverage.FramesRefused++;
            if (Run.Nodes[from.Value].IsHonest) Run.Violate("Codec", $"replica {Id} refused a frame of honest {from}: {e.Message}");
            return;
        }

        OnArrival(from, message);
    }

    /// <summary>A message arrives, or a ping when it is null.</summary>
    public void OnArrival(ReplicaId from, PeerMessage? message)
    {
        if (!IsUp) return;
        Heard(from);
        if (message is null)
        {
            Submit(new ReplicaInput.PeerHeard(from));
            return;
        }

        foreach (Attacker attacker in _attackers) attacker.OnReceived(from, message);
        if (!IsUp) return;
        VerificationRejection reason = Dispatch(from, message);
        if (reason == VerificationRejection.None) return;
        Run.Coverage.StatementsRefused++;
        if (Run.Nodes[from.Value].IsHonest)
            Run.Violate("Verification", $"replica {Id} refused a {message.Kind} of honest {from}: {reason}");
    }

    private void Heard(ReplicaId from)
    {
        ref PeerSession session = ref _peers[from.Value];
        session.HeardUs = Run.Schedule.NowUs;
        if (session.IsConnected) return;
        session.IsConnected = true;
        Submit(new ReplicaInput.PeerConnected(from));
        _collector.OnPeerConnected(from, _resultEffects);
        CarryOutResults();
    }

    private void Ping(int incarnation)
    {
        if (!IsUp || incarnation != _incarnation) return;
        for (int i = 0; i < _peers.Length; i++)
        {
            var peer = new ReplicaId((ushort)i);
            if (peer == Id) continue;
            SendOne(peer, null);
            if (!_peers[i].IsConnected || Run.Schedule.NowUs - _peers[i].HeardUs < SilentUs) continue;
            _peers[i].IsConnected = false;
            Submit(new ReplicaInput.PeerDisconnected(peer));
        }

        if (++_pings % PingsPerOrderingTick == 0) TickOrdering();
        CompactVoteLog();
        Run.Schedule.After(PingEveryUs, () => Ping(incarnation));
    }

    /// <summary>In some runs the vote log is replaced by the replica's snapshot now and then, as a node does when a segment is full.</summary>
    private void CompactVoteLog()
    {
        if (!Run.Settings.CompactsVoteLog || Run.Random.Below(3) != 0 || !_replica!.CanSnapshot || !Disk.VoteLog.IsAtRest) return;
        Disk.VoteLog.Replace(_replica.Snapshot());
        Run.Coverage.Compactions++;
    }

    private VerificationRejection Dispatch(ReplicaId from, PeerMessage message)
    {
        VerificationRejection reason = VerificationRejection.None;
        if (SlotOf(message) is { } slot && slot <= _replica!.FinalSlot)
        {
            Submit(new ReplicaInput.StaleReceived(from, slot));
            return reason;
        }

        ReplicaInput? input = null;
        switch (message)
        {
            case Vote m:
                reason = Run.Verifier.TryVerify(m, out Verified<Vote> vote);
                input = new ReplicaInput.VoteReceived(from, vote);
                break;
            case Proposal m:
                reason = Run.Verifier.TryVerify(m, out Verified<Proposal> proposal);
                if (reason == VerificationRejection.None) input = Unpack(from, proposal);
                break;
            case Notarization m:
                reason = Run.Verifier.TryVerify(m, out Verified<Notarization> certificate);
                input = new ReplicaInput.NotarizationReceived(from, certificate);
                break;
            case CommitProof m:
                reason = Run.Verifier.TryVerify(m, out Verified<CommitProof> commit);
                input = new ReplicaInput.CommitProofReceived(from, commit);
                break;
            case CertificateResponse m:
                return Unpack(from, m);
            case Status m:
                reason = Run.Verifier.TryVerify(m, out Verified<Status> status);
                input = new ReplicaInput.StatusReceived(from, status);
                break;
            case Batch m:
                reason = Run.Verifier.TryVerify(m, out Verified<Batch> batch);
                input = new ReplicaInput.BatchReceived(from, batch);
                break;
            case Ack m:
                reason = Run.Verifier.TryVerify(m, out Verified<Ack> ack);
                input = new ReplicaInput.AckReceived(from, ack);
                break;
            case ProofOfAvailability m:
                reason = Run.Verifier.TryVerify(m, null, out Verified<ProofOfAvailability> proof);
                input = new ReplicaInput.ProofReceived(from, proof);
                break;
            case Evidence m:
                reason = Run.Verifier.TryVerify(m, out Verified<Evidence> evidence);
                input = new ReplicaInput.EvidenceReceived(from, evidence);
                break;
            case CertificateRequest m: input = new ReplicaInput.CertificateRequestReceived(from, m); break;
            case BlockRequest m: input = new ReplicaInput.BlockRequestReceived(from, m); break;
            case BlockResponse m: input = new ReplicaInput.BlocksReceived(from, m); break;
            case BatchResponse m: input = new ReplicaInput.BatchesReceived(from, m); break;
            case BatchRequest m: ServeBatches(from, m); return reason;
            default: return DispatchToOrdering(from, message);
        }

        if (reason == VerificationRejection.None && input is not null) Submit(input);
        return reason;
    }

    /// <summary>The slot of a message that means nothing once the slot is committed; the shell then saves verifying it.</summary>
    private static Slot? SlotOf(PeerMessage message) => message switch
    {
        Vote vote => vote.Slot,
        Proposal proposal => proposal.Slot,
        Notarization certificate => certificate.Slot,
        CommitProof proof => proof.Slot,
        _ => null,
    };

    private ReplicaInput.ProposalReceived Unpack(ReplicaId from, Verified<Proposal> proposal)
    {
        var proofs = new List<Verified<ProofOfAvailability>>();
        foreach (ProofOfAvailability item in proposal.Value.Proofs)
        {
            if (Run.Verifier.TryVerify(item, null, out Verified<ProofOfAvailability> proof) == VerificationRejection.None) proofs.Add(proof);
        }

        Verified<Notarization>? parent = null;
        Justification justification = proposal.Value.Justification;
        if (justification.Parent is { } certificate
            && Run.Verifier.TryVerify(certificate, out Verified<Notarization> verified) == VerificationRejection.None)
            parent = verified;
        var skips = new List<Verified<Notarization>>();
        foreach (Notarization item in justification.Skips)
        {
            if (Run.Verifier.TryVerify(item, out Verified<Notarization> skip) == VerificationRejection.None) skips.Add(skip);
        }

        var evidence = new List<Verified<Evidence>>();
        foreach (Evidence item in proposal.Value.Block.Payload.Evidence)
        {
            if (Run.Verifier.TryVerify(item, out Verified<Evidence> verifiedEvidence) == VerificationRejection.None) evidence.Add(verifiedEvidence);
        }

        return new ReplicaInput.ProposalReceived(from, proposal, proofs, parent, skips, evidence);
    }

    private VerificationRejection Unpack(ReplicaId from, CertificateResponse response)
    {
        foreach (Notarization item in response.Certificates)
        {
            VerificationRejection reason = Run.Verifier.TryVerify(item, out Verified<Notarization> verified);
            if (reason != VerificationRejection.None) return reason;
            Submit(new ReplicaInput.NotarizationReceived(from, verified));
        }

        if (response.CommitProof is not { } proof) return VerificationRejection.None;
        VerificationRejection commitReason = Run.Verifier.TryVerify(proof, out Verified<CommitProof> commit);
        if (commitReason == VerificationRejection.None) Submit(new ReplicaInput.CommitProofReceived(from, commit));
        return commitReason;
    }

    /// <summary>The chain that ends in the tip asked for, as much of it as is held and fits, in ascending order.</summary>
    private void ServeBatches(ReplicaId from, BatchRequest request)
    {
        var batches = new List<Batch>();
        int bytes = 0;
        Batch? batch = Disk.FindBatch(request.Tip.Digest);
        if (batch is not null && batch.Tip != request.Tip) batch = null;
        while (batch is not null && batch.Header.Seq >= request.First && bytes + batch.Header.BodyBytes <= BatchResponse.MaxBytes)
        {
            bytes += batch.Header.BodyBytes;
            batches.Add(batch);
            batch = Disk.FindBatch(batch.Header.PreviousDigest);
        }

        batches.Reverse();
        Send(ReplicaSet.Of(from), new BatchResponse(request.Lane, batches));
    }
}

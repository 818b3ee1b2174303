using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Where verified input of peers goes. The replica, ordering and the batch server are told; none of them is awaited for an answer.</summary>
public interface IIntakeTarget
{
    /// <summary>For the replica. Waits when its mailbox is full: the peer's connection slows down.</summary>
    /// <param name="input">Verified.</param>
    /// <param name="seats">The epoch in whose committee its seats were looked up.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    ValueTask ReplicaAsync(ReplicaInput input, Epoch seats, CancellationToken cancellation);

    /// <summary>Result votes, result requests and answers, attestations: for ordering.</summary>
    ValueTask ResultAsync(PeerId from, PeerMessage message, CancellationToken cancellation);

    /// <summary>Questions for checkpoints, their pieces and hand-overs, and the answers to own ones.</summary>
    ValueTask CheckpointAsync(PeerId from, PeerMessage message, CancellationToken cancellation);

    /// <summary>Batches a peer asked for.</summary>
    ValueTask ServeBatchesAsync(PeerId from, BatchRequest request, CancellationToken cancellation);

    /// <summary>A session is there (again); the replica is told by itself, if its peer has a seat.</summary>
    void OnConnected(PeerId peer);

    /// <summary>A session ended; the same.</summary>
    void OnDisconnected(PeerId peer);
}

/// <summary>
/// Decodes and verifies what peers send, on their connections' own loops, and passes on only what is verified. What can not matter any more
/// (votes below the last commit, certificates of slots already left) is dropped before its signatures are checked. What is of another epoch than the present
/// one goes its own way: lanes, results and evidence of ended epochs are still of use.
/// </summary>
public sealed class MessageIntake(NodeEpochs epochs, VerifiedAckCache acks, IIntakeTarget target, IntakeCounters counters) : IPeerHandler
{
    /// <summary>Slots below the last commit from which on a sender counts as behind. 4: messages of slots in flight are not.</summary>
    private const int LateSlots = 4;

    private readonly long[] _heardAt = new long[NodePeers.Max];
    private ulong _finalSlot;
    private ulong _currentSlot;
    private bool _wantsLowerProofs;

    /// <summary>The replica is in this epoch now: its slots count from 1 again.</summary>
    public EpochPart Enter(Epoch epoch)
    {
        // Before the epoch is the present one, or its first messages would be taken for old.
        OnProgress(Slot.Zero, Slot.Zero, wantsLowerProofs: false);
        return epochs.Enter(epoch);
    }

    /// <summary>Messages that came before their epoch began, as if they came now.</summary>
    public Task HandleHeldAsync(IReadOnlyList<HeldMessage> held) => Task.Run(async () =>
    {
        foreach (HeldMessage item in held)
        {
            var peer = new PeerId((ushort)item.Peer);
            VerificationRejection refused = await DispatchAsync(peer, item.Message, CancellationToken.None);
            if (refused != VerificationRejection.None) counters.CountUnverified(peer, refused);
        }
    });

    /// <summary>Told by the replica's actor after each step.</summary>
    /// <param name="final">Slot of the last commit.</param>
    /// <param name="current">The slot it is in.</param>
    /// <param name="wantsLowerProofs"><see cref="Replica.WantsLowerProofs"/>.</param>
    public void OnProgress(Slot final, Slot current, bool wantsLowerProofs)
    {
        Volatile.Write(ref _wantsLowerProofs, wantsLowerProofs);
        Volatile.Write(ref _finalSlot, final.Value);
        Volatile.Write(ref _currentSlot, current.Value);
    }

    /// <summary>What was passed on unverified turned out not to verify.</summary>
    public void OnUnverified(PeerId peer, VerificationRejection reason) => counters.CountUnverified(peer, reason);

    /// <summary>A peer asks for more than it is given.</summary>
    public void OnUnserved(PeerId peer, MessageKind asked) => counters.CountUnserved(peer, asked);

    /// <summary>An Ack of this replica goes out: PoAs will bring it back, and it needs no check then.</summary>
    public void OnOwnAck(Ack ack) => acks.Add(ack.Tip, new AckSignature(ack.Acker, ack.Height, ack.Signature));

    public async ValueTask<bool> OnFrameAsync(PeerId peer, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        PeerMessage message;
        try
        {
            message = MessageCodec.Decode(frame);
        }
        catch (DecodeException e)
        {
            counters.CountMalformed(peer, e.Reason);
            return false;
        }

        counters.CountReceived(message.Kind);
        VerificationRejection refused = await DispatchAsync(peer, message, cancellation);
        if (refused == VerificationRejection.None) return true;
        counters.CountUnverified(peer, refused);
        return false;
    }

    /// <summary>Told for every read; passed on at most every 50 ms and only when nothing else would say so.</summary>
    public void OnHeard(PeerId peer)
    {
        long now = Environment.TickCount64;
        if (now - Volatile.Read(ref _heardAt[peer.Value]) < 50) return;
        Volatile.Write(ref _heardAt[peer.Value], now);
        EpochPart present = epochs.Present;
        if (present.SeatOf(peer) is { } seat) Tell(new ReplicaInput.PeerHeard(seat), present.Epoch);
    }

    public void OnConnected(PeerId peer)
    {
        target.OnConnected(peer);
        EpochPart present = epochs.Present;
        if (present.SeatOf(peer) is { } seat) Tell(new ReplicaInput.PeerConnected(seat), present.Epoch);
    }

    public void OnDisconnected(PeerId peer, SessionEnd reason)
    {
        target.OnDisconnected(peer);
        EpochPart present = epochs.Present;
        if (present.SeatOf(peer) is { } seat) Tell(new ReplicaInput.PeerDisconnected(seat), present.Epoch);
    }

    private void Tell(ReplicaInput input, Epoch seats)
    {
        // A full mailbox means the replica is busy with this very peer's messages, which say the same.
        ValueTask told = target.ReplicaAsync(input, seats, CancellationToken.None);
        if (!told.IsCompletedSuccessfully) _ = told.AsTask();
    }

    private async ValueTask<VerificationRejection> DispatchAsync(PeerId peer, PeerMessage message, CancellationToken cancellation)
    {
        EpochPart at = epochs.Present;
        Epoch seats = at.Epoch;
        ReplicaId? from = at.SeatOf(peer);
        if (Epochs.EpochOf(message) is { } epoch && epoch != at.Epoch)
        {
            if (epoch > at.Epoch)
            {
                await target.ReplicaAsync(new ReplicaInput.LaterEpochMessage(peer.Value, message), seats, cancellation);
                return VerificationRejection.None;
            }

            if (message is Vote or Proposal or Notarization or CommitProof or Status or CertificateRequest or BlockRequest)
            {
                await target.ReplicaAsync(new ReplicaInput.EndedEpochMessage(peer.Value, epoch, message), seats, cancellation);
                return VerificationRejection.None;
            }

            // What answers a question of an ended epoch is of no use, and what is older than all that is kept can not be checked.
            if (message is CertificateResponse or BlockResponse or ViewReport || epochs.Of(epoch) is not { } ended) return VerificationRejection.None;
            at = ended;
        }

        switch (message)
        {
            // Whoever is in the next epoch already, where it has another seat or none, may be the only one to answer.
            case CommitProof m:
                VerificationRejection reason = VerificationRejection.None;
                if (OnCommitProof(at.Verifier, from, m, ref reason) is { } proof) await target.ReplicaAsync(proof, seats, cancellation);
                return reason;

            // Of a session without a seat such a thing is of no use: it is not its own, and members say it themselves.
            case Vote or Proposal or Notarization or Status:
                return from is { } member ? await OnSlotAsync(at.Verifier, seats, member, message, cancellation) : VerificationRejection.None;
            case CertificateResponse m:
                return from is { } answering ? await OnCertificatesAsync(at.Verifier, seats, answering, m, cancellation) : VerificationRejection.None;
            case Batch or Ack or ProofOfAvailability or Evidence or ViewReport:
                return await OnLanesAsync(at.Verifier, seats, from, message, cancellation);
            default:
                await OnOthersAsync(seats, peer, from, message, cancellation);
                return VerificationRejection.None;
        }
    }

    private async ValueTask<VerificationRejection> OnSlotAsync(
        MessageVerifier verifier, Epoch seats, ReplicaId peer, PeerMessage message, CancellationToken cancellation)
    {
        VerificationRejection reason = VerificationRejection.None;
        ReplicaInput? input = null;
        switch (message)
        {
            case Vote m: input = OnVote(verifier, peer, m, ref reason); break;
            case Proposal m: input = OnProposal(verifier, peer, m, ref reason); break;
            case Notarization m: input = OnNotarization(verifier, peer, m, ref reason); break;
            case Status m:
                reason = verifier.TryVerify(m, out Verified<Status> status);
                if (reason == VerificationRejection.None) input = new ReplicaInput.StatusReceived(peer, status);
                break;
            default:
                Invariant.Throw($"a message of unhandled kind {message.Kind}");
                break;
        }

        if (input is not null) await target.ReplicaAsync(input, seats, cancellation);
        return reason;
    }

    private async ValueTask<VerificationRejection> OnLanesAsync(
        MessageVerifier verifier, Epoch seats, ReplicaId? peer, PeerMessage message, CancellationToken cancellation)
    {
        VerificationRejection reason = VerificationRejection.None;
        ReplicaInput? input = null;
        switch (message)
        {
            case ViewReport m:
                reason = verifier.TryVerify(m, out Verified<ViewReport> report);
                if (reason == VerificationRejection.None) input = new ReplicaInput.ViewReportReceived(peer, report);
                break;
            case Batch m:
                reason = verifier.TryVerify(m, out Verified<Batch> batch);
                if (reason != VerificationRejection.None) break;
                acks.Add(m.Tip, new AckSignature(m.Header.Lane.Author, m.AuthorHeight, m.Signature));
                input = new ReplicaInput.BatchReceived(peer, batch);
                break;
            case Ack m:
                reason = verifier.TryVerify(m, out Verified<Ack> ack);
                if (reason != VerificationRejection.None) break;
                acks.Add(m.Tip, new AckSignature(m.Acker, m.Height, m.Signature));
                input = new ReplicaInput.AckReceived(peer, ack);
                break;
            case ProofOfAvailability m:
                reason = TryVerify(verifier, m, out Verified<ProofOfAvailability> proof);
                if (reason == VerificationRejection.None) input = new ReplicaInput.ProofReceived(peer, proof);
                break;
            case Evidence m:
                reason = verifier.TryVerify(m, out Verified<Evidence> evidence);
                if (reason == VerificationRejection.None) input = new ReplicaInput.EvidenceReceived(peer, evidence);
                break;
            default:
                Invariant.Throw($"a message of unhandled kind {message.Kind}");
                break;
        }

        if (input is not null) await target.ReplicaAsync(input, seats, cancellation);
        return reason;
    }

    /// <summary>What is not signed as a whole, or is verified by who takes it.</summary>
    private async ValueTask OnOthersAsync(Epoch seats, PeerId peer, ReplicaId? from, PeerMessage message, CancellationToken cancellation)
    {
        ReplicaInput? input = message switch
        {
            CertificateRequest m => from is { } asker ? new ReplicaInput.CertificateRequestReceived(asker, m) : new ReplicaInput.ObserverRequest(peer.Value, m),
            BlockRequest m => from is { } asker ? new ReplicaInput.BlockRequestReceived(asker, m) : new ReplicaInput.ObserverRequest(peer.Value, m),
            BlockResponse m => new ReplicaInput.BlocksReceived(from, m),
            BatchResponse m => new ReplicaInput.BatchesReceived(from, m),
            L1InputsRequest m => new ReplicaInput.L1InputsRequested(peer.Value, m),
            L1InputsResponse m => new ReplicaInput.L1InputsReceived(m.Inputs),
            _ => null,
        };
        if (input is not null) await target.ReplicaAsync(input, seats, cancellation);
        else if (message is BatchRequest request) await target.ServeBatchesAsync(peer, request, cancellation);
        else if (message is ResultVote or ResultRequest or ResultResponse or AttestationMessage) await target.ResultAsync(peer, message, cancellation);
        else if (message is CheckpointRequest or PieceRequest or HandOverRequest or CheckpointOffers or PieceResponse or HandOverResponse)
            await target.CheckpointAsync(peer, message, cancellation);
        else Invariant.Throw($"a decoded message of unhandled kind {message.Kind}");
    }

    private bool IsStale(Slot slot) => slot.Value <= Volatile.Read(ref _finalSlot);

    /// <summary>R11 concerns members that are behind; the last votes of slots just committed are merely late.</summary>
    private ReplicaInput.StaleReceived? OnStale(ReplicaId peer, Slot slot) =>
        slot.Value + LateSlots <= Volatile.Read(ref _finalSlot) ? new ReplicaInput.StaleReceived(peer, slot) : null;

    private ReplicaInput? OnVote(MessageVerifier verifier, ReplicaId peer, Vote vote, ref VerificationRejection reason)
    {
        if (IsStale(vote.Slot)) return OnStale(peer, vote.Slot);
        reason = verifier.TryVerify(vote, out Verified<Vote> verified);
        return reason == VerificationRejection.None ? new ReplicaInput.VoteReceived(peer, verified) : null;
    }

    private ReplicaInput? OnNotarization(MessageVerifier verifier, ReplicaId peer, Notarization certificate, ref VerificationRejection reason)
    {
        if (IsStale(certificate.Slot)) return OnStale(peer, certificate.Slot);
        reason = verifier.TryVerify(certificate, out Verified<Notarization> verified);
        return reason == VerificationRejection.None ? new ReplicaInput.NotarizationReceived(peer, verified) : null;
    }

    private ReplicaInput? OnCommitProof(MessageVerifier verifier, ReplicaId? peer, CommitProof proof, ref VerificationRejection reason)
    {
        ulong final = Volatile.Read(ref _finalSlot);
        // The same proof again says that the peer is as far as we are; answering it would never end.
        if (proof.Slot.Value == final) return null;
        if (proof.Slot.Value < final && !Volatile.Read(ref _wantsLowerProofs))
            return peer is { } late ? new ReplicaInput.StaleReceived(late, proof.Slot) : null;
        reason = verifier.TryVerify(proof, out Verified<CommitProof> verified);
        return reason == VerificationRejection.None ? new ReplicaInput.CommitProofReceived(peer, verified) : null;
    }

    private async ValueTask<VerificationRejection> OnCertificatesAsync(
        MessageVerifier verifier, Epoch seats, ReplicaId peer, CertificateResponse response, CancellationToken cancellation)
    {
        VerificationRejection reason = VerificationRejection.None;
        foreach (Notarization item in response.Certificates)
        {
            // Asked for because it was missing: the slot may be one already left, so it is checked whatever its slot.
            reason = verifier.TryVerify(item, out Verified<Notarization> verified);
            if (reason != VerificationRejection.None) return reason;
            await target.ReplicaAsync(new ReplicaInput.NotarizationReceived(peer, verified), seats, cancellation);
        }

        if (response.CommitProof is not null && OnCommitProof(verifier, peer, response.CommitProof, ref reason) is { } input)
            await target.ReplicaAsync(input, seats, cancellation);
        return reason;
    }

    private ReplicaInput? OnProposal(MessageVerifier verifier, ReplicaId peer, Proposal proposal, ref VerificationRejection reason)
    {
        if (IsStale(proposal.Slot)) return OnStale(peer, proposal.Slot);
        reason = verifier.TryVerify(proposal, out Verified<Proposal> verified);
        if (reason != VerificationRejection.None) return null;
        var proofs = new List<Verified<ProofOfAvailability>>(proposal.Proofs.Count);
        foreach (ProofOfAvailability item in proposal.Proofs)
        {
            // A proposal of the leader with a bad PoA is objectively invalid: it reaches the replica without that PoA, which refuses it there.
            if (epochs.Of(item.Tip.Lane.Epoch) is { } lanes
                && TryVerify(lanes.Verifier, item, out Verified<ProofOfAvailability> proof) == VerificationRejection.None)
                proofs.Add(proof);
        }

        // Of a slot already left some certificate is held, nearly always this one; where it is not, the replica asks for it (C6).
        Verified<Notarization>? parent = null;
        if (proposal.Justification.Parent is { } certificate
            && certificate.Slot.Value >= Volatile.Read(ref _currentSlot)
            && verifier.TryVerify(certificate, out Verified<Notarization> verifiedParent) == VerificationRejection.None)
            parent = verifiedParent;
        var skips = new List<Verified<Notarization>>(proposal.Justification.Skips.Count);
        foreach (Notarization item in proposal.Justification.Skips)
        {
            if (item.Slot.Value > Volatile.Read(ref _finalSlot)
                && verifier.TryVerify(item, out Verified<Notarization> skip) == VerificationRejection.None) skips.Add(skip);
        }

        var evidence = new List<Verified<Evidence>>(proposal.Block.Payload.Evidence.Count);
        foreach (Evidence item in proposal.Block.Payload.Evidence)
        {
            if (epochs.Of(item.Epoch)?.Verifier.TryVerify(item, out Verified<Evidence> checkedItem) == VerificationRejection.None)
                evidence.Add(checkedItem);
        }

        Verified<Payload>? reported = null;
        if (proposal.Block.Payload.Reports.Count > 0
            && verifier.TryVerify(proposal.Block.Payload, out Verified<Payload> reports) == VerificationRejection.None) reported = reports;
        return new ReplicaInput.ProposalReceived(peer, verified, proofs, parent, skips, evidence) { Reported = reported };
    }

    private VerificationRejection TryVerify(MessageVerifier verifier, ProofOfAvailability proof, out Verified<ProofOfAvailability> verified)
    {
        VerificationRejection reason = verifier.TryVerify(proof, acks.IsKnown, out verified);
        if (reason == VerificationRejection.None) acks.AddAll(proof);
        return reason;
    }
}

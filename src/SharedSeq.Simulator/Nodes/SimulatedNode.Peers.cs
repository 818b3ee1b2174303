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
    private readonly List<ReplicaInput> _received = [];
    private int _pings;

    private struct PeerSession
    {
        public long HeardUs;
        public bool IsConnected;
    }

    /// <summary>Bytes arrive: garbage is dropped and counted, an honest sender's bytes must decode.</summary>
    public void OnFrame(NodeId from, byte[] frame)
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
    public void OnArrival(NodeId from, PeerMessage? message)
    {
        if (!IsUp) return;
        Heard(from);
        if (message is null)
        {
            if (SeatNow(from) is { } seat) Submit(new ReplicaInput.PeerHeard(seat));
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

    /// <summary>The seat of a session in the present epoch; null for an observer's.</summary>
    private ReplicaId? SeatNow(NodeId from) => Run.Committees.Of(Epoch).SeatOf(from);

    private void Heard(NodeId from)
    {
        ref PeerSession session = ref _peers[from.Value];
        session.HeardUs = Run.Schedule.NowUs;
        if (session.IsConnected) return;
        session.IsConnected = true;
        if (SeatNow(from) is { } seat) Submit(new ReplicaInput.PeerConnected(seat));
        foreach (EpochPart part in Collecting())
        {
            if (Run.Committees.Of(part.Committee.Epoch).SeatOf(from) is { } member) part.Collector.OnPeerConnected(member, part.Effects);
        }

        CarryOutResults();
    }

    private void Ping(int incarnation)
    {
        if (!IsUp || incarnation != _incarnation) return;
        for (int i = 0; i < _peers.Length; i++)
        {
            var peer = new NodeId(i);
            if (peer == Id) continue;
            SendOne(peer, null);
            if (!_peers[i].IsConnected || Run.Schedule.NowUs - _peers[i].HeardUs < SilentUs) continue;
            _peers[i].IsConnected = false;
            if (SeatNow(peer) is { } seat) Submit(new ReplicaInput.PeerDisconnected(seat));
        }

        if (++_pings % PingsPerOrderingTick == 0) TickOrdering();
        CompactVoteLog();
        Run.Schedule.After(PingEveryUs, () => Ping(incarnation));
    }

    /// <summary>In some runs the vote log is replaced by the replica's snapshot now and then, as a node does when a segment is full.</summary>
    private void CompactVoteLog()
    {
        if (!Run.Settings.CompactsVoteLog || Run.Random.Below(3) != 0 || !_epochs!.CanSnapshot || !Disk.VoteLog.IsAtRest) return;
        Disk.VoteLog.Replace(_epochs.Snapshot());
        Run.Coverage.Compactions++;
    }

    private VerificationRejection Dispatch(NodeId from, PeerMessage message)
    {
        Epoch at = Epochs.EpochOf(message) ?? Epoch;
        if (OfAnotherEpoch(from, at, message) is { } other)
        {
            Submit(other);
            return VerificationRejection.None;
        }

        VerificationRejection reason = VerificationRejection.None;
        if (VerifierOf(at) is not { } verifier) return reason;
        if (at == Epoch && ReceivedMessage.SlotOf(message) is { } slot && slot <= FinalSlot
            && !(message is CommitProof && Replica!.WantsLowerProofs))
        {
            if (SeatNow(from) is { } late) Submit(new ReplicaInput.StaleReceived(late, slot));
            return reason;
        }

        if (message is BatchRequest request)
        {
            ServeBatches(from, request);
            return reason;
        }

        if (message is L1InputsRequest inputs)
        {
            Submit(new ReplicaInput.L1InputsRequested((ulong)from.Value, inputs));
            return reason;
        }

        ReplicaId? seat = SeatNow(from);
        if (seat is null && message is CertificateRequest or BlockRequest)
        {
            Run.Coverage.ObserversAnswered++;
            Submit(new ReplicaInput.ObserverRequest((ulong)from.Value, message));
            return reason;
        }

        if (seat is null && ReceivedMessage.TakesSeat(message))
        {
            // Certificates and others' proposals may be the answer to a question that went astray: that is no claim to a seat.
            bool isClaim = at == Epoch && message is Vote or Status;
            if (isClaim && Run.Nodes[from.Value].IsHonest) Run.Violate("Seats", $"node {from} sent a {message.Kind} of epoch {at}, in which it has no seat");
            return reason;
        }

        _received.Clear();
        if (!ReceivedMessage.TryRead(VerifierOf, verifier, seat, message, _received, out reason)) return DispatchToOrdering(from, message, verifier);
        foreach (ReplicaInput input in _received) Submit(Run.Mutant.TrustsReports ? Trusted(input) : input);
        return reason;
    }

    private static ReplicaInput Trusted(ReplicaInput input) =>
        input is ReplicaInput.ProposalReceived proposal
            ? proposal with { Reported = new Verified<Payload>(proposal.Proposal.Value.Block.Payload) }
            : input;

    /// <summary>What becomes of a message of another epoch; null for one of the present epoch, and for lanes and results of ended ones.</summary>
    private ReplicaInput? OfAnotherEpoch(NodeId from, Epoch at, PeerMessage message)
    {
        if (at > Epoch)
        {
            Run.Coverage.MessagesHeld++;
            return new ReplicaInput.LaterEpochMessage((ulong)from.Value, message);
        }

        if (at == Epoch || Run.Mutant.MixesEpochs) return null;
        return message is Vote or Proposal or Notarization or CommitProof or Status or CertificateRequest or BlockRequest
            ? new ReplicaInput.EndedEpochMessage((ulong)from.Value, at, message)
            : null;
    }

    /// <summary>The chain that ends in the tip asked for, as much of it as is held and fits, in ascending order.</summary>
    private void ServeBatches(NodeId from, BatchRequest request)
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
        if (!IsMine(request.Lane)) Run.Coverage.BatchesServedByOthers += batches.Count;
        SendOne(from, new BatchResponse(request.Lane, batches));
    }
}

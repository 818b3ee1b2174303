using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The duties of the shell, one method per effect.</summary>
public sealed partial class SimulatedNode
{
    /// <summary>Own ordinary handling of a proposal, for attackers that only change its content.</summary>
    public void CarryOutCastProposal(ReplicaEffect.CastProposal cast)
    {
        Verified<Proposal> proposal = Signer.Proposal(cast.Block, cast.Proofs, cast.Justification);
        Disk.VoteLog.Append(new DurableRecord.OwnProposal(proposal.Value));
        Disk.VoteLog.WhenDurable(() =>
        {
            Run.NoteSigned(Id, proposal.Value);
            Submit(new ReplicaInput.ProposalCast(proposal));
        });
    }

    private void CarryOut(ReplicaEffect effect)
    {
        foreach (Attacker attacker in _attackers)
        {
            if (attacker.OnEffect(effect)) return;
        }

        switch (effect)
        {
            case ReplicaEffect.Log log:
                Disk.VoteLog.Append(log.Record);
                if (log.Record is DurableRecord.FinalHeld final) NoteTails(Run.Agreement.TailsTo(final.Proof.Block));
                break;
            case ReplicaEffect.CastVote cast:
                CarryOutCastVote(cast);
                break;
            case ReplicaEffect.CastProposal cast:
                CarryOutCastProposal(cast);
                break;
            case ReplicaEffect.Send send:
                Send(send.To, send.Message, send.AfterSync);
                break;
            case ReplicaEffect.SendBatch send:
                CarryOutSendBatch(send);
                break;
            case ReplicaEffect.SendStatus send:
                Status status = Signer.Status(send.FinalSlot, send.Final, send.Current);
                Send(send.To, status, isAfterSync: true);
                break;
            case ReplicaEffect.ServeBlocks serve:
                if (Run.Committees.NodeAt(Epoch, serve.To) is { } asker) ServeBlocks(asker, serve.Request);
                break;
            case ReplicaEffect.StoreBatch store:
                Disk.AppendBatch(store.Batch, store.IsAckable);
                Disk.BatchLog.WhenDurable(() => Submit(new ReplicaInput.BatchStored(store.Batch.Tip)));
                break;
            case ReplicaEffect.SignAck sign:
                Verified<Ack> ack = SignerOf(sign.Tip.Lane.Epoch).Ack(sign.Tip, sign.Height);
                Run.NoteSigned(Id, ack.Value);
                Submit(new ReplicaInput.AckSigned(ack));
                break;
            case ReplicaEffect.OwnBatchCertified certified:
                ReleaseReceipts(certified.Proof);
                break;
            case ReplicaEffect.Deliver deliver:
                Disk.VoteLog.WhenDurable(() => Deliver(deliver.Block));
                break;
            case ReplicaEffect.RecordEvidence record:
                Disk.Evidence.Add(record.Evidence.Value);
                Run.NoteEvidence(this, record.Evidence.Value);
                break;
            case ReplicaEffect.Alarm alarm:
                Run.NoteAlarm(this, alarm);
                break;
            case ReplicaEffect.Trace trace:
                Run.Coverage.CountRule(trace.Rule);
                if (trace.Rule == AckExchange.TraceRule) Run.Coverage.ProofsBuiltByOthers++;
                if (trace.Rule == "R1") NoteEntered(trace.Slot);
                Run.Trace.Line(Id, trace.Rule, trace.Slot, trace.Text);
                break;
            default:
                CarryOutOfEpochs(effect);
                break;
        }
    }

    private void NoteTails(int tails)
    {
        if (tails > 0) Run.Coverage.TailCommits++;
        if (tails > 2) Run.Coverage.LongTails++;
    }

    private void NoteEntered(Slot slot)
    {
        if (_enteredSlot != Slot.Zero && slot > _enteredSlot.Plus(3)) Run.Coverage.LongJumps++;
        _enteredSlot = slot;
    }

    private void CarryOutCastVote(ReplicaEffect.CastVote cast)
    {
        if (IsHonest && cast.Kind == VoteKind.First && Replica!.IsOverdue(cast.Slot, cast.Value))
            Run.Violate(nameof(L1Views), $"replica {Id} votes in slot {cast.Slot} for batches without the L1 view that is owed");
        Verified<Vote> vote = Signer.Vote(cast.Slot, cast.Kind, cast.Value);
        Disk.VoteLog.Append(new DurableRecord.OwnVote(vote.Value));
        Disk.VoteLog.WhenDurable(() =>
        {
            Run.NoteSigned(Id, vote.Value);
            Submit(new ReplicaInput.VoteCast(vote));
        });
    }

    /// <summary>What a torn log kept counts as signed: the replica goes on from it.</summary>
    private void NoteRecovered(IReadOnlyList<DurableRecord> records)
    {
        foreach (DurableRecord record in records)
        {
            if (record is DurableRecord.OwnVote vote) Run.NoteSigned(Id, vote.Vote);
            if (record is DurableRecord.OwnProposal proposal) Run.NoteSigned(Id, proposal.Proposal);
            if (record is DurableRecord.OwnResultVote result) Run.NoteSigned(Id, result.Vote);
        }
    }

    private bool IsOwn(PeerMessage message) => message switch
    {
        Vote vote => vote.Voter == SeatIn(vote.Epoch),
        Proposal { Block.Header.Epoch: var of } proposal => _parts.TryGetValue(of, out EpochPart? part) && part.Committee.LeaderOf(proposal.Slot) == part.Seat,
        Ack ack => ack.Acker == SeatIn(ack.Tip.Lane.Epoch),
        Batch batch => IsMine(batch.Header.Lane),
        ResultVote vote => vote.Voter == SeatIn(vote.Epoch),
        _ => false,
    };

    private void CarryOutSendBatch(ReplicaEffect.SendBatch send)
    {
        Batch? batch = Disk.FindBatch(send.Tip.Digest);
        Invariant.Check(batch is not null, "the replica sends only batches that its log holds");
        Send(send.To, batch);
    }

    private void ServeBlocks(NodeId to, BlockRequest request)
    {
        var blocks = new List<Block>();
        Height height = request.Block.Height;
        if (height == Height.Zero || height > Disk.ArchivedHeight) return;
        if (Disk.Archive.Records[(int)height.Value - 1].Block.Id != request.Block) return;
        for (int i = 0; i <= request.Ancestors && height > Height.Zero; i++)
        {
            blocks.Add(Disk.Archive.Records[(int)height.Value - 1].Block);
            height = height.Previous();
        }

        Run.Coverage.BlocksServed += blocks.Count;
        SendOne(to, new BlockResponse(blocks));
    }

    /// <summary>To seats of the present epoch, whatever the epoch is when the log is synced.</summary>
    private void Send(ReplicaSet to, PeerMessage message, bool isAfterSync = false)
    {
        Epoch at = Epoch;
        if (isAfterSync) Disk.VoteLog.WhenDurable(() => Send(to, at, message));
        else Send(to, at, message);
    }

    private void Send(ReplicaSet to, Epoch epoch, PeerMessage message)
    {
        if (Run.Mutant.SendsToSeatsBefore && epoch > Epoch.Zero) epoch = new Epoch(epoch.Value - 1);
        foreach (ReplicaId receiver in to)
        {
            if (Run.Committees.NodeAt(epoch, receiver) is { } node && node != Id) SendOne(node, message);
        }
    }

    /// <summary>Hands a message to the network, unless a lie takes it.</summary>
    private void SendOne(NodeId to, PeerMessage? message)
    {
        if (!IsUp) return;
        if (message is not null && IsOwn(message)) Run.NoteSigned(Id, message);
        foreach (Attacker attacker in _attackers)
        {
            if (attacker.OnSend(to, message)) return;
        }

        if (message is CertificateResponse response) Run.Coverage.CertificatesServed += response.Certificates.Count;
        if (message is Ack ack && Run.Mutant.AcksGoToAuthorOnly && Run.Committees.NodeAt(ack.Tip.Lane.Epoch, ack.Tip.Lane.Author) != to) return;
        Run.Network.Send(Id, to, message);
    }
}

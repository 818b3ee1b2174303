using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>One member: its replica, its logs, and the shell that carries out effects and turns messages into verified inputs.</summary>
internal sealed class TestNode
{
    private readonly TestNetwork _network;
    private readonly ReplicaOptions _options;
    private readonly Queue<Action> _afterSync = new();
    private int _synced;

    public TestNode(TestNetwork network, ReplicaId self, ReplicaOptions options)
    {
        _network = network;
        _options = options;
        Self = self;
        Signer = new StatementSigner(
            TestNetwork.Domain, Epoch.Zero, self, new FakeSigner(FakeSigner.KeyOf(self.Value, true)), new FakeSigner(FakeSigner.KeyOf(self.Value, false)));
        Replica = Build([]);
    }

    public ReplicaId Self { get; }

    public StatementSigner Signer { get; }

    public Replica Replica { get; private set; }

    public bool IsUp { get; private set; }

    /// <summary>The vote log.</summary>
    public List<DurableRecord> Log { get; } = [];

    /// <summary>Blocks delivered in this and earlier lives.</summary>
    public List<CommittedBlock> Delivered { get; } = [];

    public List<ReplicaEffect> Effects { get; } = [];

    public List<Verified<Evidence>> Evidence { get; } = [];

    public List<ReplicaEffect.Alarm> Alarms { get; } = [];

    /// <summary>Rules broken on purpose from the next start on.</summary>
    internal ProtocolMutations Mutations { get; set; }

    /// <summary>While this is set nothing logged becomes durable, and what waits for it does not happen.</summary>
    public bool IsDiskHeld { get; set; }

    public void Start()
    {
        IsUp = true;
        var effects = new List<ReplicaEffect>();
        Replica.Start(_network.Now, effects);
        CarryOut(effects);
    }

    /// <summary>The process dies: volatile state and unanswered casts are gone; the logs stay.</summary>
    /// <param name="unsyncedKept">How many of the records that were not synced survive; all by default.</param>
    public void Crash(int unsyncedKept = int.MaxValue)
    {
        IsUp = false;
        IsDiskHeld = false;
        _afterSync.Clear();
        int kept = int.Min(Log.Count, (int)long.Min(int.MaxValue, (long)_synced + unsyncedKept));
        Log.RemoveRange(kept, Log.Count - kept);
        _synced = Log.Count;
    }

    /// <summary>Records logged and not synced.</summary>
    public int Unsynced => Log.Count - _synced;

    public void Restart() => Restart([]);

    /// <summary>With evidence that was recorded in an earlier life.</summary>
    public void Restart(IReadOnlyList<RecoveredEvidence> recorded)
    {
        Replica = Build(recorded);
        Start();
    }

    public void Step(ReplicaInput input)
    {
        if (!IsUp) return;
        var effects = new List<ReplicaEffect>();
        Replica.Step(input, _network.Now, effects);
        CarryOut(effects);
    }

    public void Receive(Envelope envelope)
    {
        foreach (ReplicaInput input in ToInputs(envelope)) Step(input);
    }

    /// <summary>Everything logged is durable now: gives the answers that were held back.</summary>
    public void ReleaseDisk()
    {
        IsDiskHeld = false;
        Sync();
    }

    private Replica Build(IReadOnlyList<RecoveredEvidence> recorded)
    {
        CommittedBlock? last = Delivered.Count == 0 ? null : Delivered[^1];
        DeliveredTip tip = last is null
            ? DeliveredTip.Genesis(TestNetwork.GenesisHash, new TimestampMs(TestNetwork.WallStartMs))
            : new DeliveredTip(last.Block.Id, last.Block.Header.Slot, last.Timestamp, last.Cut) { View = last.View };
        EpochSpan epoch = _network.Epoch;
        foreach (CommittedBlock block in Delivered) epoch = epoch.After(block.Height, block.Timestamp);
        var recovered = new RecoveredState([.. Log], tip with { Epoch = epoch }, []) { Evidence = recorded };
        return new Replica(_options, _network.Committee, Self, recovered, Mutations);
    }

    private void CarryOut(List<ReplicaEffect> effects)
    {
        foreach (ReplicaEffect effect in effects)
        {
            Effects.Add(effect);
            _network.OnEffect?.Invoke(Self, effect);
            switch (effect)
            {
                case ReplicaEffect.Log e: Log.Add(e.Record); break;
                case ReplicaEffect.CastVote e:
                    Verified<Vote> vote = Signer.Vote(e.Slot, e.Kind, e.Value);
                    Log.Add(new DurableRecord.OwnVote(vote.Value));
                    _afterSync.Enqueue(() => Step(new ReplicaInput.VoteCast(vote)));
                    break;
                case ReplicaEffect.CastProposal e:
                    Verified<Proposal> proposal = Signer.Proposal(e.Block, e.Proofs, e.Justification);
                    Log.Add(new DurableRecord.OwnProposal(proposal.Value));
                    _afterSync.Enqueue(() => Step(new ReplicaInput.ProposalCast(proposal)));
                    break;
                case ReplicaEffect.Send { AfterSync: true } e: _afterSync.Enqueue(() => SendTo(e.To, e.Message)); break;
                case ReplicaEffect.Send e: SendTo(e.To, e.Message); break;
                case ReplicaEffect.SendStatus e:
                    _afterSync.Enqueue(() => SendTo(e.To, Signer.Status(e.FinalSlot, e.Final, e.Current)));
                    break;
                case ReplicaEffect.ServeBlocks e: Serve(e); break;
                case ReplicaEffect.SignViewReport e:
                    Verified<ViewReport> report = Signer.Report(e.View);
                    _afterSync.Enqueue(() => Step(new ReplicaInput.ViewReportSigned(report)));
                    break;
                case ReplicaEffect.Answer e: SendTo(ReplicaSet.Of(new ReplicaId((ushort)e.Peer)), e.Message); break;
                case ReplicaEffect.AnswerL1Inputs e: Serve(e); break;
                case ReplicaEffect.Deliver e: _afterSync.Enqueue(() => Deliver(e.Block)); break;
                case ReplicaEffect.RecordEvidence e: Evidence.Add(e.Evidence); break;
                case ReplicaEffect.Alarm e: Alarms.Add(e); break;
                default: break;
            }
        }

        if (!IsDiskHeld) Sync();
    }

    private void Sync()
    {
        _synced = Log.Count;
        while (!IsDiskHeld && _afterSync.TryDequeue(out Action? action)) action();
    }

    private void Deliver(CommittedBlock block)
    {
        Assert.Equal((ulong)Delivered.Count + 1, block.Height.Value);
        Delivered.Add(block);
        Step(new ReplicaInput.BlockArchived(block.Height));
    }

    private void SendTo(ReplicaSet to, PeerMessage message)
    {
        foreach (ReplicaId id in to)
        {
            Assert.NotEqual(Self, id);
            // Through bytes, as on a wire: whatever is sent must decode.
            _network.Enqueue(new Envelope(Self, id, MessageCodec.Decode(message.Encode())));
        }
    }

    private void Serve(ReplicaEffect.ServeBlocks request)
    {
        var blocks = new List<Block>();
        int index = (int)request.Request.Block.Height.Value - 1;
        if (index >= Delivered.Count || Delivered[index].Block.Id != request.Request.Block) return;
        for (int i = 0; i <= request.Request.Ancestors && index - i >= 0; i++) blocks.Add(Delivered[index - i].Block);
        SendTo(ReplicaSet.Of(request.To), new BlockResponse(blocks));
    }

    private void Serve(ReplicaEffect.AnswerL1Inputs request)
    {
        if (Delivered.Find(block => block.View.InputsDigest == request.Request.After && !block.Inputs.IsNone) is { } block)
            SendTo(ReplicaSet.Of(new ReplicaId((ushort)request.Peer)), new L1InputsResponse(block.Inputs));
    }

    private IEnumerable<ReplicaInput> ToInputs(Envelope envelope)
    {
        ReplicaId from = envelope.From;
        switch (envelope.Message)
        {
            case Vote m when _network.Verifier.TryVerify(m, out Verified<Vote> vote) == VerificationRejection.None:
                return [new ReplicaInput.VoteReceived(from, vote)];
            case Proposal m when _network.Verifier.TryVerify(m, out Verified<Proposal> proposal) == VerificationRejection.None:
                return [ToInput(from, proposal)];
            case Notarization m when _network.Verifier.TryVerify(m, out Verified<Notarization> certificate) == VerificationRejection.None:
                return [new ReplicaInput.NotarizationReceived(from, certificate)];
            case CommitProof m when _network.Verifier.TryVerify(m, out Verified<CommitProof> proof) == VerificationRejection.None:
                return [new ReplicaInput.CommitProofReceived(from, proof)];
            case Status m when _network.Verifier.TryVerify(m, out Verified<Status> status) == VerificationRejection.None:
                return [new ReplicaInput.StatusReceived(from, status)];
            case Evidence m when _network.Verifier.TryVerify(m, out Verified<Evidence> evidence) == VerificationRejection.None:
                return [new ReplicaInput.EvidenceReceived(from, evidence)];
            case ViewReport m when _network.Verifier.TryVerify(m, out Verified<ViewReport> report) == VerificationRejection.None:
                return [new ReplicaInput.ViewReportReceived(from, report)];
            case L1InputsRequest m: return [new ReplicaInput.L1InputsRequested(from.Value, m)];
            case L1InputsResponse m: return [new ReplicaInput.L1InputsReceived(m.Inputs)];
            case CertificateRequest m: return [new ReplicaInput.CertificateRequestReceived(from, m)];
            case BlockRequest m: return [new ReplicaInput.BlockRequestReceived(from, m)];
            case BlockResponse m: return [new ReplicaInput.BlocksReceived(from, m)];
            case CertificateResponse m: return ToInputs(from, m);
            default: return [];
        }
    }

    private List<ReplicaInput> ToInputs(ReplicaId from, CertificateResponse response)
    {
        var inputs = new List<ReplicaInput>();
        foreach (Notarization item in response.Certificates)
        {
            if (_network.Verifier.TryVerify(item, out Verified<Notarization> certificate) == VerificationRejection.None)
                inputs.Add(new ReplicaInput.NotarizationReceived(from, certificate));
        }

        if (response.CommitProof is { } held && _network.Verifier.TryVerify(held, out Verified<CommitProof> proof) == VerificationRejection.None)
            inputs.Add(new ReplicaInput.CommitProofReceived(from, proof));
        return inputs;
    }

    private ReplicaInput.ProposalReceived ToInput(ReplicaId from, Verified<Proposal> proposal)
    {
        Verified<Notarization>? parent = null;
        if (proposal.Value.Justification.Parent is { } held
            && _network.Verifier.TryVerify(held, out Verified<Notarization> certificate) == VerificationRejection.None) parent = certificate;
        var skips = new List<Verified<Notarization>>();
        foreach (Notarization item in proposal.Value.Justification.Skips)
        {
            if (_network.Verifier.TryVerify(item, out Verified<Notarization> skip) == VerificationRejection.None) skips.Add(skip);
        }

        var proofs = new List<Verified<ProofOfAvailability>>();
        foreach (ProofOfAvailability item in proposal.Value.Proofs)
        {
            if (_network.Verifier.TryVerify(item, null, out Verified<ProofOfAvailability> proof) == VerificationRejection.None) proofs.Add(proof);
        }

        var evidence = new List<Verified<Evidence>>();
        foreach (Evidence item in proposal.Value.Block.Payload.Evidence)
        {
            if (_network.Verifier.TryVerify(item, out Verified<Evidence> verified) == VerificationRejection.None) evidence.Add(verified);
        }

        Verified<Payload>? reported = null;
        if (proposal.Value.Block.Payload is { Reports.Count: > 0 } payload
            && _network.Verifier.TryVerify(payload, out Verified<Payload> reports) == VerificationRejection.None) reported = reports;
        return new ReplicaInput.ProposalReceived(from, proposal, proofs, parent, skips, evidence) { Reported = reported };
    }
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// One member over the epochs (consensus.md 8), as pure as the replicas it is made of. It holds the present epoch's <see cref="Replica"/>, what members
/// that are behind need of ended epochs, and messages of the next epoch that came too early. When the boundary block is committed, delivered and in the
/// archive, the next epoch's replica starts from it at slot 0: the same as a restart at that place, so that a crash at any point resumes right.
/// In an epoch in which it has no seat it is an observer (<see cref="Consensus.Replica"/>): before it joins, after it left, or while its seat is empty.
/// It follows through any number of epochs and votes in those in which it has a seat.
/// <para>
/// What the shell owes it, besides the duties of <see cref="ReplicaEffect"/>: seats are those of one epoch's committee, so inputs that name one are
/// handed over with the epoch in which the shell looked it up (<see cref="Step"/>), and seats in effects are of the epoch of the last EpochEntered
/// before them, or of the epoch it started in. BlockArchived of a boundary is said only when the committee source knows the next committee for good.
/// What is signed is signed in the name of the epoch in which the effect came; its answer may come later, and is then dropped here.
/// </para>
/// </summary>
public sealed class Epochs
{
    /// <summary>Ended epochs whose commit proofs are kept. A member that was away for longer needs a checkpoint.</summary>
    public const int EndedMax = 64;

    private readonly ReplicaOptions _options;
    private readonly EpochHistory _history;
    private readonly ProtocolMutations _mutations;
    private readonly List<EndedEpoch> _ended = [];
    private readonly HeldMessages _held = new();
    private readonly SortedDictionary<ulong, PeerRecord> _askers = [];

    /// <param name="options">Settings.</param>
    /// <param name="history">Where the archive's headers lead to.</param>
    /// <param name="recovered">
    /// What the logs hold: the whole vote log, batches above the delivered cut of all lanes that are not closed. Place and closed epochs are the history's.
    /// </param>
    public Epochs(ReplicaOptions options, EpochHistory history, RecoveredState recovered)
        : this(options, history, recovered, ProtocolMutations.None)
    {
    }

    internal Epochs(ReplicaOptions options, EpochHistory history, RecoveredState recovered, ProtocolMutations mutations)
    {
        _options = options;
        _history = history;
        _mutations = mutations;
        var present = new List<DurableRecord>();
        foreach (DurableRecord record in recovered.VoteLog)
        {
            Epoch epoch = EpochOf(record);
            Invariant.Check(epoch <= Committee.Epoch, "an epoch is voted in only when its genesis is in the archive");
            if (epoch == Committee.Epoch) present.Add(record);
        }

        for (ulong epoch = Committee.Epoch.Value - ulong.Min(Committee.Epoch.Value, EndedMax); epoch < Committee.Epoch.Value; epoch++)
        {
            if (EndedEpoch.From(new Epoch(epoch), recovered.VoteLog) is { } ended) _ended.Add(ended);
        }

        RecoveredState start = Recovered(present, recovered.Batches) with { Evidence = recovered.Evidence };
        Replica = new Replica(options, Committee, Self, start, mutations);
    }

    /// <summary>The present epoch's replica: an observer while this member has no seat.</summary>
    public Replica Replica { get; private set; }

    /// <summary>The present epoch's committee.</summary>
    public Committee Committee => _history.Seat.Committee;

    /// <summary>The own seat in it; null for an observer.</summary>
    public ReplicaId? Self => _history.Seat.Self;

    /// <summary>Messages kept for the next epoch.</summary>
    public int HeldCount => _held.Count;

    /// <summary>Their bytes, encoded.</summary>
    public long HeldBytes => _held.Bytes;

    /// <summary>Messages of the next epoch that did not fit and were dropped since the start.</summary>
    public long HeldDropped => _held.Dropped;

    /// <summary>When Step wants a Tick at the latest.</summary>
    public long NextDeadlineMs => Replica.NextDeadlineMs;

    public bool CanSnapshot => Replica.CanSnapshot;

    public void Start(CoreTime now, List<ReplicaEffect> effects) => Replica.Start(now, effects);

    /// <summary>The records that still matter: see <see cref="Replica.Snapshot"/>.</summary>
    public IEnumerable<DurableRecord> Snapshot()
    {
        foreach (EndedEpoch ended in _ended)
        {
            foreach (DurableRecord record in ended.Records()) yield return record;
        }

        foreach (DurableRecord record in Replica.Snapshot()) yield return record;
    }

    /// <summary>What was held for the epoch just entered: the shell handles each as if it came now.</summary>
    public IReadOnlyList<HeldMessage> TakeHeld() => _held.Take();

    /// <summary>Handles one input. Effects are appended in the order in which the shell must carry them out.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="seats">
    /// The epoch to whose committee the seats belong by which the input names sessions: the one present when the shell looked them up. An input whose
    /// seats are of an epoch that ended meanwhile is dropped; whoever sent it sends it again. Of no meaning for an input that names no seat.
    /// </param>
    /// <param name="now">The time.</param>
    /// <param name="effects">Receives the effects.</param>
    public void Step(ReplicaInput input, Epoch seats, CoreTime now, List<ReplicaEffect> effects)
    {
        switch (input)
        {
            case ReplicaInput.EndedEpochMessage i:
                Answer(i, now, effects);
                break;
            case ReplicaInput.LaterEpochMessage i:
                if (EpochOf(i.Message) is { } later && later.Value == Committee.Epoch.Value + 1) _held.Add(i.Peer, i.Message);
                AskForEnd(i.Peer, now, effects);
                break;
            case ReplicaInput.L1InputsRequested i when !AskerOf(i.Peer).Requests.TryTake(now.MonotonicMs): break;
            case ReplicaInput.ObserverRequest i when !AskerOf(i.Peer).Requests.TryTake(now.MonotonicMs): break;
            default:
                // What was verified or asked for before the epoch changed is of no use after it.
                if (!IsOfThisEpoch(input, seats) && !_mutations.HasFlag(ProtocolMutations.EpochsMixed)) return;
                Replica.Step(input, now, effects);
                break;
        }

        if (Replica.Boundary is { } boundary) Enter(boundary, now, effects);
    }

    /// <summary>The boundary is committed, delivered and archived.</summary>
    private void Enter(DeliveredTip boundary, CoreTime now, List<ReplicaEffect> effects)
    {
        Replica ended = Replica;
        if (ended.Ending() is { } ending)
        {
            foreach (Block tail in ending.Tails) effects.Add(new ReplicaEffect.Log(new DurableRecord.BlockHeld(tail)));
            _ended.Add(ending);
            if (_ended.Count > EndedMax) _ended.RemoveAt(0);
        }

        _history.End(boundary);
        effects.Add(new ReplicaEffect.EpochEntered(Committee, Self));
        Replica = new Replica(_options, Committee, Self, Recovered([], []), _mutations, ended);
        Replica.Start(now, effects);
    }

    private RecoveredState Recovered(IReadOnlyList<DurableRecord> voteLog, IReadOnlyList<StoredBatch> batches) =>
        new(voteLog, _history.Delivered, batches) { Closed = [.. _history.Closed] };

    /// <summary>R11 for ended epochs: who still speaks in one gets its commit proof, and the blocks below it.</summary>
    private void Answer(ReplicaInput.EndedEpochMessage input, CoreTime now, List<ReplicaEffect> effects)
    {
        EndedEpoch? ended = _ended.Find(known => known.Epoch == input.Epoch);
        PeerRecord asker = AskerOf(input.Peer);
        bool isBehind = input.Message is Vote or Proposal or Notarization or CertificateRequest
            || (input.Message is Status status && status.FinalSlot < ended?.Proof.Slot)
            || (input.Message is CommitProof proof && proof.Slot < ended?.Proof.Slot);
        if (input.Message is BlockRequest request)
        {
            if (!asker.Requests.TryTake(now.MonotonicMs)) return;
            IReadOnlyList<Block> tails = ended?.TailsFrom(request) ?? [];
            if (tails.Count > 0) effects.Add(new ReplicaEffect.Answer(input.Peer, new BlockResponse(tails)));
            else effects.Add(new ReplicaEffect.AnswerBlocks(input.Peer, request));
            // A tail that nobody here has: this member saw the epoch end without it.
            isBehind = tails.Count == 0 && request.Block.Height > ended?.Proof.Block.Height;
        }

        if (ended is null || !isBehind || now.MonotonicMs - asker.ProofSentAtMs < ConsensusLimits.StaleAnswerMs) return;
        asker.ProofSentAtMs = now.MonotonicMs;
        effects.Add(new ReplicaEffect.Answer(input.Peer, ended.Proof));
    }

    private PeerRecord AskerOf(ulong peer)
    {
        if (_askers.TryGetValue(peer, out PeerRecord? asker)) return asker;
        if (_askers.Count >= HeldMessages.PeersMax) _askers.Clear();
        return _askers[peer] = new PeerRecord();
    }

    /// <summary>Somebody speaks in a later epoch, so the present one is over: its end is asked for.</summary>
    private void AskForEnd(ulong peer, CoreTime now, List<ReplicaEffect> effects)
    {
        if (Replica.IsEpochOver) return;

        // Each of them as often: one that always speaks first and never answers must not be the only one that is asked.
        PeerRecord asked = AskerOf(peer);
        if (now.MonotonicMs - asked.AskedAtMs < ConsensusLimits.StaleAnswerMs) return;
        asked.AskedAtMs = now.MonotonicMs;
        Slot first = Replica.FinalSlot.Next();
        effects.Add(new ReplicaEffect.Answer(peer, new CertificateRequest(Replica.Committee.Epoch, first, first)));
    }

    private bool IsOfThisEpoch(ReplicaInput input, Epoch seats) =>
        (EpochOf(input) is not { } epoch || epoch == Committee.Epoch) && (seats == Committee.Epoch || !NamesSeat(input));

    /// <summary>The epoch of a message; null for one that is of no epoch in particular.</summary>
    public static Epoch? EpochOf(PeerMessage message) => message switch
    {
        Vote m => m.Epoch,
        Proposal m => m.Block.Header.Epoch,
        Notarization m => m.Epoch,
        CommitProof m => m.Epoch,
        CertificateResponse m => m.CommitProof?.Epoch ?? (m.Certificates.Count > 0 ? m.Certificates[0].Epoch : null),
        Status m => m.Epoch,
        CertificateRequest m => m.Epoch,
        BlockRequest m => m.Epoch,
        BlockResponse m => m.Blocks.Count > 0 ? m.Blocks[0].Header.Epoch : null,
        Evidence m => m.Epoch,
        Batch m => m.Header.Lane.Epoch,
        Ack m => m.Tip.Lane.Epoch,
        ProofOfAvailability m => m.Tip.Lane.Epoch,
        BatchResponse m => m.Lane.Epoch,
        ResultVote m => m.Epoch,
        ViewReport m => m.Epoch,
        ResultResponse m => m.Certificate?.Result.Epoch,
        _ => null,
    };

    /// <summary>Whether an input says by a seat whose session it came by, or whose session it is about.</summary>
    internal static bool NamesSeat(ReplicaInput input) => input
        is ReplicaInput.ProposalReceived or ReplicaInput.VoteReceived or ReplicaInput.StaleReceived or ReplicaInput.NotarizationReceived
        or ReplicaInput.CommitProofReceived or ReplicaInput.StatusReceived or ReplicaInput.CertificateRequestReceived
        or ReplicaInput.BlockRequestReceived or ReplicaInput.BlocksReceived or ReplicaInput.BatchReceived or ReplicaInput.BatchesReceived
        or ReplicaInput.AckReceived or ReplicaInput.ProofReceived or ReplicaInput.EvidenceReceived or ReplicaInput.PeerHeard
        or ReplicaInput.PeerConnected or ReplicaInput.PeerDisconnected or ReplicaInput.ViewReportReceived;

    private static Epoch? EpochOf(ReplicaInput input) => input switch
    {
        ReplicaInput.VoteReceived i => i.Vote.Value.Epoch,
        ReplicaInput.ProposalReceived i => i.Proposal.Value.Block.Header.Epoch,
        ReplicaInput.NotarizationReceived i => i.Certificate.Value.Epoch,
        ReplicaInput.CommitProofReceived i => i.Proof.Value.Epoch,
        ReplicaInput.StatusReceived i => i.Status.Value.Epoch,
        ReplicaInput.CertificateRequestReceived i => i.Request.Epoch,
        ReplicaInput.BlockRequestReceived i => i.Request.Epoch,
        ReplicaInput.ObserverRequest i => EpochOf(i.Request),
        ReplicaInput.ViewReportReceived i => i.Report.Value.Epoch,
        ReplicaInput.ViewReportSigned i => i.Report.Value.Epoch,
        ReplicaInput.VoteCast i => i.Vote.Value.Epoch,
        ReplicaInput.ProposalCast i => i.Proposal.Value.Block.Header.Epoch,
        _ => null,
    };

    private static Epoch EpochOf(DurableRecord record) => record switch
    {
        DurableRecord.OwnVote r => r.Vote.Epoch,
        DurableRecord.OwnProposal r => r.Proposal.Block.Header.Epoch,
        DurableRecord.BlockHeld r => r.Block.Header.Epoch,
        DurableRecord.CertificateHeld r => r.Certificate.Epoch,
        DurableRecord.FinalHeld r => r.Proof.Epoch,
        DurableRecord.OwnResultVote r => r.Vote.Epoch,
        DurableRecord.L1InputsHeld r => r.Epoch,
        _ => throw new InvariantException("a durable record of no known kind"),
    };
}

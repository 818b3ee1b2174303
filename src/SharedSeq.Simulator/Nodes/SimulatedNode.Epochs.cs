using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The epochs that this node has been in: who may have signed what, and in whose name it signs itself.</summary>
public sealed partial class SimulatedNode : ICommitteeSource
{
    /// <summary>Epochs whose results are gathered: those of an ended one are still owed for a while.</summary>
    private const int CollectorsKept = 3;

    private readonly SortedDictionary<Epoch, EpochPart> _parts = [];

    // By epoch from 1 on, as ordering handed them out.
    private readonly List<CommitteePlan> _decided = [];

    /// <param name="Genesis">The boundary that it begins from.</param>
    /// <param name="Committee">Its committee.</param>
    /// <param name="Seat">The own seat in it; null for none.</param>
    /// <param name="Verifier">Checks what is said in it.</param>
    /// <param name="Signer">Signs in its name; null without a seat.</param>
    /// <param name="Collector">Gathers its results.</param>
    private sealed record EpochPart(
        Height Genesis, Committee Committee, ReplicaId? Seat, MessageVerifier Verifier, StatementSigner? Signer, ResultCollector Collector)
    {
        /// <summary>What the collector wants done.</summary>
        public List<ResultEffect> Effects { get; } = [];
    }

    /// <summary>The present epoch, whose seats effects name; the last one known while the node is down.</summary>
    public Epoch Epoch { get; private set; }

    /// <summary>The present epoch's committee.</summary>
    public Committee Committee => _parts[Epoch].Committee;

    /// <summary>The own seat in the present epoch; null for an observer.</summary>
    public ReplicaId? Seat => _parts[Epoch].Seat;

    /// <inheritdoc/>
    public EpochSeat Next(Committee ended, BlockId boundary)
    {
        Epoch epoch = ended.Epoch.Next();
        SeatPlan plan = Run.Settings.Changes.IsOrdered ? Run.Committees.Decided(DecidedFor(epoch)) : Run.Committees.Of(epoch);
        Committee next = Run.CommitteeOf(plan, boundary.Hash);
        Enter(next, boundary.Height);
        return new EpochSeat(next, SeatIn(next.Epoch));
    }

    private CommitteePlan DecidedFor(Epoch epoch)
    {
        Invariant.Check((ulong)_decided.Count >= epoch.Value, "ordering has applied the boundary before the next epoch begins");
        return _decided[(int)epoch.Value - 1];
    }

    /// <summary>What a height decides about committees; one that is applied again decides nothing new.</summary>
    private void NoteDecided(OrderingResult result)
    {
        CommitteePlan? decided = Run.Mutant.TakesCommitteeAsFixed ? result.FixedCommittee : result.NextCommittee;
        if (decided is not null && decided.Epoch.Value == (ulong)_decided.Count + 1) _decided.Add(decided);
    }

    /// <summary>Signs in the name of an epoch that began here and in which it has a seat.</summary>
    public StatementSigner SignerOf(Epoch epoch) => _parts[epoch].Signer ?? throw new InvariantException("only who has a seat signs");

    /// <summary>A seat whose vote key was retired is none: others take its place for one that is silent.</summary>
    private ReplicaId? SeatIn(Epoch epoch)
    {
        SeatPlan plan = Run.Committees.Of(epoch);
        if (plan.SeatOf(Id) is not { } seat) return Run.Mutant.ObserversVote ? new ReplicaId(0) : null;
        return _lostKeys.Contains(plan.Seats[seat.Value].Keys!.Vote) ? null : seat;
    }

    private bool IsMine(LaneId lane) => Run.Committees.NodeAt(lane.Epoch, lane.Author) == Id;

    private void Forget()
    {
        _parts.Clear();
        _decided.Clear();
    }

    /// <param name="committee">Serves the epoch.</param>
    /// <param name="genesis">The boundary before it.</param>
    private void Enter(Committee committee, Height genesis)
    {
        SeatPlan plan = Run.Committees.Of(committee.Epoch);
        ReplicaId? self = SeatIn(committee.Epoch);
        StatementSigner? signer = null;
        if (self is { } seat)
        {
            SimulatedKeys keys = (plan.SeatOf(Id) is null ? null : plan.Seats[seat.Value].Keys) ?? Run.Signatures.KeysOf(Id);
            signer = new StatementSigner(Run.Domain, committee.Epoch, seat, keys.Vote, keys.Node);
        }

        var collector = new ResultCollector(committee, self, genesis);
        // Effects chain over the epochs, and so does what is known of own results.
        if (_parts.Count > 0) collector.Recover(CertifiedHeight, isDiverged: false);
        var verifier = new MessageVerifier(Run.Domain, committee, Run.Signatures);
        _parts[committee.Epoch] = new EpochPart(genesis, committee, self, verifier, signer, collector);
        Run.NoteCommittee(this, committee);
    }

    /// <summary>The verifier of an epoch's statements; null for an epoch that did not begin here.</summary>
    private MessageVerifier? VerifierOf(Epoch epoch) => _parts.TryGetValue(epoch, out EpochPart? part) ? part.Verifier : null;

    /// <summary>The newest epochs, oldest first: their results are gathered.</summary>
    private IEnumerable<EpochPart> Collecting() => _parts.Values.TakeLast(CollectorsKept);

    /// <summary>The lanes of an epoch close D heights after its boundary.</summary>
    private void NoteClosedLanes(Height delivered)
    {
        foreach (EpochPart part in _parts.Values)
        {
            if (part.Genesis > Height.Zero && part.Genesis.Plus((ulong)Run.Settings.ReceiptHeights) == delivered) Run.Coverage.LanesClosed++;
        }
    }

    /// <summary>The newest height whose certified result is the own one.</summary>
    public Height CertifiedHeight => Collecting().Max(part => part.Collector.Agreed);

    private EpochPart? CollectingIn(Epoch epoch) =>
        _parts.TryGetValue(epoch, out EpochPart? part) && epoch.Value + CollectorsKept > Epoch.Value ? part : null;

    /// <summary>The effects of the change of epochs.</summary>
    private void CarryOutOfEpochs(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.BatchesLeft left:
                Run.Coverage.BatchesLeft += left.Batches.Count;
                Reinject(left.Batches.Select(tip => Disk.FindBatch(tip.Digest)).OfType<Batch>());
                break;
            case ReplicaEffect.EpochEntered entered:
                OnEpochEntered(entered);
                break;
            case ReplicaEffect.SendToFormer send:
                Run.Coverage.SentToFormer++;
                Send(send.To, send.Epoch, send.Message);
                break;
            case ReplicaEffect.Answer answer:
                if (Epochs.EpochOf(answer.Message) < Epoch) Run.Coverage.EndedEpochsServed++;
                Disk.VoteLog.WhenDurable(() => SendOne(new NodeId((int)answer.Peer), answer.Message));
                break;
            case ReplicaEffect.AnswerBlocks answer:
                ServeBlocks(new NodeId((int)answer.Peer), answer.Request);
                break;
            default:
                CarryOutOfL1(effect);
                break;
        }
    }

    private void OnEpochEntered(ReplicaEffect.EpochEntered entered)
    {
        ReplicaId? before = Seat;
        Epoch = entered.Committee.Epoch;
        Invariant.Check(_parts.ContainsKey(Epoch) && entered.Self == Seat, "the node has the committee that its replica enters");
        Run.NoteEpochEntered(this, Epoch, before);
        StartLane();
        for (int i = 0; i < _peers.Length; i++)
        {
            if (_peers[i].IsConnected && Run.Committees.Of(Epoch).SeatOf(new NodeId(i)) is { } seat) Submit(new ReplicaInput.PeerConnected(seat));
        }

        foreach (HeldMessage held in _epochs!.TakeHeld())
        {
            var from = new NodeId((int)held.Peer);
            Run.Schedule.After(0, () => OnArrival(from, held.Message));
        }
    }
}

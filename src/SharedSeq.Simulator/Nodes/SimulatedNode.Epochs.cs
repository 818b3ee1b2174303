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

    /// <param name="Committee">Its committee.</param>
    /// <param name="Seat">The own seat in it; null for none.</param>
    /// <param name="Verifier">Checks what is said in it.</param>
    /// <param name="Signer">Signs in its name; null without a seat.</param>
    /// <param name="Collector">Gathers its results.</param>
    private sealed record EpochPart(
        Committee Committee, ReplicaId? Seat, MessageVerifier Verifier, StatementSigner? Signer, ResultCollector Collector)
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
        Committee next = Run.CommitteeOf(new Epoch(ended.Epoch.Value + 1), boundary.Hash);
        Enter(next);
        return new EpochSeat(next, SeatIn(next.Epoch));
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

    private void Forget() => _parts.Clear();

    private void Enter(Committee committee)
    {
        SeatPlan plan = Run.Committees.Of(committee.Epoch);
        ReplicaId? self = SeatIn(committee.Epoch);
        StatementSigner? signer = null;
        if (self is { } seat)
        {
            SimulatedKeys keys = (plan.SeatOf(Id) is null ? null : plan.Seats[seat.Value].Keys) ?? Run.Signatures.KeysOf(Id);
            signer = new StatementSigner(Run.Domain, committee.Epoch, seat, keys.Vote, keys.Node);
        }

        _parts[committee.Epoch] = new EpochPart(
            committee, self, new MessageVerifier(Run.Domain, committee, Run.Signatures), signer, new ResultCollector(committee, self));
    }

    /// <summary>The verifier of an epoch's statements; null for an epoch that did not begin here.</summary>
    private MessageVerifier? VerifierOf(Epoch epoch) => _parts.TryGetValue(epoch, out EpochPart? part) ? part.Verifier : null;

    /// <summary>The newest epochs, oldest first: their results are gathered.</summary>
    private IEnumerable<EpochPart> Collecting() => _parts.Values.TakeLast(CollectorsKept);

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
                Invariant.Throw($"an effect of no known kind {effect.GetType().Name}");
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

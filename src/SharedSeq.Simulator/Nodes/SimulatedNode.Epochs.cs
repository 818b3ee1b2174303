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

    private sealed record EpochPart(Committee Committee, MessageVerifier Verifier, StatementSigner Signer, ResultCollector Collector);

    /// <summary>The present epoch; the last one known while the node is down.</summary>
    public Epoch Epoch => _parts.Keys.Last();

    /// <inheritdoc/>
    public EpochSeat Next(Committee ended, BlockId boundary)
    {
        var members = new CommitteeMember[ended.Count];
        for (int i = 0; i < members.Length; i++) members[i] = ended[new ReplicaId((ushort)i)];
        var next = new Committee(new Epoch(ended.Epoch.Value + 1), ended.Quorum, members, boundary.Hash);
        Enter(next);
        return new EpochSeat(next, Id);
    }

    private void Forget() => _parts.Clear();

    private void Enter(Committee committee)
    {
        var signer = new StatementSigner(Run.Domain, committee.Epoch, Id, _keys.Vote, _keys.Node);
        _parts[committee.Epoch] = new EpochPart(
            committee, new MessageVerifier(Run.Domain, committee, Run.Signatures), signer, new ResultCollector(committee, Id));
    }

    private StatementSigner SignerOf(Epoch epoch) => _parts[epoch].Signer;

    /// <summary>The verifier of an epoch's statements; null for an epoch that did not begin here.</summary>
    private MessageVerifier? VerifierOf(Epoch epoch) => _parts.TryGetValue(epoch, out EpochPart? part) ? part.Verifier : null;

    /// <summary>Result collectors of the newest epochs, oldest first.</summary>
    private IEnumerable<ResultCollector> Collectors() => _parts.Values.TakeLast(CollectorsKept).Select(part => part.Collector);

    private ResultCollector? CollectorOf(Epoch epoch) =>
        _parts.TryGetValue(epoch, out EpochPart? part) && epoch.Value + CollectorsKept > Epoch.Value ? part.Collector : null;

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
                Send(send.To, send.Message);
                break;
            case ReplicaEffect.Answer answer:
                Disk.VoteLog.WhenDurable(() => Send(ReplicaSet.Of(new ReplicaId((ushort)answer.Peer)), answer.Message));
                break;
            case ReplicaEffect.AnswerBlocks answer:
                CarryOutServeBlocks(new ReplicaEffect.ServeBlocks(new ReplicaId((ushort)answer.Peer), answer.Request));
                break;
            default:
                Invariant.Throw($"an effect of no known kind {effect.GetType().Name}");
                break;
        }
    }

    private void OnEpochEntered(ReplicaEffect.EpochEntered entered)
    {
        Invariant.Check(Epoch == entered.Committee.Epoch, "the node has the committee that its replica enters");
        Run.NoteEpochEntered(this, Epoch);
        StartLane();
        foreach (HeldMessage held in _epochs!.TakeHeld())
        {
            var from = new ReplicaId((ushort)held.Peer);
            Run.Schedule.After(0, () => OnArrival(from, held.Message));
        }
    }
}

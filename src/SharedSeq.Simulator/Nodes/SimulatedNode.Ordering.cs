using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Behind the commit: the ordering machine, result votes and certificates, and the archive.</summary>
public sealed partial class SimulatedNode : IBatchSource
{
    private OrderingMachine _ordering;
    private readonly int[] _resultsAnswered;
    private bool _isCarryingOutResults;

    /// <summary>The newest height that the ordering machine has executed.</summary>
    public Height ExecutedHeight => _ordering.Height;

    /// <summary>Operators and committees after the newest height executed.</summary>
    public OperatorRegistry Operators => _ordering.Operators;

    /// <summary>The last height of the epoch of the newest height executed, once it is known.</summary>
    public Height? ExecutedBoundary => _ordering.Boundary;

    /// <summary>The newest result certificate held.</summary>
    public ResultCertificate? NewestCertificate => Collecting().LastOrDefault(part => part.Collector.Newest is not null)?.Collector.Newest;

    /// <inheritdoc/>
    public BodyLease Borrow(LaneTip tip) => BodyLease.Of(Get(tip));

    private BatchBody Get(LaneTip tip)
    {
        Batch? batch = Disk.FindBatch(tip.Digest);
        Invariant.Check(batch is not null, "the batches of a delivered height are stored");
        return batch.Body;
    }

    /// <summary>
    /// A restart takes the newest snapshot of the ordering state, or begins at genesis, and executes what the archive holds above it. What the ledger
    /// keeps, snapshots and certificates, may be older than the archive: it is only a view. Who serves the epochs that the archive leads to is known then.
    /// </summary>
    private List<(CommittedBlock Block, OrderingResult Result)> ReplayOrdering()
    {
        _ordering = RestoreOrdering();
        var replayed = new List<(CommittedBlock Block, OrderingResult Result)>();
        int from = (int)_ordering.Height.Value;
        Run.Coverage.HeightsReplayed += Disk.Archive.Records.Count - from;
        for (int i = from; i < Disk.Archive.Records.Count; i++) replayed.Add((Disk.Archive.Records[i], Apply(Disk.Archive.Records[i])));
        return replayed;
    }

    private void StartOrdering(RecoveredState recovered, List<(CommittedBlock Block, OrderingResult Result)> replayed)
    {
        foreach (DurableRecord record in recovered.VoteLog)
        {
            if (record is DurableRecord.OwnResultVote vote) CollectingIn(vote.Vote.Epoch)?.Collector.Recover(vote.Vote);
        }

        if (Disk.NewestCertificate is { } certificate && Run.Random.Below(2) == 0) CollectingIn(certificate.Result.Epoch)?.Collector.Recover(certificate);
        foreach ((CommittedBlock block, OrderingResult result) in replayed) OnApplied(block, result);
    }

    private OrderingMachine NewOrdering() => new(Run.Genesis, Run.Signatures, Run.Mutant.CommitteeMutations);

    private OrderingMachine RestoreOrdering()
    {
        if (Disk.Snapshot is not { } snapshot || Run.Random.Below(2) == 0) return NewOrdering();
        var reader = new CanonicalReader(snapshot.State);
        OrderingMachine machine = OrderingMachine.Restore(Run.Genesis, Run.Signatures, Run.Mutant.CommitteeMutations, ref reader);
        reader.End("ordering snapshot");
        if (machine.Height > Disk.ArchivedHeight) return NewOrdering();
        _decided.AddRange(snapshot.Decided);
        Run.Coverage.SnapshotsRestored++;
        return machine;
    }

    private void Deliver(CommittedBlock block)
    {
        Run.NoteDelivered(this, block);
        NoteClosedLanes(block.Height);
        Disk.Archive.Append(block);
        Disk.Archive.WhenDurable(() => Submit(new ReplicaInput.BlockArchived(block.Height)));
        OnApplied(block, Apply(block));
    }

    private OrderingResult Apply(CommittedBlock block)
    {
        OrderingResult result = _ordering.Apply(Run.Mutant.Executed(block, Id), this);
        NoteDecided(result);
        if (result.IsCheckpoint) KeepSnapshot();
        return result;
    }

    private void OnApplied(CommittedBlock block, OrderingResult result)
    {
        Run.Coverage.Count(result);
        var ordered = new List<TxId>();
        foreach (NamespaceGrowth growth in result.Growth)
        {
            for (int place = growth.First; place < growth.Content.Count; place++)
            {
                (LaneTip batch, int index) = growth.Content[place];
                ordered.Add(Get(batch).IdOf(index));
            }
        }

        foreach (AcceptedStatement accepted in result.Statements) ordered.Add(accepted.Id);
        Run.NoteExecuted(this, new ExecutedHeight(result, ordered, block.Block.Payload.Evidence));
        if (!result.IsSigned) return;
        if (CollectingIn(result.Result.Epoch) is { } part) part.Collector.OnOwnResult(result.Result, part.Effects);
        CarryOutResults();
    }

    private void KeepSnapshot()
    {
        Disk.Snapshot = new KeptSnapshot(_ordering.BeginSnapshot().ToArray(), [.. _decided]);
        _ordering.EndSnapshot();
    }

    private void TickOrdering()
    {
        Array.Clear(_resultsAnswered);
        foreach (EpochPart part in Collecting())
        {
            // An observer of an epoch has nothing more to ask for once it has the certificate of its boundary.
            bool isSettled = part.Collector.Newest?.Result.NextCommitteeHash is { } next && next != Hash32.Zero;
            if (part.Seat is not null || !isSettled) part.Collector.OnTick(part.Effects);
        }

        CarryOutResults();
    }

    private VerificationRejection DispatchToOrdering(NodeId from, PeerMessage message, MessageVerifier verifier)
    {
        VerificationRejection reason = VerificationRejection.None;
        switch (message)
        {
            case ResultVote vote when CollectingIn(vote.Epoch) is { } part && part.Collector.IsWanted(vote):
                reason = verifier.TryVerify(vote, out Verified<ResultVote> verified);
                if (reason == VerificationRejection.None)
                    part.Collector.OnVote(Run.Committees.Of(vote.Epoch).SeatOf(from) ?? vote.Voter, verified, part.Effects);
                break;
            case ResultRequest request:
                OnResultRequest(from, request);
                break;
            case ResultResponse { Certificate: { } certificate }:
                reason = verifier.TryVerify(certificate, out Verified<ResultCertificate> held);
                if (reason == VerificationRejection.None && CollectingIn(certificate.Result.Epoch) is { } collecting)
                    collecting.Collector.OnCertificate(held, collecting.Effects);
                break;
        }

        CarryOutResults();
        return reason;
    }

    /// <summary>Observers of the epoch that answers are answered as often as its members.</summary>
    private void OnResultRequest(NodeId from, ResultRequest request)
    {
        ResultCollector? answerer = ResultCollector.AnswererOf(Collecting().Select(part => part.Collector), request);
        if (answerer?.Newest is not { } newest || CollectingIn(newest.Result.Epoch) is not { } part) return;
        if (Run.Committees.Of(newest.Result.Epoch).SeatOf(from) is { } asker) answerer.OnRequest(asker, request, part.Effects);
        else if (_resultsAnswered[from.Value]++ < ResultCollector.AnswersPerTick) SendOne(from, new ResultResponse(newest));
    }

    private void CarryOutResults()
    {
        if (_isCarryingOutResults) return;
        _isCarryingOutResults = true;
        foreach (EpochPart part in Collecting().ToArray())
        {
            for (int i = 0; i < part.Effects.Count; i++) CarryOut(part, part.Effects[i]);
            part.Effects.Clear();
        }

        _isCarryingOutResults = false;
    }

    private void CarryOut(EpochPart part, ResultEffect effect)
    {
        switch (effect)
        {
            case ResultEffect.SignResult sign:
                Verified<ResultVote> vote = part.Signer!.Result(sign.Result.Height, sign.Result.Hash);
                Run.NoteSigned(Id, vote.Value);
                Disk.VoteLog.Append(new DurableRecord.OwnResultVote(vote.Value));
                part.Collector.OnOwnVote(vote, part.Effects);
                break;
            case ResultEffect.Send send:
                Send(send.To, part.Committee.Epoch, send.Message);
                break;
            case ResultEffect.Certified certified:
                Disk.NewestCertificate = certified.Certificate;
                Run.NoteCertified(this, certified.Certificate);
                break;
            case ResultEffect.EvidenceFound found:
                VerificationRejection reason = VerifierOf(found.Evidence.Epoch)!.TryVerify(found.Evidence, out Verified<Evidence> evidence);
                Invariant.Check(reason == VerificationRejection.None, "evidence of a node's own making verifies");
                Submit(new ReplicaInput.EvidenceReceived(Seat, evidence));
                break;
            case ResultEffect.Diverged diverged:
                if (IsHonest) Run.Violate("Divergence", $"replica {Id} finds its result of height {diverged.Own.Height} different from {diverged.OtherHash}");
                break;
            case ResultEffect.Split split:
                if (IsHonest) Run.Violate("Divergence", $"replica {Id} finds the results of height {split.Height} split");
                break;
            default:
                Invariant.Throw($"a result effect of no known kind {effect.GetType().Name}");
                break;
        }
    }
}

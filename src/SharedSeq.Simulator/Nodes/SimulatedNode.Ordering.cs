using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Behind the commit: the ordering machine, result votes and certificates, and the archive.</summary>
public sealed partial class SimulatedNode : IBatchSource
{
    private OrderingMachine _ordering;
    private bool _isCarryingOutResults;

    /// <summary>The newest height that the ordering machine has executed.</summary>
    public Height ExecutedHeight => _ordering.Height;

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
    /// keeps, snapshots and certificates, may be older than the archive: it is only a view.
    /// </summary>
    private void StartOrdering(RecoveredState recovered)
    {
        _ordering = RestoreOrdering();
        foreach (DurableRecord record in recovered.VoteLog)
        {
            if (record is DurableRecord.OwnResultVote vote) CollectingIn(vote.Vote.Epoch)?.Collector.Recover(vote.Vote);
        }

        if (Disk.NewestCertificate is { } certificate && Run.Random.Below(2) == 0) CollectingIn(certificate.Result.Epoch)?.Collector.Recover(certificate);
        int from = (int)_ordering.Height.Value;
        Run.Coverage.HeightsReplayed += Disk.Archive.Records.Count - from;
        for (int i = from; i < Disk.Archive.Records.Count; i++) Execute(Disk.Archive.Records[i]);
    }

    private OrderingMachine RestoreOrdering()
    {
        if (Disk.Snapshot is not { } snapshot || Run.Random.Below(2) == 0) return new OrderingMachine(Run.Genesis, Run.Signatures);
        var reader = new CanonicalReader(snapshot);
        OrderingMachine machine = OrderingMachine.Restore(Run.Genesis, Run.Signatures, ref reader);
        reader.End("ordering snapshot");
        if (machine.Height > Disk.ArchivedHeight) return new OrderingMachine(Run.Genesis, Run.Signatures);
        Run.Coverage.SnapshotsRestored++;
        return machine;
    }

    private void Deliver(CommittedBlock block)
    {
        Run.NoteDelivered(this, block);
        Disk.Archive.Append(block);
        Disk.Archive.WhenDurable(() => Submit(new ReplicaInput.BlockArchived(block.Height)));
        Execute(block);
    }

    private void Execute(CommittedBlock block)
    {
        OrderingResult result = _ordering.Apply(Run.Mutant.Executed(block, Id), this);
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

        Run.NoteExecuted(this, new ExecutedHeight(result, ordered));
        if (result.IsCheckpoint) KeepSnapshot();
        if (!result.IsSigned) return;
        if (CollectingIn(result.Result.Epoch) is { } part) part.Collector.OnOwnResult(result.Result, part.Effects);
        CarryOutResults();
    }

    private void KeepSnapshot()
    {
        Disk.Snapshot = _ordering.BeginSnapshot().ToArray();
        _ordering.EndSnapshot();
    }

    private void TickOrdering()
    {
        foreach (EpochPart part in Collecting()) part.Collector.OnTick(part.Effects);
        CarryOutResults();
    }

    private VerificationRejection DispatchToOrdering(NodeId from, PeerMessage message, MessageVerifier verifier)
    {
        VerificationRejection reason = VerificationRejection.None;
        switch (message)
        {
            case ResultVote vote when CollectingIn(vote.Epoch) is { } part && part.Collector.IsWanted(vote):
                reason = verifier.TryVerify(vote, out Verified<ResultVote> verified);
                if (reason == VerificationRejection.None && Run.Committees.Of(vote.Epoch).SeatOf(from) is { } voter)
                    part.Collector.OnVote(voter, verified, part.Effects);
                break;
            case ResultRequest request:
                foreach (EpochPart part in Collecting())
                {
                    if (Run.Committees.Of(part.Committee.Epoch).SeatOf(from) is { } asker) part.Collector.OnRequest(asker, request, part.Effects);
                }

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

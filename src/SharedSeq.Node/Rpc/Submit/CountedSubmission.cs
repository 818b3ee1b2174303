using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>Counts a submission that the lane does not take, and passes on what becomes of it.</summary>
internal sealed class CountedSubmission(ISubmissionObserver observer, AdmissionCounters counters) : ISubmissionObserver
{
    public void OnRejected(SubmissionRejection reason)
    {
        counters.CountFrame(reason);
        observer.OnRejected(reason);
    }

    public void OnReceived(LanePlace place) => observer.OnReceived(place);

    public void OnAccepted(LanePlace place, ProofOfAvailability proof) => observer.OnAccepted(place, proof);

    public void OnCommitted(LanePlace place, ProvenBlock block) => observer.OnCommitted(place, block);
}

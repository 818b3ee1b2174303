using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>A submission as the door keeps account of it: what the lane does not take is counted, and no longer on its way.</summary>
internal sealed class DoorSubmission(ISubmissionObserver observer, AdmissionCounters counters, LaneBacklog backlog, NamespaceId ns, int bytes)
    : ISubmissionObserver
{
    public void OnRejected(SubmissionRejection reason)
    {
        counters.CountFrame(reason);
        backlog.Remove(ns, bytes);
        observer.OnRejected(reason);
    }

    public void OnReceived(LanePlace place) => observer.OnReceived(place);

    public void OnAccepted(LanePlace place, AcceptanceProof proof) => observer.OnAccepted(place, proof);

    public void OnCommitted(LanePlace place, ProvenBlock block) => observer.OnCommitted(place, block);
}

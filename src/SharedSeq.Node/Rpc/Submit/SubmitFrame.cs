using SharedSeq.Client;

namespace SharedSeq.Node;

/// <summary>What happened to one frame, on its way to the connection's writer.</summary>
internal readonly record struct SubmitEvent(SubmitFrame Frame, LanePlace Place, AcceptanceProof? Accepted, ProvenBlock? Committed, SubmitReply? Ready);

/// <summary>One frame of a submit stream as the lane sees it: passes what happens on to its connection.</summary>
internal sealed class SubmitFrame(SubmitSession session, ulong request, SubmitWait wait, int bytes) : ISubmissionObserver
{
    public ulong Request { get; } = request;

    public void OnRejected(SubmissionRejection reason)
    {
        session.Release(bytes);
        session.Post(new SubmitEvent(this, default, null, null, new SubmitReply.NotTaken(Request, (byte)reason)));
    }

    public void OnReceived(LanePlace place)
    {
    }

    public void OnAccepted(LanePlace place, AcceptanceProof proof)
    {
        if ((wait & SubmitWait.Accepted) == 0) return;
        if ((wait & SubmitWait.Committed) == 0) session.Release(bytes);
        session.Post(new SubmitEvent(this, place, proof, null, null));
    }

    public void OnCommitted(LanePlace place, ProvenBlock block)
    {
        if ((wait & SubmitWait.Committed) == 0) return;
        session.Release(bytes);
        session.Post(new SubmitEvent(this, place, null, block, null));
    }
}

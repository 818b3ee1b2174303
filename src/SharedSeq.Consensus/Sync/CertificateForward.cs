using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// R1's "send the certificate once to every member not known to have it", a moment after entering: members that form it themselves show it by
/// their next vote, so that in good times none is sent.
/// </summary>
internal sealed class CertificateForward(ReplicaState state)
{
    private Slot _slot;
    private bool _isDue;

    public long DueAtMs { get; private set; } = long.MaxValue;

    public void SlotEntered()
    {
        if (DueAtMs != long.MaxValue || state.IsObserver) return;
        _slot = state.Current;
        DueAtMs = state.NowMs + state.Options.CertificateForwardMs;
        _isDue = state.Options.CertificateForwardMs == 0;
    }

    /// <summary>Sends the newest entry certificate to those that have not shown to be in the slot for which the wait began.</summary>
    public void Flush()
    {
        if (!_isDue && DueAtMs > state.NowMs) return;
        _isDue = false;
        DueAtMs = long.MaxValue;
        ReplicaSet behind = ReplicaSet.Empty;
        foreach (ReplicaId peer in state.Others)
        {
            if (state.Peers[peer].Entered < _slot) behind = behind.With(peer);
        }

        if (behind.Count > 0) SendEntry(behind);
        if (state.Current > _slot) SlotEntered();
    }

    /// <summary>Sends what lets a member enter the current slot.</summary>
    public void SendEntry(ReplicaSet to)
    {
        Slot last = state.Current.Previous();
        if (state.Slots.Find(last) is { Certificates.Count: > 0 } slot) state.Send(to, R1Enter.Entry(slot).Certificate);
        else if (state.LastFinalProof is { } proof) state.Send(to, proof);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Upon receiving a Status: its maker is alive (R5). One that is ahead is asked for its commit proof, one that is behind is sent ours: that is how a
/// member that was away finds back (consensus.md 8).
/// </summary>
internal static class StatusInput
{
    public static void Handle(ReplicaState state, ReplicaInput.StatusReceived input)
    {
        Status status = input.Status.Value;
        state.Peers.StatusSeen(status.Replica, status.Current);
        if (status.Current <= state.LastFinalSlot)
        {
            StaleInput.Handle(state, input.From);
            return;
        }

        if (status.FinalSlot <= state.LastFinalSlot) return;
        bool isAhead = status.FinalSlot >= state.Current;
        bool isStuck = state.NowMs - state.LastFinalAtMs >= state.Options.SlotTimeoutMs;
        if (!isAhead && !isStuck) return;
        if (state.NowMs - state.CommitAskedAtMs < state.FetchRetryMs) return;
        state.CommitAskedAtMs = state.NowMs;
        Slot first = state.LastFinalSlot.Next();
        state.Send(ReplicaSet.Of(input.From), new CertificateRequest(state.Committee.Epoch, first, first));
    }
}

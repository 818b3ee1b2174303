namespace SharedSeq.Consensus;

/// <summary>
/// Section 8: the epoch is over when its boundary block is committed, by itself or by a tail. From then on this replica casts nothing in it; the
/// commit proof goes to all, and again to whoever shows to be behind (R11).
/// </summary>
internal static class EpochEnd
{
    public static bool Apply(ReplicaState state)
    {
        if (state.IsEpochOver || state.Chain.Tip.Epoch.IsEndless) return state.IsEpochOver;
        EpochSpan epoch = state.Resolve(state.LastFinalSlot, state.LastFinal, out _, out _)?.Epoch ?? state.Chain.Tip.Epoch;
        if (epoch.Boundary is not { } boundary || state.LastFinal.Height < boundary) return false;
        state.IsEpochOver = true;
        state.Trace("8", state.LastFinalSlot, $"epoch {state.Committee.Epoch} is over at height {boundary}");
        if (!state.IsObserver && state.LastFinalProof is { } proof) state.Send(state.Others, proof);
        return true;
    }
}

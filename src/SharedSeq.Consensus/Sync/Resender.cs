using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Re-sending (consensus.md 6): every R with jitter while nothing is committed, and at once to a member whose session was (re)established. Without
/// it one lost packet is a permanent halt. The signed Status goes out every R in any case. An observer has nothing to send again but evidence.
/// </summary>
internal sealed class Resender(ReplicaState state)
{
    private Slot _lastFinalAtResend;

    public long NextMs { get; private set; } = long.MaxValue;

    public void Start() => NextMs = state.NowMs + JitteredMs();

    public void Tick()
    {
        if (state.NowMs < NextMs) return;
        NextMs = state.NowMs + JitteredMs();
        state.IsStatusOwed = true;
        if (state.LastFinalSlot == _lastFinalAtResend) To(state.Others);
        _lastFinalAtResend = state.LastFinalSlot;
        state.Evidence.Resend(state.Others, state.Effects);
        if (!state.IsObserver) WantGaps();
    }

    /// <summary>Everything of this replica's own that a member may lack: commit proof, own votes and certificates of the oldest slots, proposal.</summary>
    public void To(ReplicaSet to)
    {
        if (state.IsObserver) return;
        if (state.LastFinalProof is { } proof) state.Send(to, proof);
        int count = int.Min(state.Slots.Count, ConsensusLimits.ResendSlots);
        for (int i = 0; i < count; i++)
        {
            SlotState slot = state.Slots[i];
            foreach (HeldCertificate held in slot.Certificates) state.Send(to, held.Certificate);
            foreach (Vote vote in slot.OwnVotes) state.Send(to, vote);
        }

        if (state.Slots.Count > count) state.Forward.SendEntry(to);
        if (state.Slots.Find(state.Current)?.OwnProposal is { } proposal) state.Send(to, proposal);
    }

    public void SendStatus(ReplicaSet to)
    {
        if (to.Count == 0 || state.IsObserver) return;
        state.Effects.Add(new ReplicaEffect.SendStatus(to, state.LastFinalSlot, state.LastFinal, state.Current));
    }

    /// <summary>A gap that R2 voted in stays asked for until it closes.</summary>
    private void WantGaps()
    {
        Slot first = (state.HighestBlock > state.LastFinalSlot ? state.HighestBlock : state.LastFinalSlot).Next();
        if (first < state.Current) state.Repair.Want(first, state.Current.Previous(), needsOthers: false, ReplicaSet.Empty);
    }

    private int JitteredMs() => state.Options.ResendMs + state.Random.Below(int.Max(1, state.Options.ResendMs / 4));
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// How an observer follows the epoch (consensus.md 8): nobody sends it votes, so it asks one member after another for what was committed above its last
/// commit. Blocks and batches are then fetched as by a member that was away. At a heartbeat's distance it is about as far behind as an idle network is.
/// </summary>
internal sealed class Follower(ReplicaState state)
{
    private long _askAtMs;

    /// <summary>When it asks next; long.MaxValue for a member.</summary>
    public long NextMs => state.IsObserver ? _askAtMs : long.MaxValue;

    public void Start() => _askAtMs = state.NowMs;

    public void Tick()
    {
        if (state.NowMs < NextMs) return;
        _askAtMs = state.NowMs + state.Options.HeartbeatMs;
        Slot next = state.LastFinalSlot.Next();
        state.Send(state.Peers.Choose(ReplicaSet.Empty, state.Random), new CertificateRequest(state.Committee.Epoch, next, next));
    }
}

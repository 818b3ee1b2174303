using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>R11: a message of a slot that is committed here is answered with the commit proof, because its sender may be behind. Rate limited.
/// An observer leaves that to the members.</summary>
internal static class StaleInput
{
    public static void Handle(ReplicaState state, ReplicaId from)
    {
        if (state.IsObserver || from == state.Self || state.LastFinalProof is not { } proof) return;
        PeerRecord peer = state.Peers[from];
        if (state.NowMs - peer.ProofSentAtMs < ConsensusLimits.StaleAnswerMs) return;
        peer.ProofSentAtMs = state.NowMs;
        state.Send(ReplicaSet.Of(from), proof);
    }
}

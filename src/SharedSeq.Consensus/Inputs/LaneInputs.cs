using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Upon receiving anything about lanes: it goes to the lane book; the rules run behind it, because a PoA may be news for a leader.</summary>
internal static class LaneInputs
{
    public static void Handle(ReplicaState state, ReplicaInput input)
    {
        LaneBook lanes = state.Lanes;
        long nowMs = state.NowMs;
        List<ReplicaEffect> effects = state.Effects;
        switch (input)
        {
            case ReplicaInput.BatchReceived i:
                Heard(state, i.From);
                lanes.OnBatchReceived(i.Batch, nowMs, effects);
                break;
            case ReplicaInput.BatchesReceived i:
                Heard(state, i.From);
                lanes.OnBatchesReceived(i.From, i.Response, nowMs, effects);
                break;
            case ReplicaInput.AckReceived i:
                Heard(state, i.From);
                lanes.OnAckReceived(i.Ack, nowMs, effects);
                break;
            case ReplicaInput.ProofReceived i:
                Heard(state, i.From);
                lanes.OnProofReceived(i.Proof, nowMs, effects);
                break;
            case ReplicaInput.BatchStored i: lanes.OnBatchStored(i.Tip, nowMs, effects); break;
            case ReplicaInput.AckSigned i: lanes.OnAckSigned(i.Ack, nowMs, effects); break;
            case ReplicaInput.OwnBatchSealed i: lanes.OnOwnBatchSealed(i.Batch, nowMs, effects); break;
            case ReplicaInput.ReceiptRelayed i: lanes.OnReceiptRelayed(i.Proof, nowMs, effects); break;
            default:
                Invariant.Throw($"an input of unhandled kind {input.GetType().Name}");
                break;
        }
    }

    private static void Heard(ReplicaState state, ReplicaId? from)
    {
        if (from is { } seat) state.Peers.Heard(seat, state.NowMs);
    }
}

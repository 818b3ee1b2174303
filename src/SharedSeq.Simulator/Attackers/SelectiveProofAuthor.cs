using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Sends the proofs of its own lane to one member only, another one for each batch.</summary>
public sealed class SelectiveProofAuthor : Attacker
{
    public override bool OnSend(ReplicaId to, PeerMessage? message) =>
        message is ProofOfAvailability proof && proof.Tip.Lane.Author == Me
        && to.Value != (proof.Tip.Seq.Value + 1 + Me.Value) % (ulong)Run.Committee.Count;
}

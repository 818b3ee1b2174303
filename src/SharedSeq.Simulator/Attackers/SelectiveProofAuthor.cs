using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>Sends the proofs of its own lane to one member only, another one for each batch.</summary>
public sealed class SelectiveProofAuthor : Attacker
{
    public override bool OnSend(NodeId to, PeerMessage? message) =>
        message is ProofOfAvailability proof && IsMine(proof.Tip.Lane)
        && (ulong)to.Value != (proof.Tip.Seq.Value + 1 + (ulong)Me.Value) % (ulong)Run.Nodes.Count;
}

using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>Hands out the receipts of one batch, never sends that batch's proof to anybody, and is gone for good.</summary>
public sealed class AuthorDyingAfterReceipt : Attacker
{
    private ulong _lastSeq;

    public override void OnStart() => _lastSeq = (ulong)Random.Below(6);

    public override bool OnSend(NodeId to, PeerMessage? message) =>
        message is ProofOfAvailability proof && IsMine(proof.Tip.Lane) && proof.Tip.Seq.Value >= _lastSeq;

    public override bool OnEffect(ReplicaEffect effect)
    {
        if (effect is not ReplicaEffect.OwnBatchCertified certified || certified.Proof.Value.Tip.Seq.Value < _lastSeq) return false;
        Node.ReleaseReceipts(certified.Proof);
        Node.DieForGood();
        return true;
    }
}

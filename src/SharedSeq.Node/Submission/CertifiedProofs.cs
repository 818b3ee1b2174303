using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>PoAs of the newest own batches, to make receipts from when a client asks again.</summary>
public sealed class CertifiedProofs
{
    /// <summary>PoAs kept. 4,096: those of batches still in memory.</summary>
    private const int Kept = 4_096;

    private readonly Lock _gate = new();
    private readonly Queue<ProofOfAvailability> _newest = new();

    public void Add(ProofOfAvailability proof)
    {
        lock (_gate)
        {
            _newest.Enqueue(proof);
            if (_newest.Count > Kept) _newest.Dequeue();
        }
    }

    /// <summary>The nearest PoA of this batch or of a later one of its lane, which covers it, too; null when there is none.</summary>
    public ProofOfAvailability? FindCover(LaneTip tip)
    {
        lock (_gate)
        {
            ProofOfAvailability? nearest = null;
            foreach (ProofOfAvailability proof in _newest)
            {
                LaneTip at = proof.Tip;
                if (at.Lane == tip.Lane && at.Seq >= tip.Seq && (nearest is null || at.Seq < nearest.Tip.Seq)) nearest = proof;
            }

            return nearest;
        }
    }
}

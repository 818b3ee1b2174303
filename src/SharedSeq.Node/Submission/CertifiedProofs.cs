using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>PoAs of the newest own batches, to make receipts from when a client asks again.</summary>
public sealed class CertifiedProofs
{
    /// <summary>PoAs kept. 4,096: those of batches still in memory.</summary>
    private const int Kept = 4_096;

    private readonly Lock _gate = new();
    private readonly Dictionary<LaneTip, ProofOfAvailability> _byTip = [];
    private readonly Queue<LaneTip> _order = new();

    public void Add(ProofOfAvailability proof)
    {
        lock (_gate)
        {
            if (!_byTip.TryAdd(proof.Tip, proof)) return;
            _order.Enqueue(proof.Tip);
            if (_order.Count > Kept) _byTip.Remove(_order.Dequeue());
        }
    }

    public ProofOfAvailability? Find(LaneTip tip)
    {
        lock (_gate) return _byTip.GetValueOrDefault(tip);
    }
}

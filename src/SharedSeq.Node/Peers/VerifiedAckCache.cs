using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Acks whose signature was checked here, so that a PoA costs only what is new in it: its acks arrive alone, with the batch, in the PoA and again
/// in a proposal. Two generations of bounded size, in memory that is used again; losing one costs a check, never correctness. Safe for all peers' loops
/// at once.
/// </summary>
public sealed class VerifiedAckCache(int perGenerationMax = 8_192)
{
    private readonly Lock _gate = new();
    private HashSet<Key> _young = new(perGenerationMax);
    private HashSet<Key> _old = new(perGenerationMax);

    public bool IsKnown(LaneTip tip, AckSignature ack)
    {
        Key key = KeyOf(tip, ack);
        lock (_gate) return _young.Contains(key) || _old.Contains(key);
    }

    public void Add(LaneTip tip, AckSignature ack)
    {
        Key key = KeyOf(tip, ack);
        lock (_gate)
        {
            if (_young.Count >= perGenerationMax)
            {
                (_young, _old) = (_old, _young);
                _young.Clear();
            }

            _young.Add(key);
        }
    }

    public void AddAll(ProofOfAvailability proof)
    {
        foreach (AckSignature ack in proof.Acks) Add(proof.Tip, ack);
    }

    private static Key KeyOf(LaneTip tip, AckSignature ack) => new(tip, ack.Acker, ack.Height, ack.Signature);

    private readonly record struct Key(LaneTip Tip, ReplicaId Acker, Height Height, Signature64 Signature)
    {
        public override int GetHashCode() => HashCode.Combine(Signature.S.Prefix, Tip.Digest.Prefix);
    }
}

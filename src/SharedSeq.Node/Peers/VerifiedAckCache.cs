using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Acks whose signature was checked here, so that a PoA costs only what is new in it: its acks arrive alone, with the batch, in the PoA and again
/// in a proposal. Two generations of bounded size; losing one costs a check, never correctness.
/// </summary>
public sealed class VerifiedAckCache(int perGenerationMax = 8_192)
{
    private ConcurrentDictionary<Key, byte> _young = new();
    private ConcurrentDictionary<Key, byte> _old = new();
    private int _youngCount;

    public bool IsKnown(LaneTip tip, AckSignature ack)
    {
        Key key = KeyOf(tip, ack);
        return _young.ContainsKey(key) || _old.ContainsKey(key);
    }

    public void Add(LaneTip tip, AckSignature ack)
    {
        // Counted beside the dictionary, whose own count takes all of its locks. Two threads may both start a generation:
        // then one forgets early.
        if (Volatile.Read(ref _youngCount) >= perGenerationMax)
        {
            _old = _young;
            _young = new ConcurrentDictionary<Key, byte>();
            Volatile.Write(ref _youngCount, 0);
        }

        if (_young.TryAdd(KeyOf(tip, ack), 0)) Interlocked.Increment(ref _youngCount);
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

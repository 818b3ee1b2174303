using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The first Ack of each member for one place of a lane. Memory is one reference per member.</summary>
internal sealed class AckTally(int members)
{
    private readonly Ack?[] _acks = new Ack?[members];

    /// <summary>Keeps the member's first Ack.</summary>
    /// <returns>The Ack already kept when it names another digest (E6), else null.</returns>
    public Ack? Add(Ack ack)
    {
        ref Ack? kept = ref _acks[ack.Acker.Value];
        if (kept is null)
        {
            kept = ack;
            return null;
        }

        return kept.Tip.Digest == ack.Tip.Digest ? null : kept;
    }

    public int CountOf(Hash32 digest)
    {
        int count = 0;
        foreach (Ack? ack in _acks)
        {
            if (ack is not null && ack.Tip.Digest == digest) count++;
        }

        return count;
    }

    /// <summary>The members whose Ack names this digest.</summary>
    public ReplicaSet AckersOf(Hash32 digest)
    {
        ReplicaSet ackers = ReplicaSet.Empty;
        foreach (Ack? ack in _acks)
        {
            if (ack is not null && ack.Tip.Digest == digest) ackers = ackers.With(ack.Acker);
        }

        return ackers;
    }

    /// <summary>The PoA of the first <paramref name="quorum"/> members by index; the caller counted enough of them. Every Ack came verified.</summary>
    public Verified<ProofOfAvailability> Build(LaneTip tip, int quorum)
    {
        var signatures = new AckSignature[quorum];
        int count = 0;
        foreach (Ack? ack in _acks)
        {
            if (count == quorum) break;
            if (ack is not null && ack.Tip.Digest == tip.Digest) signatures[count++] = new AckSignature(ack.Acker, ack.Height, ack.Signature);
        }

        Invariant.Check(count == quorum, "a PoA is built from a quorum of acks");
        return new Verified<ProofOfAvailability>(new ProofOfAvailability(tip, signatures));
    }
}

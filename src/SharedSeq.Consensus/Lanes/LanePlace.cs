using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What is known about one sequence number of one lane above the delivered tip.</summary>
internal sealed class LanePlace
{
    /// <summary>The one batch this replica acks here. Never replaced: at most one digest is acked per place.</summary>
    public HeldBatch? Ackable { get; set; }

    /// <summary>Another batch stored here because a committed or certified chain runs through it (the author equivocated, or it was fetched).</summary>
    public HeldBatch? Fetched { get; set; }

    /// <summary>The own signed Ack for <see cref="Ackable"/>, once there is one.</summary>
    public Ack? OwnAck { get; set; }

    public bool IsSigning { get; set; }

    /// <summary>Acks of others, kept for the own lane and during an ack exchange.</summary>
    public AckTally? Acks { get; set; }

    /// <summary>When the own Ack went to all for the ack exchange; -1 for not yet.</summary>
    public long ExchangedAtMs { get; set; } = -1;

    /// <summary>The own Ack is to go to all as soon as it is signed.</summary>
    public bool IsExchangeWanted { get; set; }

    public bool HoldsNothing => Ackable is null && Fetched is null;

    public HeldBatch? Find(Hash32 digest)
    {
        if (Ackable is not null && Ackable.Tip.Digest == digest) return Ackable;
        return Fetched is not null && Fetched.Tip.Digest == digest ? Fetched : null;
    }
}

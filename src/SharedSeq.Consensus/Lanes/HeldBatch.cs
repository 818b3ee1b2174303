using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A batch that the batch log has or is being given. Its body is not kept here: the core works with places and digests.</summary>
internal sealed class HeldBatch(
    LaneTip tip, Hash32 previousDigest, int bodyBytes, Height authorHeight, Signature64 authorSignature, bool isSigned, bool isDurable)
{
    public LaneTip Tip { get; } = tip;

    public Hash32 PreviousDigest { get; } = previousDigest;

    public int BodyBytes { get; } = bodyBytes;

    /// <summary>The author's Ack by its batch signature; null for a batch fetched by digest, whose signature nobody checked.</summary>
    public Ack? AuthorAck { get; } = isSigned ? new Ack(tip, tip.Lane.Author, authorHeight, authorSignature) : null;

    /// <summary>Synced in the batch log: the shell answered BatchStored for it or a later one.</summary>
    public bool IsDurable { get; set; } = isDurable;

    /// <summary>Own lane: body bytes of the lane up to and including this batch, counted from this start of the process.</summary>
    public long BytesThrough { get; set; }

    public static HeldBatch Of(Batch batch, bool isSigned, bool isDurable = false) => new(
        batch.Tip, batch.Header.PreviousDigest, batch.Header.BodyBytes, batch.AuthorHeight, batch.Signature, isSigned, isDurable);

    /// <summary>From the batch log at start. A fetched batch was stored with an empty signature where it is ackable, see AckExchange.</summary>
    public static HeldBatch Of(StoredBatch stored) => new(
        stored.Tip, stored.PreviousDigest, stored.BodyBytes, stored.AuthorHeight, stored.AuthorSignature,
        isSigned: stored.IsAckable && stored.AuthorSignature != default, isDurable: true);
}

using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A batch found in the batch log at start. IsAckable: it was stored as the one digest this replica acks at its place.</summary>
public readonly record struct StoredBatch(LaneTip Tip, Hash32 PreviousDigest, int BodyBytes, bool IsAckable, Height AuthorHeight, Signature64 AuthorSignature);

/// <summary>The newest delivered block found in the archive at start; the epoch's genesis when there is none.</summary>
/// <param name="Id">Height and hash.</param>
/// <param name="Slot">Its slot, 0 for genesis.</param>
/// <param name="Timestamp">Its resolved timestamp.</param>
/// <param name="Cut">Its resolved cut: the committed tips.</param>
public sealed record DeliveredTip(BlockId Id, Slot Slot, TimestampMs Timestamp, IReadOnlyList<LaneTip> Cut)
{
    /// <summary>How far its epoch goes, as known at this block.</summary>
    public EpochSpan Epoch { get; init; } = EpochSpan.Endless;

    /// <summary>The L1 view after this block, resolved through carry blocks; null for that of the network's start.</summary>
    public L1View? View { get; init; }

    /// <summary>The state before the first height of an epoch.</summary>
    public static DeliveredTip Genesis(Hash32 genesisHash, TimestampMs timestamp) =>
        new(new BlockId(Height.Zero, genesisHash), Slot.Zero, timestamp, []);
}

/// <summary>Evidence that this replica recorded before it was started again. IsCommitted: a committed block carries it.</summary>
public readonly record struct RecoveredEvidence(Evidence Evidence, bool IsCommitted);

/// <summary>Durable state of one replica: empty for a first start.</summary>
/// <param name="VoteLog">Records in log order. They were verified before they were written, the log has checksums: they are trusted.</param>
/// <param name="Delivered">The newest delivered block.</param>
/// <param name="Batches">Batches stored above the delivered cut, own lane included, ascending by lane and sequence.</param>
public sealed record RecoveredState(IReadOnlyList<DurableRecord> VoteLog, DeliveredTip Delivered, IReadOnlyList<StoredBatch> Batches)
{
    /// <summary>Evidence recorded. Without it the replica is as safe; it would only propose and record known offences again.</summary>
    public IReadOnlyList<RecoveredEvidence> Evidence { get; init; } = [];

    /// <summary>Ended epochs whose lanes are not closed at the delivered height, ascending.</summary>
    public IReadOnlyList<ClosedEpoch> Closed { get; init; } = [];
}

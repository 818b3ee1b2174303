using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What the own lane's actor may be told.</summary>
public abstract record LaneMessage
{
    private LaneMessage()
    {
    }

    /// <summary>Transactions to put into the next batch.</summary>
    public sealed record Submit(Submission Submission) : LaneMessage;

    /// <summary>An own batch has its PoA.</summary>
    public sealed record Certified(ProofOfAvailability Proof) : LaneMessage;

    /// <summary>A height is delivered and proven; it may order own batches.</summary>
    public sealed record Committed(ProvenBlock Block) : LaneMessage;

    /// <summary>A new epoch began: what is submitted goes into its own lane from now on.</summary>
    public sealed record EpochEntered(OwnLaneStart? Lane) : LaneMessage;

    /// <summary>Batches of closed lanes that nothing orders any more: what is in them goes into the present lane.</summary>
    public sealed record Left(IReadOnlyList<Batch> Batches) : LaneMessage;

    /// <summary>Time to look whether the open batch is to be sealed or a sealed one is durable.</summary>
    public sealed record Wake : LaneMessage;
}

/// <summary>Where an own lane goes on.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="NextSeq">Sequence of the next batch: behind the highest durable one.</param>
/// <param name="PreviousDigest">Digest of the batch before it; zero for the first.</param>
public sealed record OwnLaneStart(LaneId Lane, BatchSeq NextSeq, Hash32 PreviousDigest)
{
    /// <summary>The own lane of an epoch; null without a seat.</summary>
    public static OwnLaneStart? Of(Epochs epochs) => epochs.Self is not { } self ? null
        : new OwnLaneStart(new LaneId(epochs.Committee.Epoch, self, 0), epochs.Replica.Lanes.NextOwnSeq, epochs.Replica.Lanes.OwnNewestDigest);
}

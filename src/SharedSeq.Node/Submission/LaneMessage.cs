using SharedSeq.Consensus;

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

    /// <summary>Time to look whether the open batch is to be sealed or a sealed one is durable.</summary>
    public sealed record Wake : LaneMessage;
}

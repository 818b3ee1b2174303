using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The receipts of one batch as the client holds them: one PoA, all transactions of the batch.</summary>
public sealed class Receipt(Batch batch, ProofOfAvailability proof)
{
    public Batch Batch { get; } = batch;

    public ProofOfAvailability Proof { get; } = proof;

    /// <summary>The run's highest delivered height when an honest member besides the author was handed it; null before.</summary>
    public Height? HandedAt { get; set; }
}

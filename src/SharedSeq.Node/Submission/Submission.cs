using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Why a submission was refused as a whole, its transactions' own faults apart. Values are stable RPC and metric labels.</summary>
public enum SubmissionRejection
{
    None = 0,

    /// <summary>The lane is as far ahead of the committed cut as it may be; try again soon or at another operator.</summary>
    LaneFull = 1,

    /// <summary>The namespace's queue is congested, seen from the newest certified result.</summary>
    Congested = 2,

    /// <summary>This node is starting, stopping, halted or not a member.</summary>
    NotReady = 3,

    /// <summary>The submission is larger than a batch.</summary>
    TooLarge = 5,

    /// <summary>The disk does not take batches.</summary>
    StorageFailed = 4,

    /// <summary>Not a submission: its bytes can not be read.</summary>
    Malformed = 6,

    /// <summary>The connection's, or its address', calls a second are used up; a posted submission takes one.</summary>
    TooManyCalls = 7,
}

/// <summary>Where the transactions of one submission are in the lane: Count transactions of one batch from First on.</summary>
/// <param name="Batch">The batch; its body's leaf hashes are the transaction ids.</param>
/// <param name="Tree">The batch's Merkle tree, to prove places from.</param>
/// <param name="First">Index of the submission's first transaction in the batch.</param>
/// <param name="Count">How many.</param>
public readonly record struct LanePlace(Batch Batch, MerkleTree Tree, int First, int Count);

/// <summary>What a receipt of a batch's transactions holds besides their place.</summary>
/// <param name="Later">Headers of the lane's batches after it up to the one the PoA is of; empty when the PoA is of the batch itself.</param>
/// <param name="Proof">The PoA.</param>
public sealed record AcceptanceProof(IReadOnlyList<BatchHeader> Later, ProofOfAvailability Proof);

/// <summary>
/// Told what becomes of one submission, once per stage and for all its transactions together: nothing on this path is per transaction. Calls
/// come from the lane's and the replica's threads and must be short.
/// </summary>
public interface ISubmissionObserver
{
    void OnRejected(SubmissionRejection reason);

    /// <summary>In a sealed batch, durable here.</summary>
    void OnReceived(LanePlace place);

    /// <summary>q operators stored it: the receipt is valid and may be handed out.</summary>
    void OnAccepted(LanePlace place, AcceptanceProof proof);

    /// <summary>The batch is in the cut of this committed height.</summary>
    void OnCommitted(LanePlace place, ProvenBlock block);
}

/// <summary>Transactions that go into one batch side by side: one client frame, admitted already.</summary>
/// <param name="Records">Batch records back to back (BatchBody.WriteRecord); the lane copies them at once and releases pooled memory.</param>
/// <param name="Count">Transactions in it, at least 1.</param>
/// <param name="Observer">Who is told.</param>
public sealed record Submission(ReadOnlyMemory<byte> Records, int Count, ISubmissionObserver Observer);

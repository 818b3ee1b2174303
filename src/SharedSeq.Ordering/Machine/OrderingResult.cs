using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Where ordering finds the transactions of a committed height. Every batch of the height is stored here before the height is delivered.</summary>
public interface IBatchSource
{
    /// <summary>The body of a batch of the height being applied, readable until the lease ends.</summary>
    BodyLease Borrow(LaneTip tip);
}

/// <summary>A namespace block that closed at this height, with the place of each of its transactions.</summary>
/// <param name="Block">The block.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Content">All its transactions, also those of earlier heights.</param>
public sealed record ClosedBlock(NamespaceBlock Block, Hash32 Hash, BlockContent Content);

/// <summary>Transactions of one block that were placed at this height. From here on their place never changes, whether the block is closed or not.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Number">Number of the block they are in.</param>
/// <param name="First">Place of the first new one in the block.</param>
/// <param name="Content">The block's transactions up to here; the new ones are First to Count - 1.</param>
public readonly record struct NamespaceGrowth(NamespaceId Namespace, ulong Number, int First, BlockContent Content)
{
    /// <summary>How many transactions are new.</summary>
    public int Count => Content.Count - First;
}

/// <summary>A transaction that a committed batch carried and that is not ordered.</summary>
public readonly record struct Rejection(TxId Id, NamespaceId Namespace, RejectionReason Reason)
{
    /// <summary>Leaf of the height's rejections root: the RFC 6962 leaf hash of id || namespace u64 || reason u8.</summary>
    public Hash32 LeafHash
    {
        get
        {
            System.Span<byte> bytes = stackalloc byte[Hash32.Size + 9];
            Id.Value.CopyTo(bytes);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[Hash32.Size..], Namespace.Value);
            bytes[^1] = (byte)Reason;
            return MerkleTree.LeafHash(bytes);
        }
    }
}

/// <summary>An operator statement that took effect.</summary>
public readonly record struct AcceptedStatement(TxId Id, OperatorStatement Statement);

/// <summary>Record bytes of a namespace that wait for room after a height.</summary>
public readonly record struct NamespaceBacklog(NamespaceId Namespace, ulong QueuedBytes);

/// <summary>Everything that applying one committed height brought about.</summary>
public sealed class OrderingResult
{
    /// <summary>What q replicas certify; computed for every height, signed for some.</summary>
    public required BlockResult Result { get; init; }

    public Height Height => Result.Height;

    public required TimestampMs Timestamp { get; init; }

    /// <summary>Whether replicas sign this height's result: the same heights everywhere, whatever the load.</summary>
    public required bool IsSigned { get; init; }

    /// <summary>Whether the result carries the state root.</summary>
    public required bool IsCheckpoint { get; init; }

    /// <summary>What EffectsRoot covers of this height.</summary>
    public required HeightEffects Effects { get; init; }

    /// <summary>Blocks closed, ascending by namespace and number.</summary>
    public required IReadOnlyList<ClosedBlock> Closed { get; init; }

    /// <summary>Transactions placed, ascending by namespace, number and place; those of closed blocks included.</summary>
    public required IReadOnlyList<NamespaceGrowth> Growth { get; init; }

    /// <summary>Transactions left out for good, in the order of the rejections root.</summary>
    public required IReadOnlyList<Rejection> Rejections { get; init; }

    /// <summary>Operator statements that took effect, in order.</summary>
    public required IReadOnlyList<AcceptedStatement> Statements { get; init; }

    /// <summary>
    /// Who serves the next epoch, where this height fixed or changed it: the first height of an epoch fixes it, later evidence may empty seats of it. The
    /// newest one handed out before the boundary counts; the boundary's result names its hash.
    /// </summary>
    public required CommitteePlan? FixedCommittee { get; init; }

    /// <summary>Operators and committees after the height.</summary>
    public required OperatorRegistry Operators { get; init; }

    /// <summary>Who serves the next epoch, where this height is the last of its epoch: the result names its hash.</summary>
    public CommitteePlan? NextCommittee => Result.NextCommitteeHash == Hash32.Zero ? null : Operators.Next!.Plan;

    /// <summary>Namespaces with transactions waiting, ascending.</summary>
    public required IReadOnlyList<NamespaceBacklog> Backlogs { get; init; }

    /// <summary>The state behind NamespacesRoot, to prove from; only where the result is signed.</summary>
    public required NamespaceHeads? Heads { get; init; }
}

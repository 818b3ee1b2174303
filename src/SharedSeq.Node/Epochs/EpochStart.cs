using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// How an epoch after the first began: what this node must know of it to vote in it, to check what was signed in it, and to find its place again after a
/// restart, whatever the archive has given up.
/// </summary>
/// <param name="Genesis">The boundary block of the epoch before.</param>
/// <param name="Timestamp">Its resolved timestamp: the epoch's start.</param>
/// <param name="Plan">Who serves.</param>
public sealed record EpochStart(BlockId Genesis, TimestampMs Timestamp, CommitteePlan Plan)
{
    public Epoch Epoch => Plan.Epoch;

    /// <summary>The epoch that begins behind the height a machine has just applied; null when that is no boundary.</summary>
    /// <param name="machine">Where ordering is.</param>
    /// <param name="block">Hash of the block of that height.</param>
    public static EpochStart? After(OrderingMachine machine, Hash32 block) => machine.Boundary == machine.Height && machine.Height > Height.Zero
        ? new EpochStart(new BlockId(machine.Height, block), machine.Timestamp, machine.Operators.Next!.Plan)
        : null;

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Genesis.Height.Value);
        writer.Hash(Genesis.Hash);
        writer.U64(Timestamp.Value);
        Plan.Write(writer);
    }

    /// <exception cref="DecodeException">Not the start of an epoch.</exception>
    public static EpochStart Read(ref CanonicalReader reader)
    {
        var genesis = new BlockId(new Height(reader.U64()), reader.Hash());
        var timestamp = new TimestampMs(reader.U64());
        CommitteePlan plan = CommitteePlan.Read(ref reader);
        if (plan.Epoch == Epoch.Zero) DecodeException.Throw(DecodeRejection.Malformed, "the first epoch begins with the genesis");
        return new EpochStart(genesis, timestamp, plan);
    }
}

using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The L1 block a slot is evaluated against (consensus.md 11). All zero in a network that follows no L1. InputsDigest commits to everything that the
/// network read on L1 up to this block (<see cref="L1BlockInputs.DigestAfter"/>), so that one view says all.
/// </summary>
/// <param name="ChainId">Of L1.</param>
/// <param name="Number">Of the block.</param>
/// <param name="Hash">Of the block.</param>
/// <param name="ParentHash">Of the block before it.</param>
/// <param name="Timestamp">L1's, in seconds.</param>
/// <param name="InputsDigest">Chained over all blocks from the network's start on L1.</param>
public sealed record L1View(ulong ChainId, ulong Number, Hash32 Hash, Hash32 ParentHash, ulong Timestamp, Hash32 InputsDigest)
{
    public static readonly L1View None = new(0, 0, default, default, 0, default);

    /// <summary>The network follows no L1.</summary>
    public bool IsNone => this == None;

    public void Write(CanonicalWriter writer)
    {
        writer.U64(ChainId);
        writer.U64(Number);
        writer.Hash(Hash);
        writer.Hash(ParentHash);
        writer.U64(Timestamp);
        writer.Hash(InputsDigest);
    }

    public static L1View Read(ref CanonicalReader reader) =>
        new(reader.U64(), reader.U64(), reader.Hash(), reader.Hash(), reader.U64(), reader.Hash());

    public override string ToString() => IsNone ? "no L1" : $"L1 {Number}:{Hash.Prefix:x16}";
}

namespace SharedSeq.Primitives;

/// <summary>What a contract logged.</summary>
/// <param name="Address">The contract.</param>
/// <param name="Topics">0 to 4; of a Solidity event, first the hash of its signature.</param>
/// <param name="Content">The part that is not indexed.</param>
public sealed record EvmLog(EvmAddress Address, IReadOnlyList<Hash32> Topics, ReadOnlyMemory<byte> Content)
{
    /// <summary>Most topics of a log: there is no opcode for more.</summary>
    public const int TopicsMax = 4;
}

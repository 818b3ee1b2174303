using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>A log with its place in the block.</summary>
/// <param name="Log">The log.</param>
/// <param name="Transaction">The place of its transaction in the block.</param>
/// <param name="Index">Its place among all logs of the block.</param>
public sealed record L1Log(EvmLog Log, int Transaction, int Index);

/// <summary>
/// A block of L1 that a quorum of providers names at its height, or that such a block descends from, with all logs of
/// the configured contracts: that none is missing, added or changed is proved by the header's bloom or receipts root.
/// </summary>
public sealed record VerifiedL1Block
{
    internal VerifiedL1Block(EthereumHeader header, IReadOnlyList<L1Log> logs)
    {
        Header = header;
        Logs = logs;
    }

    public EthereumHeader Header { get; }

    /// <summary>In the block's order.</summary>
    public IReadOnlyList<L1Log> Logs { get; }

    public ulong Number => Header.Number;

    public Hash32 Hash => Header.Hash;
}

/// <summary>A block by number and hash.</summary>
public readonly record struct L1BlockId(ulong Number, Hash32 Hash)
{
    public override string ToString() => $"{Number} {Hash}";

    internal static L1BlockId Of(EthereumHeader header) => new(header.Number, header.Hash);
}

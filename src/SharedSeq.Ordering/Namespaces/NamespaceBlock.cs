using System;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Marks on a namespace block. Values are pinned.</summary>
[Flags]
public enum NamespaceBlockFlags : byte
{
    None = 0,

    /// <summary>Block times between this block and its parent were left out after a pause (<see cref="TimeGaps.Jump"/>).</summary>
    TimeJump = 1,
}

/// <summary>The L1 block that a namespace block is evaluated against. Zero until the network follows an L1.</summary>
public readonly record struct L1Origin(ulong Number, Hash32 Hash)
{
    public static readonly L1Origin None;
}

/// <summary>
/// One rollup's transactions of one or more committed heights (ordering.md 3). Numbers have no gaps and parents chain: whoever holds a verified head can
/// verify that nothing is missing.
/// </summary>
public sealed record NamespaceBlock
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 8 + 8 + 4 + 8 + 8 + 32 + 8 + 40 + 8 + 4 + 32 + 4 + 8 + 1;

    public required NamespaceId Namespace { get; init; }

    /// <summary>1 for the first block; the namespace's genesis counts as 0.</summary>
    public required ulong Number { get; init; }

    /// <summary>Grows by one with each roll-back to an earlier block.</summary>
    public required uint Branch { get; init; }

    /// <summary>The height after the one that closed the parent, or the same one when both were closed by it.</summary>
    public required Height FirstHeight { get; init; }

    /// <summary>The height that closed this block; its transactions are included.</summary>
    public required Height LastHeight { get; init; }

    /// <summary>Hash of the block with the number below; of the namespace's genesis for the first.</summary>
    public required Hash32 ParentHash { get; init; }

    public required TimestampMs Timestamp { get; init; }

    public required L1Origin L1Origin { get; init; }

    /// <summary>
    /// Entries of the namespace's forced queue on L1 that this block and those before have consumed; L1 reads it here. 0 until the network follows an L1.
    /// </summary>
    public ulong ForcedCount { get; init; }

    public required uint PolicyVersion { get; init; }

    /// <summary>RFC 6962 root whose leaf hashes are the TxIds, in order.</summary>
    public required Hash32 TxRoot { get; init; }

    public required uint Count { get; init; }

    /// <summary>Record bytes: payload and overhead, as they counted in batches.</summary>
    public required ulong Bytes { get; init; }

    public required NamespaceBlockFlags Flags { get; init; }

    /// <summary>SHA-256("SharedSeq.namespaceBlock" || encoding). Computed at each call.</summary>
    public Hash32 Hash
    {
        get
        {
            var writer = new CanonicalWriter(Size + 24);
            writer.Raw("SharedSeq.namespaceBlock"u8);
            Write(writer);
            return Sha.Of(writer.Written);
        }
    }

    /// <summary>What the first block of a namespace names as its parent.</summary>
    public static Hash32 GenesisHash(Hash32 genesis, NamespaceId ns)
    {
        var writer = new CanonicalWriter(72);
        writer.Raw("SharedSeq.namespaceGenesis"u8);
        writer.Hash(genesis);
        writer.U64(ns.Value);
        return Sha.Of(writer.Written);
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Namespace.Value);
        writer.U64(Number);
        writer.U32(Branch);
        writer.U64(FirstHeight.Value);
        writer.U64(LastHeight.Value);
        writer.Hash(ParentHash);
        writer.U64(Timestamp.Value);
        writer.U64(L1Origin.Number);
        writer.Hash(L1Origin.Hash);
        writer.U64(ForcedCount);
        writer.U32(PolicyVersion);
        writer.Hash(TxRoot);
        writer.U32(Count);
        writer.U64(Bytes);
        writer.Byte((byte)Flags);
    }

    public static NamespaceBlock Read(ref CanonicalReader reader)
    {
        var block = new NamespaceBlock
        {
            Namespace = new NamespaceId(reader.U64()),
            Number = reader.U64(),
            Branch = reader.U32(),
            FirstHeight = new Height(reader.U64()),
            LastHeight = new Height(reader.U64()),
            ParentHash = reader.Hash(),
            Timestamp = new TimestampMs(reader.U64()),
            L1Origin = new L1Origin(reader.U64(), reader.Hash()),
            ForcedCount = reader.U64(),
            PolicyVersion = reader.U32(),
            TxRoot = reader.Hash(),
            Count = reader.U32(),
            Bytes = reader.U64(),
            Flags = (NamespaceBlockFlags)reader.Byte(),
        };
        if (block.Number == 0 || block.FirstHeight > block.LastHeight)
            DecodeException.Throw(DecodeRejection.Malformed, "a namespace block has a number of at least 1 and ascending heights");
        if ((block.Flags & ~NamespaceBlockFlags.TimeJump) != NamespaceBlockFlags.None)
            DecodeException.Throw(DecodeRejection.UnknownValue, "flags of a namespace block");
        return block;
    }
}

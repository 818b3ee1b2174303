using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>A closed namespace block as the ledger keeps it; the bytes are the protocol's encodings.</summary>
public sealed record LedgerBlock(
    NamespaceId Namespace,
    ulong Number,
    Height Height,
    Hash32 Hash,
    ReadOnlyMemory<byte> Block,
    ReadOnlyMemory<byte> Content);

/// <summary>A transaction left out for good, by its id.</summary>
public readonly record struct LedgerRejection(Hash32 TransactionId, NamespaceId Namespace, Height Height, byte Reason);

/// <summary>Evidence of misbehaviour.</summary>
/// <param name="Id">Names the offence.</param>
/// <param name="Bytes">Its encoding: as first seen here, then as the first block that carries it has it.</param>
/// <param name="Height">The first height that carries it; 0 while none does.</param>
public sealed record LedgerEvidence(Hash32 Id, ReadOnlyMemory<byte> Bytes, Height Height);

/// <summary>Everything one height adds to the ledger.</summary>
/// <param name="Height">The height.</param>
/// <param name="Result">Encodings of its BlockResult, its effects and what it left out, in the order of the rejections root.</param>
/// <param name="Growth">Encoding of where its transactions are, in the order of the ids; empty without any.</param>
/// <param name="Heads">Encoding of the namespace heads behind the result's root; empty where it is not signed.</param>
/// <param name="Ids">First 8 bytes of the ids of the transactions placed; a transaction's place is its index here.</param>
/// <param name="Aliases">
/// The same of other hashes by which some of them are asked for (an EVM transaction's keccak hash), with their places.
/// </param>
/// <param name="Blocks">Blocks closed.</param>
/// <param name="Rejections">Transactions left out.</param>
/// <param name="Evidence">Evidence that its block carries.</param>
/// <param name="IsCheckpoint">
/// The ordering state after this height is kept elsewhere, so that a restart may begin here: everything up to here is
/// durable when Apply returns.
/// </param>
/// <param name="Boundary">What the last height of an epoch fixes of the next one; null elsewhere.</param>
public sealed record LedgerHeight(
    Height Height,
    ReadOnlyMemory<byte> Result,
    ReadOnlyMemory<byte> Growth,
    ReadOnlyMemory<byte> Heads,
    ReadOnlyMemory<ulong> Ids,
    IReadOnlyList<(ulong Alias, int Place)> Aliases,
    IReadOnlyList<LedgerBlock> Blocks,
    IReadOnlyList<LedgerRejection> Rejections,
    IReadOnlyList<LedgerEvidence> Evidence,
    bool IsCheckpoint = false,
    LedgerBoundary? Boundary = null);

/// <summary>The end of an epoch.</summary>
/// <param name="Ended">The epoch.</param>
/// <param name="Next">Encoding of the next epoch's committee.</param>
public sealed record LedgerBoundary(Epoch Ended, ReadOnlyMemory<byte> Next);

/// <summary>A result certificate with the height it certifies.</summary>
public sealed record LedgerCertificate(Height Height, ReadOnlyMemory<byte> Bytes);

/// <summary>The PoA of an own batch, from which the receipts of its transactions are made.</summary>
public sealed record LedgerReceipt(LaneId Lane, BatchSeq Seq, ReadOnlyMemory<byte> Proof);

/// <summary>How a namespace block was executed.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Number">The block's number.</param>
/// <param name="Outcome">Encoding of hash, state root and skipped transactions.</param>
/// <param name="IsCertified">Enough operators attest it.</param>
public sealed record LedgerExecution(
    NamespaceId Namespace, ulong Number, ReadOnlyMemory<byte> Outcome, bool IsCertified);

/// <summary>The newest number of a namespace.</summary>
public readonly record struct LedgerHead(NamespaceId Namespace, ulong Number);

using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// What the ledger keeps that is no function of the committed heights, so that the batch log notes it too and a rebuild finds it there. Values are
/// pinned: they are the log's kinds of notes.
/// </summary>
public enum LedgerNote : byte
{
    /// <summary>A result certificate.</summary>
    Certificate = 16,

    /// <summary>How a block was executed: namespace u64, number u64, certified bool, outcome.</summary>
    Execution = 17,

    /// <summary>Verified evidence of misbehaviour.</summary>
    Evidence = 18,

    /// <summary>The PoA of an own batch, from which receipts are made.</summary>
    Proof = 19,
}

/// <summary>Appends a note to the batch log; <paramref name="height"/> says how long it must be kept.</summary>
public delegate void LedgerNoteWriter(LedgerNote kind, Height height, ReadOnlySpan<byte> bytes);

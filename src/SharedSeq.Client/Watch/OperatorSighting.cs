using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>A height that a proof file proves: the file was checked against the genesis.</summary>
/// <param name="Height">The height.</param>
/// <param name="Hash">Of its header, or of its result.</param>
/// <param name="File">The proof file.</param>
public sealed record ProvenHeight(Height Height, Hash32 Hash, byte[] File);

/// <summary>A committed block's slot.</summary>
/// <param name="Committee">Of its epoch.</param>
/// <param name="Slot">Its slot in it.</param>
public readonly record struct SightedSlot(Committee Committee, Slot Slot);

/// <summary>What one look at one operator gave.</summary>
public sealed record OperatorSighting
{
    /// <summary>Why there was no answer, or none that makes sense; null when there was.</summary>
    public string? Fault { get; init; }

    /// <summary>Why a proof it gave does not verify; null when none failed.</summary>
    public string? InvalidProof { get; init; }

    /// <summary>Committed heights it proved.</summary>
    public IReadOnlyList<ProvenHeight> Committed { get; init; } = [];

    /// <summary>Slots of the headers it proved.</summary>
    public IReadOnlyList<SightedSlot> Slots { get; init; } = [];

    /// <summary>Certified results it proved.</summary>
    public IReadOnlyList<ProvenHeight> Certified { get; init; } = [];

    /// <summary>Its own result of a height that is certified, by its word; null when it was not asked or does not have it.</summary>
    public (Height Height, Hash32 Hash)? OwnResult { get; init; }

    /// <summary>It refuses to speak of heights whose certified results are not its own.</summary>
    public bool IsDiverged { get; init; }
}
